"""Which engines exist: a plain table, name → "module:function", loaded only when asked for."""

from importlib import import_module
from pathlib import Path
from typing import cast

from recto.engines.engine import Engine
from recto.errors import EngineError, UnknownEngine
from recto.settings import Settings

ENGINES: dict[str, str] = {
    "ppocr": "recto.engines.ppocr:load",
    "rapidocr": "recto.engines.rapidocr:load",
    "tesseract": "recto.engines.tesseract:load",
    "vlm": "recto.engines.vlm:load",
    "remote": "recto.engines.remote:load",
    "fake": "recto.engines.fake:load",
}

DEFAULT_ENGINE = "ppocr"
FINE_TUNABLE = frozenset({"ppocr", "vlm"})
WITH_SETTINGS = frozenset({"vlm", "remote"})
"""The engines that have a table of their own in `recto.toml`."""


def load(
    name: str = DEFAULT_ENGINE, *, model: Path | None = None, settings: Settings | None = None
) -> Engine:
    """The engine called `name`, reading with the weights of the model folder `model` if one is given.

    `settings` are for engines that have a table in `recto.toml`; without them those of the workspace around
    the current folder count. Raises UnknownEngine, MissingPackage (with what to install), ModelFolderError,
    or what else keeps an engine from loading.
    """
    target = ENGINES.get(name)
    if target is None:
        raise UnknownEngine(f"no engine is called {name!r}", hint=f"engines: {', '.join(ENGINES)}")
    if model is not None and name not in FINE_TUNABLE:
        raise EngineError(
            f"engine {name!r} can't use a model folder",
            where=model,
            hint=f"--model works with: {', '.join(sorted(FINE_TUNABLE))}",
        )
    module, function = target.split(":")
    factory = getattr(import_module(module), function)
    given: dict[str, object] = {"model": model} if model is not None else {}
    if name in WITH_SETTINGS:
        given["settings"] = settings
    return cast(Engine, factory(**given))
