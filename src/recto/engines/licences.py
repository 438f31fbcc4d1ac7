"""What the licence of base weights asks of those who pass changed weights on: its text, and who made them.

The texts are those that came with the weights: in their own package, or in the store of base weights.
Nothing is looked up elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

from recto.engines.model_folder import ModelCard
from recto.engines.model_store import StoredModel, find_model
from recto.engines.weight_files import LICENCES
from recto.errors import MissingPackage, ModelNotFound

_PACKAGES = {"PP-OCRv6-small": "rapidocr"}
_WANTED = ("LICENSE", "MODEL_LICENSES.md")

_HOLDERS = {
    "PP-OCRv6-small": (
        "Copyright in the original weights is held by Baidu and/or the applicable PaddleOCR rights holders.\n"
        "They were converted to ONNX and packaged by the RapidOCR Authors. Both are licensed under the\n"
        "Apache License, Version 2.0 (LICENSE, and MODEL_LICENSES.md for where they come from)."
    )
}


@dataclass(frozen=True, slots=True)
class Papers:
    """What must go with weights made from base weights: files by name, and who holds which rights."""

    files: Mapping[str, bytes]
    holders: str


def papers(card: ModelCard) -> Papers:
    """The papers for passing on the model folder of `card`.

    Raises MissingPackage where the package that brought the base weights doesn't carry them, or where no
    licence is known, and ModelNotFound where the licence lies with base weights that aren't on this machine.
    """
    name = card.base.name
    if card.vlm is not None:
        return _of_stored(card)
    if name not in _PACKAGES:
        raise _unknown(name)
    return Papers(_of_package(_PACKAGES[name]), _HOLDERS[name])


def _of_package(name: str) -> dict[str, bytes]:
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        files = []
    found = {
        file.name: file.read_binary() for file in files if file.name in _WANTED and "licenses" in file.parts
    }
    missing = [wanted for wanted in _WANTED if wanted not in found]
    if missing:
        raise MissingPackage(
            f"the package {name} doesn't carry {' and '.join(missing)}",
            hint=f"install it again: pip install --force-reinstall {name}",
        )
    return found


def _of_stored(card: ModelCard) -> Papers:
    """The licence that came with base weights in the store: its texts, or at least its name."""
    stored = _stored(card)
    paths = [path for path in sorted(stored.path.iterdir()) if path.name.upper().startswith(LICENCES)]
    if not paths and not stored.licence:
        raise _unknown(card.base.name)
    files = {f"BASE-{path.name}": path.read_bytes() for path in paths}
    told = f"Licence of the base weights, as it came with them: {stored.licence or 'see the text'}"
    return Papers(files, f"{told} ({', '.join(files)})." if files else f"{told}.")


def _stored(card: ModelCard) -> StoredModel:
    """The base weights of `card` on this machine: the very ones, whatever has their name now."""
    stored = find_model(card.base.name)
    if stored.sha256 != card.base.sha256:
        raise ModelNotFound(
            f"the weights {card.base.name!r} on this machine are others than this model was made from",
            where=stored.path,
            hint=f"get those with the SHA-256 {card.base.sha256[:12]}…: recto models list",
        )
    return stored


def _unknown(base: str) -> MissingPackage:
    return MissingPackage(
        f"no licence is known for the base weights {base!r}",
        hint="pass the model folder on by yourself, with the licence of what it was made from",
    )
