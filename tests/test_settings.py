"""recto.toml and the environment: defaults that can't drift, every mistake at once."""

import tomllib
from pathlib import Path

import pytest

from recto.errors import SettingsError
from recto.settings import ENVIRONMENT, Settings, default_toml, load_settings


def load(folder: Path, toml: str, environment: dict[str, str] | None = None) -> Settings:
    (folder / "recto.toml").write_text(toml, encoding="utf-8")
    return load_settings(folder, environment or {})


def test_the_file_that_init_writes_says_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, default_toml()) == Settings()
    assert load(tmp_path, "") == Settings()


def test_the_docs_show_that_file() -> None:
    page = Path(__file__).parents[1] / "docs" / "workspace.md"
    assert f"```toml\n{default_toml()}```" in page.read_text(encoding="utf-8")


def test_it_names_every_setting_and_explains_each() -> None:
    text = default_toml()
    for name, table in Settings.model_fields.items():
        assert f"[{name}]" in text
        for key, field in table.annotation.model_fields.items():
            assert field.description
            assert any(f"{key} = " in line and field.description in line for line in text.splitlines())


def test_what_is_only_a_comment_there_can_be_uncommented(tmp_path: Path) -> None:
    settings = load(tmp_path, default_toml().replace("# recipe =", "recipe ="))
    assert settings.training.recipe == tmp_path / "recipe.yaml"


def test_every_default_can_be_written_down_again() -> None:
    written = tomllib.loads(default_toml())
    assert written["triggers"]["mix"] == Settings().triggers.mix
    assert list(written) == list(Settings.model_fields)


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    toml = """
        [triggers]
        new_document = 3
        mix = {receipt = 0.5}
        scopes = ["general"]
        monthly_day = 40
        [split]
        train = 90
        [gates]
        confidence = "high"
        min_test_documents = true
        [nope]
        x = 1
    """
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, toml, {"RECTO_PRICE_PER_HOUR": "cheap"})
    told = str(caught.value)
    for words in (
        "recto.toml: 9 settings are wrong",
        "triggers.new_document: there is no such setting; did you mean new_documents?",
        "triggers.mix: the shares sum to 0.5, not 1",
        "triggers.scopes: `general` is always there",
        "triggers.monthly_day: input should be less than or equal to 28 (it is 40)",
        "split: train + val + test is 110 percent",
        'gates.confidence: input should be a valid number (it is "high")',
        "gates.min_test_documents: input should be a valid integer (it is true)",
        "nope: there is no such setting; known: workspace, split",
        'RECTO_PRICE_PER_HOUR: input should be a valid number (it is "cheap")',
    ):
        assert words in told


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[triggers", "this is no TOML"),
        ("[triggers]\nscopes = ['a', 'a']", "named twice"),
        ("[triggers]\nscopes = ['a/b']", "pattern"),
        ("[split]\ntrain = nan\nval = 0\ntest = 0", "split.train"),
        ("[training]\nprice_per_hour = inf", "price_per_hour"),
        ("triggers = 3", "triggers: input should be"),
        ("[gates]\ncategory_margin = -0.1", "category_margin"),
    ],
)
def test_single_mistakes(toml: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=words):
        load(tmp_path, toml)


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    environment = {"RECTO_DATABASE": "postgresql+psycopg://h/db", "RECTO_PRICE_PER_HOUR": "1.25"}
    assert set(environment) == set(ENVIRONMENT)
    settings = load(tmp_path, '[workspace]\ndatabase = "sqlite:///x.db"\n', environment)
    assert settings.workspace.database == "postgresql+psycopg://h/db"
    assert settings.training.price_per_hour == 1.25


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, "", {"RECTO_DATABASE": "", "RECTO_PRICE_PER_HOUR": ""}) == Settings()


def test_a_recipe_is_found_from_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, "[training]\nrecipe = 'r/a.yaml'").training.recipe == tmp_path / "r" / "a.yaml"
    assert load(tmp_path, "[training]\nrecipe = '/etc/a.yaml'").training.recipe == Path("/etc/a.yaml")


def test_what_is_no_utf8_and_what_isnt_there(tmp_path: Path) -> None:
    (tmp_path / "recto.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="no TOML"):
        load_settings(tmp_path, {})
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "elsewhere", {})


def test_settings_cant_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().split.train = 1
