"""What changed between two Releases, over the documents that both were measured on."""

from dataclasses import replace

import pytest

from recto.errors import RegistryError
from recto.registry.difference import Change, diff
from recto.registry.store import add_release

from .conftest import ORIGIN, TEXTS, Registry


def test_recipe_data_figures_and_documents(registry: Registry) -> None:
    worse = {name: text[:-1] for name, text in TEXTS.items()}
    mixed = worse | {"0.png": TEXTS["0.png"], "1.png": "rubbish"}
    later = replace(ORIGIN, data_fingerprint="e" * 64, recipe={"kind": "ctc", "epochs": 5, "seed": 1})
    add_release(registry.workspace, "general", registry.model(b"1"), registry.report(worse), ORIGIN)
    add_release(registry.workspace, "general", registry.model(b"2"), registry.report(mixed), later)
    found = diff(registry.workspace, 1, 2)
    assert found.changes == (
        Change("data", "d" * 64, "e" * 64),
        Change("recipe.epochs", "3", "5"),
        Change("recipe.seed", "", "1"),
    )
    assert (found.shared, found.only_before, found.only_after) == (6, 0, 0)
    assert [m.document for m in found.movements] == ["0.png", "1.png"]
    assert (found.movements[0].before, found.movements[0].after) == (2 / 16, 0)
    assert found.figures["cer"].candidate > found.figures["cer"].baseline
    back = diff(registry.workspace, 2, 1)
    assert [m.document for m in back.movements] == ["1.png", "0.png"]


def test_only_documents_of_both_are_compared(registry: Registry, pages) -> None:
    few = dict(list(TEXTS.items())[:4])
    report = pages.report(pages.examples(few | {"new.png": "new"}), few)
    registry.add(b"1")
    add_release(registry.workspace, "general", registry.model(b"2"), report, ORIGIN)
    found = diff(registry.workspace, 1, 2)
    assert (found.shared, found.only_before, found.only_after) == (4, 2, 1)
    assert found.figures["cer"].documents == 4
    assert found.changes == ()


def test_nothing_in_common(registry: Registry, pages) -> None:
    report = pages.report(pages.examples({"new.png": "new"}), {})
    registry.add(b"1")
    add_release(registry.workspace, "general", registry.model(b"2"), report, ORIGIN)
    found = diff(registry.workspace, 1, 2)
    assert (found.shared, found.figures, found.movements) == (0, {}, ())


def test_a_release_that_is_not_there(registry: Registry) -> None:
    registry.add()
    with pytest.raises(RegistryError, match="no Release 2"):
        diff(registry.workspace, 1, 2)
