"""Cost: what the hours of a machine cost, by Run and by 1,000 pages, and what a faster model saves.

Pure arithmetic in whatever currency the price is; where there is no price there is no cost. Where the price
comes from is not known here.
"""

SECONDS_PER_HOUR = 3600


def cost(seconds: float, price_per_hour: float) -> float | None:
    """Hours × price; None where there is no price."""
    return seconds / SECONDS_PER_HOUR * price_per_hour if price_per_hour else None


def cost_per_thousand(seconds_per_page: float, price_per_hour: float) -> float | None:
    """What 1,000 pages cost at this speed; None where there is no price."""
    return cost(1000 * seconds_per_page, price_per_hour)


def saved_share(now: float, before: float) -> float | None:
    """The share (0–1) of a cost or a time that is saved against `before`; negative where it rose."""
    return 1 - now / before if before > 0 else None
