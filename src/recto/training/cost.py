"""The price of an hour of this machine, where it is known. What comes of it is in `observability/cost`."""

import os

from recto.errors import SettingsError
from recto.training.recipe_table import RecipeTable

PRICE = "RECTO_PRICE_PER_HOUR"


def price_per_hour(recipe: RecipeTable, workspace_price: float = 0.0) -> float:
    """RECTO_PRICE_PER_HOUR, else that of a workspace's settings, else the recipe's; 0 is no price.

    Raises SettingsError.
    """
    said = os.environ.get(PRICE, "")
    if not said:
        return workspace_price or recipe.price_per_hour
    try:
        price = float(said)
    except ValueError:
        price = -1.0
    if not 0 <= price < float("inf"):
        raise SettingsError(f"{said!r} is no price", where=PRICE, hint="write a number, like 1.20")
    return price or workspace_price or recipe.price_per_hour
