"""Every mistake that settings and recipes can have is told in our own words."""

import json
from pathlib import Path

import pytest
import yaml

from recto.errors import SettingsError
from recto.mistakes import refusal, unknown
from recto.settings import Settings, load_settings
from recto.training.recipe import KINDS, load_recipe

ODD = [None, True, 2.5, -1, 0, float("nan"), float("inf"), 10**30, "", "x", "2", "a/b", [], [1], ["x"], {}]
TABLES = {
    name: tuple(field.annotation.model_fields)
    for name, field in Settings.model_fields.items()
    if name != "agents"  # a table of tables, which are named by the user
}


def told(error: SettingsError) -> str:
    assert error.what.startswith("1 setting is wrong:\n  ") or "settings are wrong:\n  " in error.what
    assert error.where and error.hint
    assert "nput should" not in error.what and "valid" not in error.what
    return error.what


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [*ODD, {"a": 1}], ids=repr)
def test_recipes(value: object, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    for key in KINDS[kind].model_fields:
        path.write_text(yaml.safe_dump({"kind": kind, key: value}))
        try:
            load_recipe(path)
        except SettingsError as error:
            assert f"\n  {key}" in told(error)


@pytest.mark.parametrize("value", [*ODD[1:], {"a": 1}], ids=repr)
def test_settings(value: object, tmp_path: Path) -> None:
    words = json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf").replace('"a":', "a =")
    for table, keys in TABLES.items():
        for key in keys:
            (tmp_path / "recto.toml").write_text(f"[{table}]\n{key} = {words}\n")
            try:
                load_settings(tmp_path, {})
            except SettingsError as error:
                assert f"\n  {table}" in told(error)


def test_a_slip_is_told_with_what_was_meant() -> None:
    known = ("epochs", "seed")
    assert unknown("epoch", "epoch", known) == "epoch: there is no such setting; did you mean epochs?"
    assert unknown("a.b", "b", known) == "a.b: there is no such setting; known: epochs, seed"
    assert str(refusal(["a: x", "b: y"], where="f", hint="h")) == (
        "f: 2 settings are wrong:\n  a: x\n  b: y\n  hint: h"
    )
