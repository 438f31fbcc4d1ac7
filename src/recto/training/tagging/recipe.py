"""The recipe of a tagger (`kind: tagger`): which fields it finds, and how their rankers are fitted."""

from typing import Annotated, Literal

from pydantic import Field

from recto.training.recipe_table import RecipeTable

Penalty = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class TaggerRecipe(RecipeTable):
    """`fields_of` is a schema as `recto extract --schema` takes it; `engine` reads the pages, with the model
    folder `read_with` if there is one. Of the `penalties` on weights, validation chooses for each field.

    `seed` says which groups are calibrated on together. There are no epochs, and so nothing for a tracker.
    """

    kind: Literal["tagger"] = "tagger"
    trackers: Annotated[tuple[()], Field(strict=False)] = ()
    fields_of: str = Field(default="receipt", min_length=1)
    engine: str = "ppocr"
    read_with: str | None = None
    penalties: Annotated[tuple[Penalty, ...], Field(strict=False, min_length=1)] = (1.0, 0.3, 3.0)
