"""recto.toml and the environment: defaults that can't drift, every mistake at once."""

import tomllib
from pathlib import Path

import pytest

from recto.errors import SettingsError
from recto.settings import ENVIRONMENT, Settings, default_toml, load_settings, settings_here


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
    tables = {name: getattr(Settings(), name) for name in Settings.model_fields}
    tables |= {f"agents.{name}": agent for name, agent in tables.pop("agents").items()}
    for name, table in tables.items():
        assert f"[{name}]" in text
        for key, field in type(table).model_fields.items():
            assert field.description
            written = field.alias or key
            assert any(f"{written} = " in line and field.description in line for line in text.splitlines())


def test_an_agents_profile_may_say_a_schema(tmp_path: Path) -> None:
    toml = """[agents.shop]\nschema = "receipt"\n[agents.own]\nschema = '{"type": "object"}'\n"""
    agents = load(tmp_path, toml).agents
    assert (agents["shop"].schema_, agents["own"].schema_) == ("receipt", '{"type": "object"}')
    with pytest.raises(SettingsError, match=r"agents\.shop\.schema: .*JSON Schema"):
        load(tmp_path, "[agents.shop]\nschema = '{\"type\": NaN}'")
    with pytest.raises(SettingsError, match="schema"):
        load(tmp_path, '[agents.shop]\nshema = "receipt"')


def test_what_is_only_a_comment_there_can_be_uncommented(tmp_path: Path) -> None:
    settings = load(tmp_path, default_toml().replace("# recipe =", "recipe ="))
    assert settings.training.recipe == tmp_path / "recipe.yaml"


def test_every_default_can_be_written_down_again() -> None:
    written = tomllib.loads(default_toml())
    assert written["triggers"]["mix"] == Settings().triggers.mix
    assert list(written) == list(Settings.model_fields)


@pytest.mark.parametrize(
    "line",
    [
        "[jobs]\nkeep_days = 36501",
        "[privacy]\naccess_log_days = 1000000",
        "[privacy]\nsample_days = 1000000",
        "[serving]\nrequest_timeout_s = 1e9",
        "[uploads]\ndecode_timeout_s = 86401.0",
        '[observability]\notlp_endpoint = "localhost:4318"',
        '[observability]\notlp_endpoint = "http://"',
        '[observability]\notlp_endpoint = "http://host:port"',
    ],
)
def test_what_would_break_later_is_refused_at_once(tmp_path: Path, line: str) -> None:
    with pytest.raises(SettingsError):
        load(tmp_path, line)


def test_urls_of_collectors_are_taken(tmp_path: Path) -> None:
    for url in ("http://localhost:4318", "https://[::1]:4318/otlp", ""):
        assert load(tmp_path, f'[observability]\notlp_endpoint = "{url}"').observability.otlp_endpoint == url


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
        "triggers.monthly_day: must be at most 28 (it is 40)",
        "split: train + val + test is 110 percent",
        'gates.confidence: must be a number (it is "high")',
        "gates.min_test_documents: must be a whole number (it is true)",
        "nope: there is no such setting; known: workspace, split",
        'RECTO_PRICE_PER_HOUR: must be a number (it is "cheap")',
    ):
        assert words in told


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[triggers", "this is no TOML"),
        (f"[triggers]\nnew_documents = {'9' * 5000}", "this is no TOML"),
        (
            "[triggers]\nscopes = ['a', 'general', 'a']",
            "triggers.scopes: a is named twice; `general` is always there",
        ),
        ("[triggers]\nscopes = ['a/b']", 'triggers.scopes.0: must hold no slash, .* .it is "a/b"'),
        ("[triggers]\nmix = {'a/b' = 1.0}", 'triggers.mix.a/b: must hold no slash, .* .it is "a/b"'),
        ("[triggers]\nmix = 3", "triggers.mix: must be a table"),
        ("[triggers]\nscopes = 'a'", "triggers.scopes: must be a list"),
        ("[triggers]\nrequire_balance = 1", "require_balance: must be true or false .it is 1"),
        ("[triggers]\nnew_documents = 2.5", "new_documents: must be a whole number .it is 2.5"),
        ("[triggers]\ncheck_every_s = 0", "check_every_s: must be more than 0 .it is 0"),
        ("[workspace]\ncurrency = ''", "currency: must not be empty"),
        ("[workspace]\ndatabase = 3", "database: must be a text in quotes"),
        ("[split]\ntrain = nan\nval = 0\ntest = 0", "split.train: must be a finite number"),
        ("[training]\nprice_per_hour = inf", "price_per_hour: must be a finite number .it is Infinity"),
        ("[training]\nrecipe = 3", "training.recipe: must be a path in quotes"),
        ("triggers = 3", "triggers: must be a table"),
        ("[[split]]\ntrain = 80", "split: must be a table"),
        ("[gates]\nconfidence = 1", "gates.confidence: must be less than 1"),
        ("[vlm]\nngram_window = 20", r"vlm: ngram_window .20. must be at least no_repeat_ngram .30."),
        ("[gates]\ncategory_margin = -0.1", "category_margin: must be at least 0"),
    ],
)
def test_single_mistakes(toml: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=words):
        load(tmp_path, toml)


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    environment = {
        "RECTO_DATABASE": "postgresql+psycopg://h/db",
        "RECTO_PRICE_PER_HOUR": "1.25",
        "RECTO_VLM_MODEL": "tiny",
        "RECTO_VLM_DEVICE": "cuda:1",
        "RECTO_TEXT_MODEL": "tinier",
        "RECTO_REMOTE_URL": "http://gpu:8000/v1",
        "RECTO_REMOTE_MODEL": "m",
    }
    assert set(environment) == set(ENVIRONMENT)
    settings = load(tmp_path, '[workspace]\ndatabase = "sqlite:///x.db"\n', environment)
    assert settings.workspace.database == "postgresql+psycopg://h/db"
    assert settings.training.price_per_hour == 1.25
    assert (settings.vlm.model, settings.vlm.device) == ("tiny", "cuda:1")
    assert settings.text.model == "tinier"
    assert (settings.remote.url, settings.remote.model) == ("http://gpu:8000/v1", "m")


def test_where_there_is_no_workspace_the_environment_counts_alone(tmp_path: Path) -> None:
    assert settings_here(tmp_path, {}) == Settings()
    assert settings_here(tmp_path, {"RECTO_VLM_DEVICE": "mps"}).vlm.device == "mps"
    with pytest.raises(SettingsError, match="RECTO_VLM_DEVICE"):
        settings_here(tmp_path, {"RECTO_VLM_DEVICE": "tpu"})
    (tmp_path / "recto.toml").write_text('[vlm]\nmode = "gundam"\nretry_temperatures = [0, 0.9]\n')
    (tmp_path / "scans").mkdir()
    inside = settings_here(tmp_path / "scans", {"RECTO_VLM_DEVICE": "cpu"}).vlm
    assert (inside.mode, inside.device, inside.retry_temperatures) == ("gundam", "cpu", (0.0, 0.9))


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
