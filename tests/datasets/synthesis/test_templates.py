"""Every template in every language: one page, nothing prints over anything, fields stand in the text."""

from itertools import combinations, product

import numpy as np
import pytest

from recto.datasets.synthesis.houses import house
from recto.datasets.synthesis.kinds import Kind
from recto.datasets.synthesis.languages import LANGUAGES
from recto.datasets.synthesis.printing import Sheet, print_page
from recto.datasets.synthesis.synthesise import text_of
from recto.datasets.synthesis.templates import TEMPLATES, Template
from recto.documents.transcript import Line

EACH = [(kind, template) for kind, templates in TEMPLATES.items() for template in templates]
SEEDS = (0, 1)


def printed(kind: Kind, template: Template, code: str, seed: int) -> tuple[Sheet, dict[str, object], int]:
    issuer = house(seed, 3, kind, code)
    composed = template(issuer, np.random.default_rng(seed))
    sheet = print_page(composed.pdf, 72, cut_margin_pt=composed.cut_margin_pt)
    fields = dict(composed.fields)
    if issuer.upper:
        fields = {name: str(value).upper() for name, value in fields.items() if isinstance(value, str)}
    return sheet, fields, composed.pages


def overlap(one: Line, other: Line) -> float:
    """The share of the smaller box that both have in common."""
    (a0, b0, a1, b1), (c0, d0, c1, d1) = one.box, other.box
    common = max(min(a1, c1) - max(a0, c0), 0) * max(min(b1, d1) - max(b0, d0), 0)
    return common / min((a1 - a0) * (b1 - b0), (c1 - c0) * (d1 - d0))


@pytest.mark.parametrize(("kind", "template"), EACH, ids=lambda value: getattr(value, "__name__", str(value)))
@pytest.mark.parametrize("code", LANGUAGES)
def test_a_page_is_whole(kind: Kind, template: Template, code: str) -> None:
    for seed in SEEDS:
        sheet, fields, pages = printed(kind, template, code, seed)
        height, width = sheet.image.shape[:2]
        assert pages == 1
        for line in sheet.lines:
            x0, y0, x1, y1 = line.box
            assert -1 <= x0 < x1 <= width + 1 and -1 <= y0 < y1 <= height + 1, line
        for one, other in combinations(sheet.lines, 2):
            assert overlap(one, other) < 0.3, (seed, one.text, other.text)
        flat = " ".join(text_of(sheet).split())
        for name, value in fields.items():
            for one in values(value):
                assert name == "currency" or stands_in(flat, name, one), (seed, name, one)


BROKEN = ("address", "items", "seller", "buyer", "party")
"""Fields whose words may stand on different rows, with other columns between them."""


def values(value: object) -> list[str]:
    """The strings of a field, of its list, or of its list of items."""
    if isinstance(value, list):
        return [text for one in value for text in values(one)]
    return [str(one) for one in value.values()] if isinstance(value, dict) else [str(value)]


def stands_in(text: str, name: str, value: str) -> bool:
    if name not in BROKEN:
        return value in text
    return set(value.replace(",", " ").split()) <= set(text.replace(",", " ").split())


@pytest.mark.parametrize(("kind", "templates"), TEMPLATES.items())
def test_templates_differ_in_structure(kind: Kind, templates: tuple[Template, ...]) -> None:
    """Where the lines stand differs between any two templates of a kind."""
    assert len(templates) >= 4
    shapes = []
    for template in templates:
        sheet, _, _ = printed(kind, template, "en", 5)
        shapes.append({(round(line.box[0] / 10), round(line.box[2] / 10)) for line in sheet.lines})
    for one, other in combinations(shapes, 2):
        assert len(one & other) / len(one | other) < 0.75


def test_words_of_all_languages_can_be_printed_in_all_faces() -> None:
    """The fonts that come with PDF readers have the characters of Windows-1252 and no others."""
    lists = ("goods", "dishes", "services", "family", "given", "streets")
    for language, name in product(LANGUAGES.values(), lists):
        for word in getattr(language, name):
            word.encode("cp1252")
    for language in LANGUAGES.values():
        "".join(word for wordings in language.captions.values() for word in wordings).encode("cp1252")
        texts = [clause.text + clause.title for clause in language.contract.clauses]
        "".join([*texts, language.form.declaration, *language.form.notice]).encode("cp1252")


def test_every_language_has_every_caption() -> None:
    keys = [set(language.captions) for language in LANGUAGES.values()]
    assert all(found == keys[0] for found in keys)
