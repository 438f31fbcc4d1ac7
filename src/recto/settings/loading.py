"""Reading `recto.toml` and the environment, once; the result is then passed on. No database is opened.

Unknown names are refused and all mistakes are reported together. What each setting means stands beside it,
once: `default_toml` writes those sentences into the file that `recto init` makes.
"""

import json
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from recto.errors import SettingsError
from recto.mistakes import refusal, sentence, unknown
from recto.settings.engines import RemoteSettings, TextSettings, VlmSettings
from recto.settings.loop import (
    GateSettings,
    SplitSettings,
    TrainingSettings,
    TriggerSettings,
    WorkspaceSettings,
)
from recto.settings.review import ReviewSettings
from recto.settings.serving import (
    DEFAULT_AGENTS,
    AccessSettings,
    AgentSettings,
    ExtractionSettings,
    JobSettings,
    ObservabilitySettings,
    PrivacySettings,
    ServingSettings,
    UploadSettings,
)
from recto.settings.table import SettingsTable, Word

FILE_NAME = "recto.toml"
_Table = dict[str, object]
ENVIRONMENT = {
    "RECTO_DATABASE": ("workspace", "database"),
    "RECTO_PRICE_PER_HOUR": ("training", "price_per_hour"),
    "RECTO_VLM_MODEL": ("vlm", "model"),
    "RECTO_VLM_DEVICE": ("vlm", "device"),
    "RECTO_TEXT_MODEL": ("text", "model"),
    "RECTO_REMOTE_URL": ("remote", "url"),
    "RECTO_REMOTE_MODEL": ("remote", "model"),
}
"""Variables that stand above the file: name → table and setting."""


class Settings(SettingsTable):
    """Everything that can be set; `Settings()` is what counts where nothing is said."""

    workspace: WorkspaceSettings = WorkspaceSettings()
    split: SplitSettings = SplitSettings()
    triggers: TriggerSettings = TriggerSettings()
    gates: GateSettings = GateSettings()
    training: TrainingSettings = TrainingSettings()
    vlm: VlmSettings = VlmSettings()
    text: TextSettings = TextSettings()
    remote: RemoteSettings = RemoteSettings()
    serving: ServingSettings = ServingSettings()
    uploads: UploadSettings = UploadSettings()
    extraction: ExtractionSettings = ExtractionSettings()
    access: AccessSettings = AccessSettings()
    jobs: JobSettings = JobSettings()
    review: ReviewSettings = ReviewSettings()
    observability: ObservabilitySettings = ObservabilitySettings()
    privacy: PrivacySettings = PrivacySettings()
    agents: dict[Word, AgentSettings] = Field(default=DEFAULT_AGENTS, validate_default=False)

    @field_validator("agents")
    @classmethod
    def _with_defaults(cls, agents: dict[str, AgentSettings]) -> dict[str, AgentSettings]:
        """An agent in the file stands in place of the default one of its name; the others stay."""
        return DEFAULT_AGENTS | agents


def nearest_workspace(path: Path) -> Path | None:
    """The folder at or above `path` whose FILE_NAME makes it a workspace; None where there is none.

    It is here since those who only look need no database, which takes longer to import than to ask.
    """
    start = path.resolve()
    return next((f for f in (start, *start.parents) if (f / FILE_NAME).is_file()), None)


def load_settings(folder: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of `folder`/recto.toml, with the environment above them.

    Raises SettingsError that lists every mistake of both.
    """
    path = folder / FILE_NAME
    tables = _parsed(path)
    training = tables.get("training")
    for name in ("recipe", "tagger_recipe"):
        if isinstance(training, dict) and isinstance(training.get(name), str):
            training[name] = folder / Path(training[name]).expanduser()
    return _checked(tables, environment, path)


def settings_here(start: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the workspace at or above `start`; without one, defaults below the environment.

    Raises SettingsError that lists every mistake.
    """
    folder = nearest_workspace(start)
    return load_settings(folder, environment) if folder else _checked({}, environment, "the environment")


def default_toml() -> str:
    """The text of a `recto.toml` that holds every setting at its default, each with what it means."""
    parts = [
        "# Settings of this recto workspace. Every line says what counts anyway if it is left out.",
        f"# The environment stands above this file: {', '.join(ENVIRONMENT)}.",
    ]
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, dict):
            for entry, value in field.default.items():
                parts += ["", f"[{name}.{entry}]", *_written(value)]
        else:
            parts += ["", f"[{name}]", *_written(field.default)]
    return "\n".join(parts) + "\n"


def _checked(tables: _Table, environment: Mapping[str, str], where: object) -> Settings:
    """The settings that `tables` and the environment make together."""
    _overlay(tables, environment)
    try:
        return Settings.model_validate(tables)
    except ValidationError as error:
        mistakes = [_told(detail, environment) for detail in error.errors()]
    raise refusal(mistakes, where=where, hint="docs/workspace.md lists all settings")


def _written(table: SettingsTable) -> list[str]:
    """The lines of one table: what it is, and each setting with what it means."""
    lines = [f"# {line}" for line in (table.__doc__ or "").splitlines()]
    for key, field in type(table).model_fields.items():
        value = getattr(table, key)
        absent = value is None
        shown = (field.examples or [""])[0] if absent else value
        name = field.alias or key
        lines.append(f"{'# ' if absent else ''}{name} = {_toml(shown)}  # {field.description}")
    return lines


def _parsed(path: Path) -> _Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError("there is no such file", where=path, hint="`recto init` writes one") from None
    except OSError as error:
        raise SettingsError(f"can't be read: {error.strerror}", where=path) from None
    except ValueError as error:  # of TOML, of UTF-8, or of a number with thousands of digits
        raise SettingsError(f"this is no TOML: {error}", where=path, hint='write `name = "value"`') from None


def _overlay(tables: _Table, environment: Mapping[str, str]) -> None:
    """Put the variables that are set into the tables; what is no number stays text, to be refused."""
    for variable, (table, key) in ENVIRONMENT.items():
        value = environment.get(variable)
        settings = tables.setdefault(table, {}) if value else None
        if not value or not isinstance(settings, dict):
            continue
        settings[key] = _number(value) if variable == "RECTO_PRICE_PER_HOUR" else value


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _told(error: ErrorDetails, environment: Mapping[str, str]) -> str:
    place = tuple(str(part) for part in error["loc"] if part != "[key]")
    name = next((v for v, at in ENVIRONMENT.items() if at == place and environment.get(v)), ".".join(place))
    if error["type"] == "extra_forbidden":
        return unknown(name, place[-1], _names_at(place))
    return sentence(error, name)


def _names_at(place: tuple[str, ...]) -> tuple[str, ...]:
    """The tables, or the settings of the table that `place` is in."""
    tables = Settings.model_fields
    if len(place) == 1:
        return tuple(tables)
    table = tables[place[0]].annotation
    of_entries = get_args(table)  # dict[name, table]
    fields = cast(type[SettingsTable], of_entries[1] if of_entries else table).model_fields
    return tuple(field.alias or name for name, field in fields.items())


def _toml(value: object) -> str:
    """A default as TOML: strings, numbers, booleans, lists of strings, and one level of tables."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("no setting is infinite by default")
    return json.dumps(value, ensure_ascii=False)
