"""Means: whether the service has what the extractor of its settings needs; looked at before it starts.

Nothing is loaded.
"""

from importlib.util import find_spec

from recto.engines.model_store import find_model
from recto.errors import MissingPackage, SettingsError
from recto.settings import Settings

_NEEDED = {
    "text": ("vlm", ("torch", "transformers", "llguidance")),
    "vision": ("vlm", ("torch", "transformers", "llguidance")),
    "remote": ("remote", ("httpx",)),
}


def check_means(settings: Settings) -> None:
    """Raise MissingPackage, ModelNotFound, EngineError or SettingsError for what the extractor lacks."""
    extractor = settings.extraction.extractor
    if extractor == "tagger":
        return
    extra, needed = _NEEDED[extractor]
    for name in needed:
        if find_spec(name) is None:
            raise MissingPackage(
                f"[extraction] extractor = {extractor!r} needs {name}, which isn't installed",
                hint=f"pip install 'recto[{extra}]'",
            )
    match extractor:
        case "text":
            find_model(settings.text.model)
        case "vision":
            from recto.engines.vlm.opening import check_sees

            check_sees(find_model(settings.vlm.model))
        case "remote":
            if not settings.remote.url:
                raise SettingsError(
                    "[extraction] extractor is remote, and no server is named", where="[remote] url"
                )
