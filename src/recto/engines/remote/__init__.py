"""The engine of servers: any that speaks OpenAI's protocol and sees images, such as vLLM and SGLang.

page → asking (image, words, arguments) → server (HTTP, tries) → answering → guards → Transcript
"""

from pathlib import Path

from recto.engines.remote.reader import RemoteEngine
from recto.engines.remote.server import Server
from recto.settings import Settings, settings_here

__all__ = ["RemoteEngine", "load"]


def load(model: Path | None = None, *, settings: Settings | None = None) -> RemoteEngine:
    """The engine as the catalog loads it, at [remote] url. It knows no model folders.

    Without `settings` those of the workspace around the current folder count, or the defaults. Raises
    SettingsError where no server is named, EngineError where it has to be asked for its model and can't.
    """
    remote = (settings or settings_here(Path())).remote
    return RemoteEngine(Server(remote), remote)
