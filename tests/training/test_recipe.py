"""Recipes: defaults, files, and all mistakes at once."""

from pathlib import Path

import pytest

from recto.errors import SettingsError
from recto.training.recipe import Recipe, load_recipe

RECIPES = Path(__file__).parents[2] / "recipes"


def test_the_commented_recipe_is_the_defaults() -> None:
    assert load_recipe(RECIPES / "ppocr-recognition.yaml") == Recipe()


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_recipe_begins_with_its_launch_command(path: Path) -> None:
    load_recipe(path)
    assert f"#     recto improve DATASET --out DIR --recipe recipes/{path.name}\n" in path.read_text()


def test_little_memory_learns_from_as_many_lines_a_step() -> None:
    recipe = load_recipe(RECIPES / "ppocr-little-memory.yaml")
    assert recipe.step_lines == Recipe().step_lines
    assert recipe.batch_lines < Recipe().batch_lines


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("# nothing\n")
    assert load_recipe(tmp_path / "r.yaml") == Recipe()


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("epochs: 0\nlearning_rate: fast\ncolour: red\ntrackers: [abacus]\n")
    with pytest.raises(SettingsError) as caught:
        load_recipe(tmp_path / "r.yaml")
    assert all(
        name in str(caught.value) for name in ("epochs", "learning_rate", "colour", "trackers", "r.yaml")
    )


@pytest.mark.parametrize("text", ["- a\n", "epochs: [", "3"])
def test_what_is_no_recipe(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(SettingsError):
        load_recipe(tmp_path / "r.yaml")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        load_recipe(tmp_path / "none.yaml")
