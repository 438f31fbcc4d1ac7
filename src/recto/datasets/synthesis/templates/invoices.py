"""Invoices on A4: classic letterhead, coloured band, business letter, form of boxes."""

from datetime import timedelta

from reportlab.lib.colors import HexColor, white
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table

from recto.datasets.synthesis.composing import Composed, Paper, Pen, Setting, bind, reversed_out
from recto.datasets.synthesis.houses import House, Party, Rng, company, digits, some_day
from recto.datasets.synthesis.purchases import purchase

_PALE = HexColor("#eef1f4")
_GREY = HexColor("#888888")
_SMALL = Setting(size=0.85)
_BOLD = Setting(bold=True)


class _Invoice:
    """What every invoice says, before it is laid out."""

    def __init__(self, house: House, rng: Rng) -> None:
        self.house = house
        self.buyer = company(house.language, rng)
        self.bought = purchase(house, rng, house.language.services, counts=(3, 11), typical_cents=12_000)
        day = some_day(rng)
        self.day = house.day(day)
        self.due = house.day(day + timedelta(days=int(rng.choice([10, 14, 30, 45]))))
        self.number = f"{('', 'R-', 'F', 'INV-')[house.variant % 4]}{day.year}-{digits('####', rng)}"
        self.customer = digits("#####", rng)
        self.order = digits("@-######", rng)
        self.intro, self.outro = house.caption("intro"), house.caption("outro")

    @property
    def total(self) -> str:
        """Total with currency sign."""
        return self.house.money.marked(self.bought.total_cents)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Captions and values of the numbers and dates."""
        keys = {
            "invoice_no": self.number,
            "date": self.day,
            "due": self.due,
            "customer_no": self.customer,
            "order_no": self.order,
        }
        return [(self.house.caption(key), value) for key, value in keys.items()]

    @property
    def pay(self) -> str:
        """The sentence that asks for payment."""
        return self.house.caption("pay").format(total=self.total, due=self.due)

    def fields(self) -> dict[str, object]:
        """The fields as they are printed."""
        money, bought = self.house.money, self.bought
        return {
            "seller": self.house.party.name,
            "buyer": self.buyer.name,
            "invoice_number": self.number,
            "invoice_date": self.day,
            "due_date": self.due,
            "currency": money.code,
            "net_total": money.amount(bought.net_cents),
            "tax_total": money.amount(bought.vat_cents),
            "total": self.total,
            "iban": self.house.iban,
            "tax_id": self.house.tax_id,
            "items": bought.fields(self.house),
        }


def letterhead(house: House, rng: Rng) -> Composed:
    """Seller at the top left, title at the right, ruled table, sums below the amounts."""
    invoice, pen, paper = _Invoice(house, rng), Pen(house), Paper()
    inner = paper.inner_pt
    title = pen.paragraph(house.caption("invoice"), Setting(size=2.0, bold=True, align="right"))
    seller = pen.paragraph(house.party.name, Setting(size=1.5, bold=True, colour=pen.colour))
    pen.add(
        pen.table([(seller, title)], (inner * 0.62, inner * 0.38), ("VALIGN", (0, 0), (-1, -1), "BOTTOM"))
    )
    pen.write(f"{house.party.address}  ·  {house.caption('phone')} {house.phone}  ·  {house.email}", _SMALL)
    pen.rule(thick_pt=1.5, colour=pen.colour)
    pen.space()
    rows = _beside([house.caption("bill_to") + ":", *_lines(invoice.buyer)], invoice.facts)
    pen.add(pen.table(rows, (inner * 0.55, inner * 0.25, inner * 0.2), pen.bold((0, 0), (0, 0))))
    pen.space(1.5)
    pen.write(invoice.intro, Setting(after=0.6))
    lines = (("LINEBELOW", (0, 0), (-1, 0), 1, "black"), ("LINEBELOW", (0, 1), (-1, -1), 0.3, _GREY))
    pen.add(_items(pen, invoice, inner, *lines, pen.bold((0, 0), (-1, 0))))
    pen.space(0.6)
    pen.add(_sums(pen, invoice, inner))
    pen.space(1.5)
    pen.write(invoice.pay, Setting(after=0.5))
    pen.write(invoice.outro, Setting(after=1.5))
    pen.rule(colour=_GREY)
    pen.write(f"{house.bank} – IBAN {house.iban} – {house.caption('tax_id')} {house.tax_id}", _SMALL)
    return _bound(pen, paper, invoice)


def coloured_band(house: House, rng: Rng) -> Composed:
    """White on a coloured band; striped table; what is to pay in a filled box; a footer of three columns."""
    invoice, pen = _Invoice(house, rng), Pen(house)
    faces = house.faces

    def decorate(canvas: Canvas) -> None:
        width, height = paper.size_pt
        canvas.setFillColor(pen.colour)
        canvas.rect(0, height - 32 * mm, width, 32 * mm, stroke=0, fill=1)
        canvas.setFillColor(white)
        canvas.setFont(faces.bold, 20)
        canvas.drawString(paper.margins_pt[0], height - 20 * mm, house.caption("invoice").upper())
        canvas.setFont(faces.bold, 12)
        canvas.drawRightString(width - paper.margins_pt[2], height - 20 * mm, house.party.name)

    paper = Paper(margins_pt=(54, 42 * mm, 54, 40), decorate=decorate)
    inner = paper.inner_pt
    rows = [
        tuple(caption for caption, _ in invoice.facts[:4]),
        tuple(value for _, value in invoice.facts[:4]),
    ]
    pen.add(
        pen.table(rows, (inner / 4,) * 4, ("TEXTCOLOR", (0, 0), (-1, 0), _GREY), pen.bold((0, 1), (-1, 1)))
    )
    pen.space()
    seller = [house.caption("from"), *_lines(house.party)]
    buyer = [house.caption("bill_to"), *_lines(invoice.buyer)]
    sides = list(zip(seller, buyer, strict=True))
    ruled = ("LINEBELOW", (0, 0), (-1, 0), 0.7, pen.colour)
    pen.add(pen.table(sides, (inner / 2,) * 2, ruled, pen.bold((0, 0), (-1, 0))))
    pen.space(1.5)
    stripes = ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, _PALE])
    padding = (("TOPPADDING", (0, 0), (-1, -1), 4), ("BOTTOMPADDING", (0, 0), (-1, -1), 4))
    pen.add(_items(pen, invoice, inner, *reversed_out((0, 0), (-1, 0), pen.colour), stripes, *padding))
    pen.space(0.8)
    pen.add(_sums(pen, invoice, inner, *reversed_out((1, 2), (-1, 2), pen.colour)))
    pen.space(1.2)
    pen.write(house.caption("payment"), _BOLD)
    pen.write(invoice.pay, Setting(after=2))
    footer = [
        (house.party.street, house.bank, house.email),
        (house.party.town, house.iban, f"{house.caption('phone')} {house.phone}"),
    ]
    size = pen.size_pt * 0.85
    small = ("FONT", (0, 0), (-1, -1), faces.regular, size, size * 1.25)
    widths = (inner * 0.31, inner * 0.37, inner * 0.32)
    pen.add(pen.table(footer, widths, small, ("LINEABOVE", (0, 0), (-1, 0), 0.7, pen.colour)))
    pen.write(f"{house.caption('tax_id')} {house.tax_id}", Setting(size=0.85, indent_pt=2))
    return _bound(pen, paper, invoice)


def business_letter(house: House, rng: Rng) -> Composed:
    """A letter for a window envelope: address field, facts at the right, plain table, footer."""
    invoice, pen = _Invoice(house, rng), Pen(house)
    faces = house.faces
    footer = (
        f"{house.party.name}, {house.party.address}",
        f"{house.caption('bank')}: {house.bank}, IBAN {house.iban}",
        f"{house.caption('tax_id')} {house.tax_id}, {house.caption('phone')} {house.phone}",
    )

    def decorate(canvas: Canvas) -> None:
        width = paper.size_pt[0]
        canvas.setFont(faces.bold, 15)
        canvas.drawRightString(width - paper.margins_pt[2], paper.size_pt[1] - 40, house.party.name)
        canvas.setFont(faces.regular, 7.5)
        for number, line in enumerate(footer):
            canvas.drawCentredString(width / 2, 52 - 11 * number, line)

    paper = Paper(margins_pt=(68, 100, 56, 76), decorate=decorate)
    inner = paper.inner_pt
    pen.write(f"{house.party.name} – {house.party.address}", Setting(size=0.72, after=0.6))
    for line in _lines(invoice.buyer):
        pen.write(line)
    pen.space(1.2)
    for caption, value in invoice.facts[:4]:
        pen.add(pen.table([("", caption, value)], (inner * 0.52, inner * 0.26, inner * 0.22)))
    pen.space(1.5)
    pen.write(
        f"{house.caption('invoice').capitalize()} {invoice.number}", Setting(size=1.25, bold=True, after=0.8)
    )
    pen.write(invoice.intro, Setting(after=0.8))
    pen.add(
        _items(
            pen,
            invoice,
            inner,
            ("LINEBELOW", (0, 0), (-1, 0), 0.5, "black"),
            ("LINEBELOW", (0, -1), (-1, -1), 0.5, "black"),
        )
    )
    pen.add(_sums(pen, invoice, inner))
    pen.space(1.5)
    pen.write(invoice.pay, Setting(after=0.8))
    pen.write(invoice.outro)
    return _bound(pen, paper, invoice)


def boxed_form(house: House, rng: Rng) -> Composed:
    """Everything in boxes with small captions, a full grid for the items, the way to pay at the bottom."""
    invoice, pen, paper = _Invoice(house, rng), Pen(house), Paper(margins_pt=(45, 45, 45, 45))
    inner = paper.inner_pt
    title = Setting(size=1.6, bold=True, align="centre", after=0.6)
    pen.write(house.caption("invoice"), title)
    grid = ("GRID", (0, 0), (-1, -1), 0.8, "black")
    seller = [
        pen.paragraph(house.party.name, _BOLD),
        pen.paragraph(house.party.street),
        pen.paragraph(house.party.town),
        pen.paragraph(f"{house.caption('tax_id')} {house.tax_id}"),
    ]
    buyer = [
        pen.paragraph(invoice.buyer.name, _BOLD),
        pen.paragraph(invoice.buyer.street),
        pen.paragraph(invoice.buyer.town),
        pen.paragraph(f"{house.caption('customer_no')} {invoice.customer}"),
    ]
    padding = (
        ("LEFTPADDING", (0, 0), (-1, -1), 6),
        ("RIGHTPADDING", (0, 0), (-1, -1), 6),
        ("TOPPADDING", (0, 0), (-1, -1), 4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
    )
    pen.add(pen.table([(seller, buyer)], (inner / 2,) * 2, grid, *padding))
    facts = [invoice.facts[0], invoice.facts[1], invoice.facts[2]]
    rows = [tuple(caption for caption, _ in facts), tuple(value for _, value in facts)]
    ground = ("BACKGROUND", (0, 0), (-1, 0), _PALE)
    pen.add(
        pen.table(rows, (inner / 3,) * 3, grid, ground, ("ALIGN", (0, 0), (-1, -1), "CENTER"), *padding[1:])
    )
    pen.space()
    pen.add(_items(pen, invoice, inner, grid, ground, pen.bold((0, 0), (-1, 0)), *padding[1:]))
    pen.add(_sums(pen, invoice, inner, ("BOX", (1, 0), (-1, -1), 0.8, "black"), pen.bold((1, 2), (-1, 2))))
    pen.space(1.5)
    bank = [(house.caption("bank"), house.bank), ("IBAN", house.iban), (house.caption("due"), invoice.due)]
    pen.add(pen.table(bank, (inner * 0.25, inner * 0.45), ("BOX", (0, 0), (-1, -1), 0.8, "black"), *padding))
    pen.space()
    pen.write(invoice.pay)
    return _bound(pen, paper, invoice)


INVOICES = (letterhead, coloured_band, business_letter, boxed_form)


def _lines(party: Party) -> list[str]:
    return [party.name, party.street, party.town]


def _beside(left: list[str], right: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Two blocks side by side, row for row."""
    rows = max(len(left), len(right))
    left, right = left + [""] * (rows - len(left)), right + [("", "")] * (rows - len(right))
    return [(text, *pair) for text, pair in zip(left, right, strict=True)]


