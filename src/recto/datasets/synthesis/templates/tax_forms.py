"""Tax forms: a grid of boxes, a return in numbered lines, a notice of assessment, a table of returns.

They resemble no authority's real form.
"""

from dataclasses import dataclass

from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable

from recto.datasets.synthesis.composing import BODY, Composed, Paper, Pen, Rule, Setting, bind, reversed_out
from recto.datasets.synthesis.houses import House, Party, Rng, digits, person, pick, some_day

_PALE = HexColor("#e8eef2")
_CAPTION = Setting(size=0.72)
_BOLD = Setting(bold=True)


@dataclass(frozen=True, slots=True)
class _Return:
    """One taxpayer's year: lines of income and deductions in cents, and what follows from them."""

    house: House
    authority: str
    form: str
    title: str
    year: int
    who: Party
    who_reversed: str
    number: str
    birth: str
    day: str
    occupation: str
    income: tuple[tuple[str, int], ...]
    deductions: tuple[tuple[str, int], ...]
    paid_cents: int

    @property
    def income_cents(self) -> int:
        """Sum of the income."""
        return sum(cents for _, cents in self.income)

    @property
    def deductions_cents(self) -> int:
        """Sum of the deductions."""
        return sum(cents for _, cents in self.deductions)

    @property
    def taxable_cents(self) -> int:
        """Income less deductions, not below nothing."""
        return max(self.income_cents - self.deductions_cents, 0)

    @property
    def tax_cents(self) -> int:
        """A made-up flat tax of 22 %."""
        return round(self.taxable_cents * 22 / 100)

    @property
    def results(self) -> list[tuple[str, int]]:
        """Captions and amounts of the computation, the balance last."""
        words = self.house.language.form.results
        balance = self.tax_cents - self.paid_cents
        lines = (len(self.income) + 1, len(self.income) + len(self.deductions) + 2)
        taxable = words[2].format(i=lines[0], d=lines[1])
        values = (self.taxable_cents, self.tax_cents, self.paid_cents, abs(balance))
        return list(
            zip((taxable, words[3], words[4], words[5] if balance >= 0 else words[6]), values, strict=True)
        )

    def fields(self) -> dict[str, object]:
        """The fields as they are printed."""
        amount = self.house.money.amount
        return {
            "form": self.form,
            "tax_year": str(self.year),
            "authority": self.authority,
            "name": self.who_reversed,
            "address": self.who.address,
            "tax_id": self.number,
            "total_income": amount(self.income_cents),
            "total_deductions": amount(self.deductions_cents),
            "taxable_income": amount(self.taxable_cents),
            "tax": amount(self.tax_cents),
            "balance": amount(abs(self.tax_cents - self.paid_cents)),
        }


def grid_of_boxes(house: House, rng: Rng) -> Composed:
    """Boxes with a small caption above a filled value, three in a row; sums in shaded boxes."""
    tax, pen, paper = _return(house, rng), Pen(house), Paper(margins_pt=(44, 44, 44, 44))
    inner, words = paper.inner_pt, house.language.form
    title = f"{house.caption('form')} {tax.form}"
    pen.add(
        pen.table(
            [
                (
                    pen.paragraph(title, Setting(size=1.5, bold=True)),
                    pen.paragraph(tax.title, Setting(size=1.3, align="centre")),
                    pen.paragraph(str(tax.year), Setting(size=1.5, bold=True, align="right")),
                )
            ],
            (inner * 0.28, inner * 0.5, inner * 0.22),
            ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
        )
    )
    pen.write(tax.authority, Setting(size=0.9, after=0.5))
    personal = [
        (house.caption("name"), tax.who_reversed),
        (house.caption("person_id"), tax.number),
        (house.caption("birth"), tax.birth),
    ]
    _boxes(pen, personal, (inner * 0.44, inner * 0.33, inner * 0.23))
    _boxes(
        pen,
        [(house.caption("address"), tax.who.address), (house.caption("occupation"), tax.occupation)],
        (inner * 0.68, inner * 0.32),
    )
    amount = house.money.amount
    number = 1
    for title, lines, caption, total in (
        (words.sections[1], tax.income, words.results[0], tax.income_cents),
        (words.sections[2], tax.deductions, words.results[1], tax.deductions_cents),
    ):
        pen.space(0.5)
        pen.write(title, Setting(bold=True, after=0.3))
        cells = [
            (f"{number + n} {label}", amount(cents))
            for n, (label, cents) in enumerate((*lines, (caption, total)))
        ]
        number += len(cells)
        for start in range(0, len(cells), 2):
            _boxes(pen, cells[start : start + 2], (inner / 2,) * 2)
    pen.space(0.5)
    pen.write(words.sections[3], Setting(bold=True, after=0.3))
    cells = [(f"{number + n} {label}", amount(cents)) for n, (label, cents) in enumerate(tax.results)]
    for start in range(0, len(cells), 2):
        _boxes(pen, cells[start : start + 2], (inner / 2,) * 2, shaded=True)
    _declaration(pen, paper, tax)
    return _bound(pen, paper, tax)


