"""Receipts on till rolls, cut below the last line: shop tills, tables, restaurants, card slips."""

from reportlab.lib.units import mm

from recto.datasets.synthesis.composing import Composed, Paper, Pen, Setting, bind
from recto.datasets.synthesis.houses import House, Rng, digits, pick, some_day
from recto.datasets.synthesis.purchases import Purchase, purchase

_ROLLS_MM = (58, 72, 80)
_LONG_PT = 900.0
"""Longer than any receipt: what is below the last line is cut off."""
_CENTRED = Setting(align="centre")


def shop_till(house: House, rng: Rng) -> Composed:
    """Centred head, each item with its amount at the right, the quantity below the name."""
    pen, paper = _roll(house, rng, least_mm=58)
    bought = purchase(house, rng, house.language.goods, counts=(2, 11), typical_cents=450)
    fields = _head(pen, rng)
    pen.rule(dashed=True)
    rows = []
    for item in bought.items:
        if item.quantity == 1:
            rows.append((item.name, house.money.amount(item.amount_cents)))
        else:
            rows.append((item.name, ""))
            price = f"   {item.quantity} x {house.money.amount(item.price_cents)}"
            rows.append((price, house.money.amount(item.amount_cents)))
    pen.add(_columns(pen, paper, rows))
    pen.rule(dashed=True)
    fields |= _sums(pen, paper, bought)
    _paid(pen, paper, rng, bought.total_cents)
    _closing(pen, rng)
    return _cut(pen, paper, fields | {"items": _till_items(bought, house)})


def ruled_columns(house: House, rng: Rng) -> Composed:
    """A table with a head: quantity, item, unit price, amount."""
    pen, paper = _roll(house, rng, least_mm=80)
    bought = purchase(house, rng, house.language.goods, counts=(2, 9), typical_cents=700)
    fields = _head(pen, rng)
    money, inner = house.money, paper.inner_pt
    rows = [tuple(house.caption(key) for key in ("item", "qty", "amount"))]
    rows += [(item.name, str(item.quantity), money.amount(item.amount_cents)) for item in bought.items]
    pen.space(0.4)
    pen.add(
        pen.table(
            rows,
            (inner * 0.6, inner * 0.16, inner * 0.24),
            ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
            ("LINEBELOW", (0, 0), (-1, 0), 0.7, "black"),
            ("LINEBELOW", (0, -1), (-1, -1), 0.7, "black"),
            pen.bold((0, 0), (-1, 0)),
        )
    )
    pen.space(0.3)
    fields |= _sums(pen, paper, bought)
    _paid(pen, paper, rng, bought.total_cents)
    _closing(pen, rng)
    return _cut(pen, paper, fields | {"items": bought.fields(house, prices=False)})


def restaurant(house: House, rng: Rng) -> Composed:
    """Table, guests and waiter; dishes with the quantity first; tax in a table of its own."""
    pen, paper = _roll(house, rng, least_mm=72)
    bought = purchase(house, rng, house.language.dishes, counts=(2, 8), typical_cents=950)
    money, inner, language = house.money, paper.inner_pt, house.language
    fields = _head(pen, rng)
    seat = f"{house.caption('table')} {rng.integers(1, 40)}"
    pen.add(_columns(pen, paper, [(seat, f"{house.caption('guests')}: {rng.integers(1, 7)}")]))
    pen.add(_columns(pen, paper, [(f"{house.caption('cashier')}: {pick(rng, language.given)}", "")]))
    pen.rule(thick_pt=1.2)
    rows = [(str(item.quantity), item.name, money.amount(item.amount_cents)) for item in bought.items]
    align = ("ALIGN", (2, 0), (2, -1), "RIGHT")
    pen.add(pen.table(rows, (inner * 0.12, inner * 0.62, inner * 0.26), align))
    pen.rule(thick_pt=1.2)
    total = money.marked(bought.total_cents)
    pen.add(_total(pen, paper, house.caption("total"), total))
    pen.space(0.5)
    rate = f"{house.caption('vat')} {house.vat_percent}%"
    taxes = [
        (house.caption("net"), rate, house.caption("gross")),
        tuple(money.amount(cents) for cents in (bought.net_cents, bought.vat_cents, bought.total_cents)),
    ]
    right = ("ALIGN", (0, 0), (-1, -1), "RIGHT")
    pen.add(pen.table(taxes, (inner * 0.42, inner * 0.3, inner * 0.28), right))
    _closing(pen, rng)
    fields |= {
        "total": total,
        "tax": money.amount(bought.vat_cents),
        "items": bought.fields(house, prices=False),
    }
    return _cut(pen, paper, fields)


