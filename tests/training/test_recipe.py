"""Recipes: defaults, files, and all mistakes at once."""

from pathlib import Path

import pytest
import yaml

from recto.engines.model_store import TINY
from recto.errors import SettingsError
from recto.training.ctc.recipe import CtcRecipe
from recto.training.lora.recipe import VlmRecipe
from recto.training.recipe import Recipe, changed, checked, load_recipe

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.mark.parametrize(
    ("name", "defaults"),
    [("ppocr-recognition.yaml", CtcRecipe()), ("deepseek-ocr-lora.yaml", VlmRecipe())],
)
def test_the_commented_recipe_is_the_defaults(name: str, defaults: Recipe) -> None:
    assert load_recipe(RECIPES / name) == defaults
    said = yaml.safe_load((RECIPES / name).read_text())
    assert set(said) == set(type(defaults).model_fields), "every setting is explained"


def test_the_kind_decides_which_settings_there_are(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("kind: lora\nrank: 8\nbatch_lines: 3\nrnak: 2\n")
    with pytest.raises(SettingsError) as caught:
        load_recipe(path)
    assert str(caught.value).splitlines()[1:] == [
        "  batch_lines: is a setting of kind ctc, this recipe is of kind lora",
        "  rnak: there is no such setting; did you mean rank?",
        "  hint: recipes/deepseek-ocr-lora.yaml explains all settings",
    ]
    path.write_text("kind: lora\n")
    recipe = changed(load_recipe(path), {"epochs": 7, "seed": 3})
    assert recipe == VlmRecipe(epochs=7, seed=3)
    assert checked(recipe.model_dump(mode="json")) == (recipe, []), "as run folders and requests keep it"


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("preset: experts", "preset `experts` needs `dropout: 0`"),
        ("task: locate", "task `locate` asks for a place, and a page's text is no answer to that"),
    ],
)
def test_what_cannot_be_is_told_in_words(tmp_path: Path, setting: str, told: str) -> None:
    (tmp_path / "r.yaml").write_text(f"kind: lora\n{setting}\n")
    with pytest.raises(SettingsError) as caught:
        load_recipe(tmp_path / "r.yaml")
    assert str(caught.value).splitlines()[1].startswith(f"  {told}")


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("deepseek-ocr-qlora.yaml", {"method": "qlora", "model": "deepseek-ocr-2"}),
        ("deepseek-ocr-full.yaml", {"method": "full", "model": "deepseek-ocr-2"}),
        ("qwen-vl-lora.yaml", {"method": "lora", "model": "qwen2.5-vl-7b"}),
        ("deepseek-ocr-tiny-cpu.yaml", {"model": TINY}),
    ],
)
def test_the_recipes_of_vision_language_models(name: str, settings: dict[str, str]) -> None:
    recipe = load_recipe(RECIPES / name)
    assert isinstance(recipe, VlmRecipe)
    assert settings.items() <= recipe.model_dump(mode="json").items()
    if name != "deepseek-ocr-tiny-cpu.yaml":
        assert recipe.step_pages == VlmRecipe().step_pages, "each step learns from as many pages"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_recipe_begins_with_its_launch_command(path: Path) -> None:
    verb = "train" if load_recipe(path).kind == "text" else "improve"
    assert f"#     recto {verb} DATASET --out DIR --recipe recipes/{path.name}\n" in path.read_text()


def test_little_memory_learns_from_as_many_lines_a_step() -> None:
    recipe = load_recipe(RECIPES / "ppocr-little-memory.yaml")
    assert recipe.step_lines == CtcRecipe().step_lines
    assert recipe.batch_lines < CtcRecipe().batch_lines


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("# nothing\n")
    assert load_recipe(tmp_path / "r.yaml") == CtcRecipe()


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("epochs: 0\nlearning_rate: fast\nepoch: 3\ntrackers: [abacus]\nepochs: 0\nseed: -1\n")
    with pytest.raises(SettingsError) as caught:
        load_recipe(path)
    assert str(caught.value).splitlines()[:-1] == [
        f"{path}: 6 settings are wrong:",
        "  epochs: stands there twice, in lines 1 and 5",
        "  seed: must be at least 0 (it is -1)",
        "  trackers.0: must be 'tensorboard', 'mlflow' or 'wandb' (it is \"abacus\")",
        "  epochs: must be at least 1 (it is 0)",
        '  learning_rate: must be a number (it is "fast")',
        "  epoch: there is no such setting; did you mean epochs?",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epochs: true", "epochs: must be a whole number .it is true"),
        ('epochs: "2"', 'epochs: must be a whole number .it is "2"'),
        ("epochs: 2.0", "epochs: must be a whole number .it is 2.0"),
        ("learning_rate: true", "learning_rate: must be a number .it is true"),
        ("small_marks: 1", "small_marks: must be true or false .it is 1"),
        ("gradient_norm: .inf", "gradient_norm: must be a finite number"),
        ("weight_decay: .nan", "weight_decay: must be a finite number"),
        ("learning_rate: -.inf", "learning_rate: must be a finite number"),
        (f"seed: {2**63}", "seed: must be less than 9223372036854775808"),
        ("kind: paint", "kind: must be 'ctc' or 'lora' or 'tagger' or 'text' .it is \"paint\""),
        ("3: 4", "3: there is no such setting"),
        ("trackers: mlflow", "trackers: must be a list"),
        ("epochs: 3\nepochs: 3", "epochs: stands there twice, in lines 1 and 2"),
    ],
)
def test_nothing_is_guessed(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        load_recipe(tmp_path / "r.yaml")


def test_numbers_as_people_write_them(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(f"learning_rate: 5e-4\ngradient_norm: 4\nseed: {2**63 - 1}\n")
    recipe = load_recipe(tmp_path / "r.yaml")
    assert (recipe.learning_rate, recipe.gradient_norm, recipe.seed) == (0.0005, 4.0, 2**63 - 1)


def test_what_the_command_line_changes_is_told_by_its_flag() -> None:
    assert changed(CtcRecipe(views=0), {"epochs": 3, "seed": None}) == CtcRecipe(views=0, epochs=3)
    with pytest.raises(SettingsError) as caught:
        changed(CtcRecipe(), {"epochs": 0, "seed": -1})
    assert "--epochs: must be at least 1 (it is 0)" in str(caught.value)
    assert "--seed: must be at least 0 (it is -1)" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["- a\n", "epochs: [", "3", "? [a]\n: 3", f"epochs: {'9' * 5000}", "a: 1\n---\nb: 2"]
)
def test_what_is_no_recipe(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(SettingsError):
        load_recipe(tmp_path / "r.yaml")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        load_recipe(tmp_path / "none.yaml")