def numbered_lines(house: House, rng: Rng) -> Composed:
    """A return in lines: number, what it is, amount in a column of its own; sections in dark bars."""
    tax, pen, paper = _return(house, rng), Pen(house), Paper(margins_pt=(52, 48, 52, 46))
    inner, words = paper.inner_pt, house.language.form
    heading = house.caption("title_of").format(title=tax.title, year=tax.year)
    pen.write(heading, Setting(size=1.5, bold=True))
    pen.write(
        f"{tax.authority} – {house.caption('form')} {tax.form} – {pick(rng, words.notes)}",
        Setting(size=0.85, after=0.6),
    )
    _bar(pen, inner, words.sections[0])
    facts = [
        (house.caption("name"), tax.who_reversed),
        (house.caption("person_id"), tax.number),
        (house.caption("address"), tax.who.address),
        (house.caption("birth"), tax.birth),
        (house.caption("occupation"), tax.occupation),
    ]
    under = ("LINEBELOW", (1, 0), (1, -1), 0.4, "black")
    pen.add(pen.table(facts, (inner * 0.32, inner * 0.68), under))
    number = 1
    for title, lines, caption, total in (
        (words.sections[1], tax.income, words.results[0], tax.income_cents),
        (words.sections[2], tax.deductions, words.results[1], tax.deductions_cents),
    ):
        number = _lines_of(pen, inner, title, [*lines, (caption, total)], number)
    _lines_of(pen, inner, words.sections[3], tax.results, number)
    _declaration(pen, paper, tax)
    return _bound(pen, paper, tax)


def assessment(house: House, rng: Rng) -> Composed:
    """The authority's letter: address field, reference, computation in a table, how to object."""
    tax, pen, paper = _return(house, rng), Pen(house, scale=1.08), Paper(margins_pt=(70, 60, 64, 56))
    inner, words = paper.inner_pt, house.language.form
    pen.write(tax.authority, Setting(size=1.5, bold=True, colour=pen.colour))
    pen.write(f"{house.party.address} – {house.caption('phone')} {house.phone}", Setting(size=0.85))
    pen.rule(colour=pen.colour)
    pen.space(1.5)
    for line in (tax.who_reversed, tax.who.street, tax.who.town):
        pen.write(line)
    pen.space(1)
    facts = [
        (house.caption("person_id"), tax.number),
        (house.caption("reference"), f"{tax.form} / {tax.year}"),
        (house.caption("date"), tax.day),
    ]
    for caption, value in facts:
        pen.add(pen.table([("", caption, value)], (inner * 0.45, inner * 0.3, inner * 0.25)))
    pen.space(1)
    pen.write(
        house.caption("title_of").format(title=tax.title, year=tax.year),
        Setting(size=1.3, bold=True, after=1),
    )
    pen.write(words.notice[0], Setting(after=0.5))
    pen.write(words.notice[1].format(year=tax.year), Setting(after=0.8))
    amount = house.money.amount
    rows = [(label, amount(cents)) for label, cents in tax.income]
    rows.append((words.results[0], amount(tax.income_cents)))
    rows += [(label, amount(-cents)) for label, cents in tax.deductions]
    rows.append((words.results[1], amount(tax.deductions_cents)))
    rows += [(caption.partition(" (")[0], amount(cents)) for caption, cents in tax.results]
    marks = (len(tax.income), len(tax.income) + 1 + len(tax.deductions), len(rows) - 1)
    rules = [
        ("ALIGN", (1, 0), (1, -1), "RIGHT"),
        *(("LINEABOVE", (0, n), (-1, n), 0.6, "black") for n in marks),
        *(pen.bold((0, n), (-1, n)) for n in marks),
    ]
    pen.add(pen.table(rows, (inner * 0.72, inner * 0.28), *rules))
    pen.space(1)
    pen.write(words.notice[2].format(days=30), Setting(after=0.8))
    pen.write(f"{house.caption('bank')}: {house.bank}, IBAN {house.iban}")
    return _bound(pen, paper, tax)


