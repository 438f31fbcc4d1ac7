"""Cost: what the hours of a machine cost, where its price is known."""

import os

from recto.errors import SettingsError
from recto.training.recipe import Recipe

PRICE = "RECTO_PRICE_PER_HOUR"


def price_per_hour(recipe: Recipe, workspace_price: float = 0.0) -> float:
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


def cost(seconds: float, price: float) -> float | None:
    """Hours × price; None where there is no price."""
    return seconds / 3600 * price if price else None


def in_words(seconds: float, price: float) -> str:
    """`0.042 (126 s at 1.20 per hour)`, in whatever currency the price is."""
    return f"{seconds / 3600 * price:.3f} ({seconds:.0f} s at {price:.2f} per hour)"
