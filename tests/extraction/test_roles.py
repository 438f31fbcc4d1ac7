import pytest

from recto.extraction.roles import labels_against, role_in_line, role_named, roles
from recto.extraction.values.kind import squashed


@pytest.mark.parametrize(
    ("role", "label"),
    [
        ("total", "gesamtbetrag"),
        ("total", "total ttc"),
        ("total", "importe total"),
        ("total", "total (incl. gst)"),
        ("total", "nett total"),
        ("net", "zwischensumme"),
        ("tax", "mwst"),
        ("tax", "dont tva"),
        ("cash", "tunai"),
        ("change", "wechselgeld"),
        ("date", "rechnungsdatum"),
        ("number", "facture n°"),
        ("due_date", "vencimiento"),
    ],
)
def test_labels_in_every_language(role: str, label: str) -> None:
    assert label in roles()[role].labels


@pytest.mark.parametrize(
    "label", ["subtotal", "change", "cash", "rounding", "gst amount", "zwischensumme", "total ht"]
)
def test_near_misses_of_a_total(label: str) -> None:
    assert label in labels_against(roles()["total"])


def test_no_role_is_against_its_own_labels() -> None:
    for role in roles().values():
        assert not {*role.labels} & {*labels_against(role)}, role.name
        assert set(role.unlike) <= roles().keys()


def test_every_name_stands_for_one_role() -> None:
    for role in roles().values():
        for name in (role.name, *role.names):
            found = role_named(name)
            assert found is not None
            assert found.name == role.name, name


def test_labels_are_no_figures_and_not_empty() -> None:
    assert all(squashed(label) for role in roles().values() for label in role.labels)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Rechnungsnummer", "number"),
        ("invoice_no", "number"),
        ("grandTotal", "total"),
        ("Fälligkeitsdatum", "due_date"),
        ("governing_law", "law"),
        ("colour", None),
    ],
)
def test_roles_by_name_or_label(name: str, role: str | None) -> None:
    found = role_named(name)
    assert (found.name if found else None) == role


def test_names_mean_something_else_in_a_line() -> None:
    total, name = role_in_line("total"), role_in_line("name")
    assert total is not None
    assert name is not None
    assert (total.name, name.name) == ("line_amount", "description")
    assert role_in_line("colour") is None
