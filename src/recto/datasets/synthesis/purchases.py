"""Purchases: goods or services with quantities and prices; every sum is right to the cent."""

from dataclasses import dataclass

import numpy as np

from recto.datasets.synthesis.houses import House, Rng

_QUANTITIES = (1, 1, 1, 2, 2, 3, 4, 6, 10, 12)


@dataclass(frozen=True, slots=True)
class Item:
    """`quantity` of something at `price_cents` each."""

    name: str
    quantity: int
    price_cents: int
    unit: str = ""

    @property
    def amount_cents(self) -> int:
        """Quantity times price."""
        return self.quantity * self.price_cents


@dataclass(frozen=True, slots=True)
class Purchase:
    """Items, and their sums before and with tax."""

    items: tuple[Item, ...]
    vat_percent: int

    @property
    def net_cents(self) -> int:
        """The items' sum."""
        return sum(item.amount_cents for item in self.items)

    @property
    def vat_cents(self) -> int:
        """Tax on the net sum, rounded."""
        return round(self.net_cents * self.vat_percent / 100)

    @property
    def total_cents(self) -> int:
        """Net and tax."""
        return self.net_cents + self.vat_cents

    def fields(self, house: House, *, prices: bool = True) -> list[dict[str, str]]:
        """The items as a field, as they are printed; unit prices only where the template prints `prices`."""
        return [_field(item, house, prices=prices) for item in self.items]


def purchase(
    house: House, rng: Rng, goods: tuple[str, ...], *, counts: tuple[int, int], typical_cents: int
) -> Purchase:
    """Different goods, from the first to the second of `counts`; half of the prices are below the typical."""
    count = min(int(rng.integers(counts[0], counts[1] + 1)), len(goods))
    names = rng.permutation(len(goods))[:count]
    units = house.language.units
    items = tuple(
        Item(
            goods[int(number)],
            int(rng.choice(_QUANTITIES)),
            int(rng.lognormal(np.log(typical_cents), 0.8)) + 15,
            units[int(rng.integers(len(units)))],
        )
        for number in names
    )
    return Purchase(items, house.vat_percent)


def _field(item: Item, house: House, *, prices: bool) -> dict[str, str]:
    price = {"price": house.money.amount(item.price_cents)} if prices else {}
    amount = {"amount": house.money.amount(item.amount_cents)}
    return {"description": item.name, "quantity": str(item.quantity), **price, **amount}
