"""Contracts of one page: classic clauses, two columns, key terms in a table, and a typed agreement.

Clauses are left out until everything fits, so that all fields and both signatures stand on the page.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from reportlab.platypus import BalancedColumns

from recto.datasets.synthesis.composing import Composed, Paper, Pen, Setting, bind
from recto.datasets.synthesis.houses import House, Party, Rng, company, person, pick, some_day
from recto.datasets.synthesis.languages.language import Clause

_BODY = Setting(align="justified", after=0.55)
_LEFT = Setting(after=0.55)


@dataclass(frozen=True, slots=True)
class _Contract:
    """What every contract says, before it is laid out; `opening` leads to the parties."""

    title: str
    roles: tuple[str, str]
    parties: tuple[Party, Party]
    signers: tuple[str, str]
    day: str
    term: str
    place: str
    opening: str
    clauses: tuple[Clause, ...]

    def fields(self) -> dict[str, object]:
        """The fields as they are printed."""
        return {
            "title": self.title,
            "party": [party.name for party in self.parties],
            "effective_date": self.day,
            "term": self.term,
            "jurisdiction": self.place,
        }


_Write = Callable[[Pen, _Contract], Paper]


def classic(house: House, rng: Rng) -> Composed:
    """Centred title, justified clauses with bold headings, signatures side by side."""

    def write(pen: Pen, contract: _Contract) -> Paper:
        paper = Paper(margins_pt=(72, 64, 72, 56))
        pen.write(contract.title, Setting(size=1.6, bold=True, align="centre", after=1.2))
        pen.write(contract.opening, _BODY)
        pen.write(house.language.contract.recital, Setting(align="justified", after=1.0))
        for number, clause in enumerate(contract.clauses, 1):
            pen.write(f"{number}. {clause.title}", Setting(bold=True, after=0.15))
            pen.write(clause.text, _BODY)
        _signatures(pen, paper, contract)
        return paper

    return _fitted(house, rng, write)


def two_columns(house: House, rng: Rng) -> Composed:
    """A head across the page, then small print in two columns."""

    def write(pen: Pen, contract: _Contract) -> Paper:
        paper = Paper(margins_pt=(46, 50, 46, 46))
        pen.write(contract.title.upper(), Setting(size=1.7, bold=True, after=0.8, colour=pen.colour))
        pen.write(contract.opening, Setting(after=0.6))
        pen.rule(thick_pt=1.2, colour=pen.colour)
        pen.space(0.8)
        column = Pen(house, pen.scale)
        for number, clause in enumerate(contract.clauses, 1):
            heading = f"<b>§ {number} {clause.title}.</b> "
            column.write(heading + escape(clause.text), _BODY, markup=True)
        pen.add(BalancedColumns(column.flow, nCols=2, innerPadding=20, topPadding=0, bottomPadding=0))
        pen.space(1)
        _signatures(pen, paper, contract)
        return paper

    return _fitted(house, rng, write, scale=0.9, least=10)


def key_terms(house: House, rng: Rng) -> Composed:
    """Title at the left, parties and key terms in a table, clauses that run on from their heading."""

    def write(pen: Pen, contract: _Contract) -> Paper:
        paper = Paper(margins_pt=(60, 54, 60, 54))
        inner = paper.inner_pt
        pen.write(contract.title, Setting(size=1.8, bold=True, colour=pen.colour, after=0.3))
        pen.rule(thick_pt=2, colour=pen.colour)
        pen.write(contract.opening, Setting(after=0.8))
        law = house.language.contract
        rows = [
            *(
                (role, pen.paragraph(f"{party.name}, {party.address}"))
                for role, party in zip(contract.roles, contract.parties, strict=True)
            ),
            (house.caption("date"), contract.day),
            (law.term.title, contract.term),
        ]
        grid = ("GRID", (0, 0), (-1, -1), 0.5, "black")
        pen.add(pen.table(rows, (inner * 0.22, inner * 0.78), grid, pen.bold((0, 0), (0, -1))))
        pen.space(0.8)
        for number, clause in enumerate(contract.clauses, 1):
            heading = f"<b>{number}. {clause.title}.</b> "
            pen.write(heading + escape(clause.text), _BODY, markup=True)
        _signatures(pen, paper, contract)
        return paper

    return _fitted(house, rng, write)


def typed(house: House, rng: Rng) -> Composed:
    """As from a typewriter's time: ragged lines, articles in capitals, indented text, signatures stacked."""

    def write(pen: Pen, contract: _Contract) -> Paper:
        paper = Paper(margins_pt=(80, 70, 64, 56))
        pen.write(contract.title.upper(), Setting(bold=True, align="centre", after=1.5))
        pen.write(contract.opening, _LEFT)
        for number, clause in enumerate(contract.clauses, 1):
            pen.write(f"{_ROMAN[number - 1]}. {clause.title.upper()}", Setting(after=0.3))
            pen.write(clause.text, Setting(indent_pt=24, after=0.7))
        pen.write(house.language.contract.signed, Setting(after=1.8))
        for party, role in zip(contract.parties, contract.roles, strict=True):
            pen.add(
                pen.table([(f"{role}:", party.name)], (90, 300), ("LINEBELOW", (1, 0), (1, 0), 0.6, "black"))
            )
            pen.space(0.8)
        return paper

    return _fitted(house, rng, write, scale=0.95)


