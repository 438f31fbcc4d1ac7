"""Which engines exist: a plain table, name → "module:function", loaded only when asked for."""

from importlib import import_module
from pathlib import Path
from typing import cast

from recto.engines.engine import Engine
from recto.errors import EngineError, UnknownEngine

ENGINES: dict[str, str] = {
    "ppocr": "recto.engines.ppocr:load",
    "rapidocr": "recto.engines.rapidocr:load",
    "tesseract": "recto.engines.tesseract:load",
    "fake": "recto.engines.fake:load",
}

DEFAULT_ENGINE = "ppocr"
FINE_TUNABLE = frozenset({"ppocr"})


def load(name: str = DEFAULT_ENGINE, *, model: Path | None = None) -> Engine:
    """The engine called `name`, reading with the weights of the model folder `model` if one is given.

    Raises UnknownEngine, MissingPackage (with what to install) or ModelFolderError.
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
    return cast(Engine, factory(model=model) if model is not None else factory())