def two_halves(house: House, rng: Rng) -> Composed:
    """A statement: who and when in a shaded head, income beside deductions, the result in a frame."""
    tax, pen, paper = _return(house, rng), Pen(house, scale=0.95), Paper(margins_pt=(44, 50, 44, 44))
    inner, words = paper.inner_pt, house.language.form
    amount = house.money.amount
    pen.write(tax.authority, Setting(bold=True, align="centre"))
    pen.write(tax.title, Setting(size=1.6, bold=True, align="centre", after=0.3))
    pen.write(
        f"{house.caption('form')} {tax.form}, {house.caption('tax_year')} {tax.year}",
        Setting(align="centre", after=0.8),
    )
    head = [
        (house.caption("name"), tax.who_reversed, house.caption("person_id"), tax.number),
        (house.caption("address"), tax.who.street, house.caption("birth"), tax.birth),
        ("", tax.who.town, house.caption("occupation"), tax.occupation),
    ]
    box, ground = ("BOX", (0, 0), (-1, -1), 0.8, "black"), ("BACKGROUND", (0, 0), (-1, -1), _PALE)
    pen.add(pen.table(head, (inner * 0.21, inner * 0.31, inner * 0.24, inner * 0.24), box, ground))
    pen.space(1)
    left = [(words.sections[1], ""), *((label, amount(cents)) for label, cents in tax.income)]
    right = [(words.sections[2], ""), *((label, amount(cents)) for label, cents in tax.deductions)]
    length = max(len(left), len(right))
    left += [("", "")] * (length - len(left)) + [(words.results[0], amount(tax.income_cents))]
    right += [("", "")] * (length - len(right)) + [(words.results[1], amount(tax.deductions_cents))]
    rows = [(*one, *other) for one, other in zip(left, right, strict=True)]
    rules: list[Rule] = [("ALIGN", (column, 0), (column, -1), "RIGHT") for column in (1, 3)]
    rules += [
        ("LINEABOVE", (0, -1), (-1, -1), 0.8, "black"),
        ("LINEAFTER", (1, 0), (1, -1), 0.8, "black"),
        pen.bold((0, 0), (-1, 0)),
        pen.bold((0, -1), (-1, -1)),
        ("RIGHTPADDING", (1, 0), (1, -1), 8),
        ("LEFTPADDING", (2, 0), (2, -1), 8),
    ]
    shares = (0.335, 0.165, 0.335, 0.165)
    cells = [
        tuple(
            pen.paragraph(cell, _BOLD if n in (0, len(rows) - 1) else BODY) if k in (0, 2) and n else cell
            for k, cell in enumerate(row)
        )
        for n, row in enumerate(rows)
    ]
    pen.add(pen.table(cells, [inner * share for share in shares], box, *rules))
    pen.space(1)
    pen.write(words.sections[3], Setting(bold=True, after=0.4))
    results = [(caption.partition(" (")[0], amount(cents)) for caption, cents in tax.results]
    last = (0, len(results) - 1), (-1, len(results) - 1)
    pen.add(
        pen.table(
            results,
            (inner * 0.7, inner * 0.3),
            box,
            ("ALIGN", (1, 0), (1, -1), "RIGHT"),
            *reversed_out(*last, pen.colour),
        )
    )
    _declaration(pen, paper, tax)
    return _bound(pen, paper, tax)


TAX_FORMS = (grid_of_boxes, numbered_lines, assessment, two_halves)