CONTRACTS = (classic, two_columns, key_terms, typed)
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV")


def _fitted(house: House, rng: Rng, write: _Write, *, scale: float = 1.0, least: int = 6) -> Composed:
    """The contract with as many clauses as the page takes, at most the drawn number (`least` or more)."""
    contract = _contract(house, rng)
    wanted = int(rng.integers(least, len(contract.clauses) + 1))
    for count in range(wanted, 2, -1):
        pen = Pen(house, scale)
        clauses = (*contract.clauses[: count - 1], contract.clauses[-1])
        paper = write(pen, replace(contract, clauses=clauses))
        pdf, pages = bind(pen, paper)
        if pages == 1:
            break
    return Composed(pdf, contract.fields(), pages=pages)


def _contract(house: House, rng: Rng) -> _Contract:
    language = house.language
    words = language.contract
    deal = words.deals[int(rng.integers(len(words.deals)))]
    other = company(language, rng) if rng.random() < 0.7 else person(language, rng)
    day = language.day(some_day(rng), language.long_date)
    term, place = pick(rng, words.terms), pick(rng, words.places)
    first = f"{house.party.name}, {house.party.address},"
    second = f"{other.name}, {other.address},"
    opening = pick(rng, words.dated).format(title=deal.title, date=day)
    opening += " " + words.parties.format(
        first=first, second=second, first_role=deal.first[1], second_role=deal.second[1]
    )
    order = rng.permutation(len(words.clauses))
    chosen = (words.subject, words.term, *(words.clauses[int(number)] for number in order), words.law)
    blanks = {
        "a": deal.first[0],
        "b": deal.second[0],
        "A": _capital(deal.first[0]),
        "B": _capital(deal.second[0]),
    }
    blanks |= {"date": day, "term": term, "place": place, "subject": deal.subject}
    return _Contract(
        title=deal.title,
        roles=(deal.first[1], deal.second[1]),
        parties=(house.party, other),
        signers=(person(language, rng).name, person(language, rng).name),
        day=day,
        term=term,
        place=place,
        opening=opening,
        clauses=tuple(_filled(clause, blanks, house, rng) for clause in chosen),
    )


def _filled(clause: Clause, blanks: dict[str, str], house: House, rng: Rng) -> Clause:
    amount = house.money.marked(int(rng.integers(10, 900)) * 50_000)
    numbers = {
        "days": str(rng.choice([14, 30, 45, 60, 90])),
        "years": str(rng.integers(2, 6)),
        "percent": str(rng.integers(4, 10)),
    }
    return Clause(clause.title, clause.text.format(**blanks, **numbers, amount=amount))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _signatures(pen: Pen, paper: Paper, contract: _Contract) -> None:
    pen.write(pen.house.language.contract.signed, Setting(after=2.8))
    half = paper.inner_pt / 2
    rows = [contract.signers, tuple(party.name for party in contract.parties), contract.roles]
    lines = [("LINEABOVE", (n, 0), (n, 0), 0.7, "black") for n in (0, 2)]
    spread = [(left, "", right) for left, right in rows]
    pen.add(pen.table(spread, (half * 0.92, half * 0.16, half * 0.92), *lines))