def _items(pen: Pen, invoice: _Invoice, inner_pt: float, *rules: tuple[object, ...]) -> Table:
    """Position, description, quantity, unit price, amount; descriptions may break."""
    house, money = pen.house, pen.house.money
    head = ("#", house.caption("item"), house.caption("qty"), house.caption("price"), house.caption("amount"))
    rows: list[tuple[object, ...]] = [head]
    for number, item in enumerate(invoice.bought.items, 1):
        rows.append(
            (
                str(number),
                pen.paragraph(item.name),
                f"{item.quantity} {item.unit}",
                money.amount(item.price_cents),
                money.amount(item.amount_cents),
            )
        )
    widths = [inner_pt * share for share in (0.06, 0.46, 0.15, 0.17, 0.16)]
    return pen.table(rows, widths, ("ALIGN", (2, 0), (-1, -1), "RIGHT"), *rules)


def _sums(pen: Pen, invoice: _Invoice, inner_pt: float, *rules: tuple[object, ...]) -> Table:
    house, bought = pen.house, invoice.bought
    rows = [
        ("", house.caption("net"), house.money.amount(bought.net_cents)),
        ("", f"{house.caption('vat')} {bought.vat_percent}%", house.money.amount(bought.vat_cents)),
        ("", house.caption("total"), invoice.total),
    ]
    right = ("ALIGN", (2, 0), (2, -1), "RIGHT")
    return pen.table(
        rows, (inner_pt * 0.52, inner_pt * 0.26, inner_pt * 0.22), right, pen.bold((1, 2), (-1, 2)), *rules
    )


def _bound(pen: Pen, paper: Paper, invoice: _Invoice) -> Composed:
    pdf, pages = bind(pen, paper)
    return Composed(pdf, invoice.fields(), pages=pages)
