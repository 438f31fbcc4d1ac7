"""Settings: the tables of `recto.toml`, and how they are read. Everything below takes them as values."""

from recto.settings.engines import Computing, RemoteSettings, TextSettings, VlmSettings
from recto.settings.loading import (
    ENVIRONMENT,
    FILE_NAME,
    Settings,
    default_toml,
    load_settings,
    nearest_workspace,
    settings_here,
)
from recto.settings.loop import (
    GateSettings,
    SplitSettings,
    TrainingSettings,
    TriggerSettings,
    WorkspaceSettings,
)
from recto.settings.review import ReviewSettings
from recto.settings.serving import (
    AccessSettings,
    AgentSettings,
    ExtractionSettings,
    JobSettings,
    ObservabilitySettings,
    PrivacySettings,
    ServingSettings,
    UploadSettings,
)

__all__ = [
    "ENVIRONMENT",
    "FILE_NAME",
    "AccessSettings",
    "AgentSettings",
    "Computing",
    "ExtractionSettings",
    "GateSettings",
    "JobSettings",
    "ObservabilitySettings",
    "PrivacySettings",
    "RemoteSettings",
    "ReviewSettings",
    "ServingSettings",
    "Settings",
    "SplitSettings",
    "TextSettings",
    "TrainingSettings",
    "TriggerSettings",
    "UploadSettings",
    "VlmSettings",
    "WorkspaceSettings",
    "default_toml",
    "load_settings",
    "nearest_workspace",
    "settings_here",
]
