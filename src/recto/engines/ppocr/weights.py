"""Where the PP-OCRv6 weights are: inside the installed rapidocr package, so nothing is downloaded.

It locates and fingerprints files; it compiles nothing (see `networks`).
"""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from recto.errors import MissingPackage

BASE = "PP-OCRv6-small"
DETECTOR_FILE = "PP-OCRv6_det_small.onnx"
RECOGNISER_FILE = "PP-OCRv6_rec_small.onnx"

HINT = "install the version that recto was built with: pip install 'rapidocr==3.10.0'"


def weights_folder() -> Path:
    """The folder of weights inside the rapidocr package, found without importing it."""
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise MissingPackage(
            "the rapidocr package, which carries the PP-OCRv6 weights, is missing", hint=HINT
        )
    return Path(spec.origin).parent / "models"


def weights_path(name: str) -> Path:
    """The path of one weights file. Raises MissingPackage where this rapidocr doesn't carry it."""
    path = weights_folder() / name
    if not path.is_file():
        raise MissingPackage("this rapidocr doesn't carry the PP-OCRv6 weights", where=path, hint=HINT)
    return path


@cache
def sha256_of(path: Path) -> str:
    """The hash of a weights file, read once per process."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
