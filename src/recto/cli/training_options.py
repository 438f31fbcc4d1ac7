"""The flags that `recto train` and `recto improve` share, turned into what training takes."""

from pathlib import Path
from typing import TYPE_CHECKING

from recto.errors import SettingsError

if TYPE_CHECKING:
    from recto.training.recipe import Recipe
    from recto.training.run import Start


def recipe_of(path: Path | None, changes: dict[str, int | None]) -> "Recipe":
    """The recipe in `path` (or the defaults), with the settings that flags change. Raises SettingsError."""
    from recto.training.recipe import Recipe, changed, load_recipe

    return changed(load_recipe(path) if path else Recipe(), changes)


def start_of(*, resume: bool, overwrite: bool) -> "Start":
    """What to do with an earlier run. Raises SettingsError for both flags at once."""
    if resume and overwrite:
        raise SettingsError("--resume and --overwrite exclude each other", hint="give one of them")
    return "resume" if resume else "overwrite" if overwrite else "new"