def card_slip(house: House, rng: Rng) -> Composed:
    """A payment slip: what was paid with which card, as captions and values."""
    pen, paper = _roll(house, rng, least_mm=58)
    money = house.money
    cents = int(rng.lognormal(8.3, 0.8)) + 100
    vat = round(cents * house.vat_percent / (100 + house.vat_percent))
    fields = _head(pen, rng)
    pen.space(0.5)
    total = money.marked(cents)
    numbers = {
        "terminal": digits("########", rng),
        "merchant": digits("### ### ###", rng),
        "auth": digits("######", rng),
    }
    rows = [(f"{house.caption(key)}:", value) for key, value in numbers.items()]
    rows.append((house.caption("card"), f"**** {digits('####', rng)}"))
    pen.add(_columns(pen, paper, rows))
    pen.rule()
    pen.add(_total(pen, paper, house.caption("total"), total))
    pen.add(_columns(pen, paper, [(f"{house.caption('vat')} {house.vat_percent}%", money.amount(vat))]))
    pen.rule()
    pen.write(f"*** {house.caption('approved')} ***", Setting(align="centre", bold=True))
    _closing(pen, rng)
    return _cut(pen, paper, fields | {"total": total, "tax": money.amount(vat)})


RECEIPTS = (shop_till, ruled_columns, restaurant, card_slip)


def _roll(house: House, rng: Rng, least_mm: int) -> tuple[Pen, Paper]:
    width = max(least_mm, _ROLLS_MM[house.variant // 7 % len(_ROLLS_MM)]) * mm
    margin = float(rng.uniform(8, 14))
    shrink = min(1.0, width / (72 * mm)) * (1.0 if house.faces.breadth < 1.2 else 0.92)
    return Pen(house, scale=max(shrink, 0.86)), Paper((width, _LONG_PT), (margin, 14, margin, 14))


def _head(pen: Pen, rng: Rng) -> dict[str, object]:
    house = pen.house
    party = house.party
    pen.write(party.name, Setting(size=1.35, bold=True, align="centre", after=0.2))
    pen.write(party.street, _CENTRED)
    pen.write(party.town, _CENTRED)
    pen.write(f"{house.caption('phone')} {house.phone}", _CENTRED)
    pen.write(f"{house.caption('tax_id')} {house.tax_id}", Setting(align="centre", after=0.5))
    day = house.day(some_day(rng))
    number = digits("######", rng)
    at = f"{rng.integers(8, 22):02d}:{rng.integers(60):02d}"
    if house.variant // 11 % 2:
        pen.write(house.caption("receipt"), Setting(bold=True, align="centre", size=1.1))
    pen.write(f"{house.caption('receipt_no')} {number}")
    pen.write(f"{house.caption('date')}: {day}  {at}")
    return {"company": party.name, "date": day, "address": party.address, "receipt_number": number}


def _till_items(bought: Purchase, house: House) -> list[dict[str, str]]:
    """A till prints quantity and unit price only where there is more than one of a thing."""
    shown = bought.fields(house)
    return [
        item if item["quantity"] != "1" else {name: item[name] for name in ("description", "amount")}
        for item in shown
    ]


def _columns(pen: Pen, paper: Paper, rows: list[tuple[str, str]]) -> object:
    right = paper.inner_pt * 0.38
    return pen.table(rows, (paper.inner_pt - right, right), ("ALIGN", (1, 0), (1, -1), "RIGHT"))


def _total(pen: Pen, paper: Paper, caption: str, total: str) -> object:
    size = pen.size_pt * 1.3
    bold = ("FONT", (0, 0), (-1, -1), pen.house.faces.bold, size, size * 1.2)
    right = ("ALIGN", (1, 0), (1, 0), "RIGHT")
    return pen.table([(caption, total)], (paper.inner_pt * 0.5, paper.inner_pt * 0.5), bold, right)


def _sums(pen: Pen, paper: Paper, bought: Purchase) -> dict[str, object]:
    house, money = pen.house, pen.house.money
    tax = money.amount(bought.vat_cents)
    total = money.marked(bought.total_cents)
    rows = [
        (house.caption("subtotal"), money.amount(bought.net_cents)),
        (f"{house.caption('vat')} {house.vat_percent}%", tax),
    ]
    pen.add(_columns(pen, paper, rows), _total(pen, paper, house.caption("total"), total))
    return {"total": total, "tax": tax}


def _paid(pen: Pen, paper: Paper, rng: Rng, cents: int) -> None:
    house, money = pen.house, pen.house.money
    if rng.random() < 0.5:
        given = -(-cents // 500) * 500
        rows = [
            (house.caption("cash"), money.amount(given)),
            (house.caption("change"), money.amount(given - cents)),
        ]
    else:
        rows = [(house.caption("card"), f"**** {digits('####', rng)}")]
    pen.add(_columns(pen, paper, rows))


def _closing(pen: Pen, rng: Rng) -> None:
    pen.space(0.6)
    closings = pen.house.language.closings
    for number in rng.permutation(len(closings))[: int(rng.integers(1, 3))]:
        pen.write(closings[int(number)], _CENTRED)


def _cut(pen: Pen, paper: Paper, fields: dict[str, object]) -> Composed:
    pdf, pages = bind(pen, paper)
    return Composed(pdf, fields, cut_margin_pt=16.0, pages=pages)