def _return(house: House, rng: Rng) -> _Return:
    language = house.language
    words = language.form
    # The form is the authority's, so that it is the house's; who fills it in is each document's.
    form, title = words.titles[house.variant // 5 % len(words.titles)]
    day = some_day(rng)
    given, family = pick(rng, language.given), pick(rng, language.family)
    somebody = person(language, rng)
    income = _amounts(rng, words.income, counts=(3, 7), typical_cents=900_000)
    deductions = _amounts(rng, words.deductions, counts=(2, 6), typical_cents=70_000)
    tax = max(sum(c for _, c in income) - sum(c for _, c in deductions), 0) * 22 // 100
    return _Return(
        house=house,
        authority=words.authorities[house.variant // 3 % len(words.authorities)],
        form=form,
        title=title,
        year=day.year - 1,
        who=Party(f"{given} {family}", somebody.street, somebody.town),
        who_reversed=f"{family}, {given}",
        number=digits(language.person_ids[house.variant // 13 % len(language.person_ids)], rng),
        birth=house.day(day.replace(year=day.year - int(rng.integers(22, 70)), day=min(day.day, 28))),
        day=house.day(day),
        occupation=pick(rng, words.occupations),
        income=income,
        deductions=deductions,
        paid_cents=round(tax * float(rng.uniform(0.5, 1.4))),
    )


def _amounts(
    rng: Rng, labels: tuple[str, ...], *, counts: tuple[int, int], typical_cents: int
) -> tuple[tuple[str, int], ...]:
    chosen = sorted(
        int(n) for n in rng.permutation(len(labels))[: int(rng.integers(counts[0], counts[1] + 1))]
    )
    return tuple((labels[n], int(typical_cents * rng.lognormal(0.0, 0.9)) + 100) for n in chosen)


def _boxes(
    pen: Pen, cells: list[tuple[str, str]], widths_pt: tuple[float, ...], *, shaded: bool = False
) -> None:
    row = [[pen.paragraph(caption, _CAPTION), pen.paragraph(value, BODY)] for caption, value in cells]
    row += [[]] * (len(widths_pt) - len(row))
    grid = ("GRID", (0, 0), (-1, -1), 0.7, "black")
    ground = [("BACKGROUND", (0, 0), (-1, -1), _PALE)] if shaded else []
    room = (("LEFTPADDING", (0, 0), (-1, -1), 4), ("BOTTOMPADDING", (0, 0), (-1, -1), 4))
    pen.add(pen.table([row], widths_pt, grid, *ground, *room))


def _bar(pen: Pen, inner_pt: float, title: str) -> None:
    pen.space(0.6)
    bar: Flowable = pen.table(
        [(title,)], (inner_pt,), *reversed_out((0, 0), (0, 0), pen.colour), pen.bold((0, 0), (0, 0))
    )
    pen.add(bar)


def _lines_of(pen: Pen, inner_pt: float, title: str, lines: list[tuple[str, int]], number: int) -> int:
    """A section of numbered lines; the last one, the sum, is bold. Returns the next line's number."""
    _bar(pen, inner_pt, title)
    amount = pen.house.money.amount
    rows = [(str(number + n), label, amount(cents)) for n, (label, cents) in enumerate(lines)]
    rules = (
        ("ALIGN", (2, 0), (2, -1), "RIGHT"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, "black"),
        ("BOX", (2, 0), (2, -1), 0.7, "black"),
        pen.bold((0, -1), (-1, -1)),
    )
    pen.add(pen.table(rows, (inner_pt * 0.07, inner_pt * 0.68, inner_pt * 0.25), *rules))
    return number + len(rows)


def _declaration(pen: Pen, paper: Paper, tax: _Return) -> None:
    house = tax.house
    pen.space(0.8)
    pen.write(house.language.form.declaration, Setting(size=0.9, after=1.4))
    town = tax.who.town.strip("0123456789 ")
    rows = [
        (f"{town}, {tax.day}", "", tax.who.name),
        (house.caption("place_date"), "", house.caption("signature")),
    ]
    inner = paper.inner_pt
    lines = [("LINEABOVE", (n, 1), (n, 1), 0.6, "black") for n in (0, 2)]
    pen.add(pen.table(rows, (inner * 0.45, inner * 0.1, inner * 0.45), *lines))


def _bound(pen: Pen, paper: Paper, tax: _Return) -> Composed:
    pdf, pages = bind(pen, paper)
    return Composed(pdf, tax.fields(), pages=pages)
