import pytest

from recto.extraction.loading import load_schema
from recto.extraction.naming import joined, path_of, spec_of, split

NAMES = [
    ("total", ("total", None, ""), ("total",)),
    ("seller.name", ("seller.name", None, ""), ("seller", "name")),
    ("party[0]", ("party", 0, ""), ("party", 0)),
    ("items[12].tax.rate", ("items", 12, "tax.rate"), ("items", 12, "tax", "rate")),
]


@pytest.mark.parametrize(("name", "parts", "path"), NAMES)
def test_names_are_paths(name: str, parts: tuple[str, int | None, str], path: tuple[str | int, ...]) -> None:
    assert split(name) == parts
    assert joined(*parts) == name
    assert path_of(name) == path


@pytest.mark.parametrize(
    ("schema", "name", "found"),
    [
        ("receipt", "total", "total"),
        ("receipt", "items[0].amount", "amount"),
        ("contract", "party[3]", "party"),
        ("contract", "party", "party"),
        ("receipt", "items", None),
        ("receipt", "items.amount", None),
        ("receipt", "total[0]", None),
        ("receipt", "items[0].colour", None),
        ("receipt", "company", None),
        ("contract", "party[0].name", None),
    ],
)
def test_fields_of_names(schema: str, name: str, found: str | None) -> None:
    spec = spec_of(name, load_schema(schema))
    assert (spec.name if spec else None) == found
