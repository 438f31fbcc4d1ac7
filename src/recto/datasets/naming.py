"""What a document's name says (category, split), which names are safe, and how collisions are resolved.

Names inside a dataset are relative POSIX paths. Nothing here opens a file.
"""

import posixpath
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

from recto.datasets.example import Split

SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test")
SPLIT_WORDS: Final[dict[str, Split]] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
}
DOCUMENT_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".pdf"})
SHARD_PATTERNS: Final = ("*.tar", "*.tar.*", "*.tgz")
NO_CATEGORY = "other"

_CATEGORY = re.compile(r"([^\W\d_]+(?:[_-][^\W\d_]+)*)(?:[ _.-]*\(?\d+\)?)*$")
_MEANINGLESS = frozenset({"img", "image", "dsc", "dscn", "scan", "page", "doc", "document", "file", "photo"})
_MAX_NAME = 1024
_MAGIC = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG": ".png",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"%PDF-": ".pdf",
}


def category_from_name(image: str) -> str:
    """`train/tax_form_012.jpg` → `tax_form`; "other" where the name is no word (`IMG_2031`, a hash)."""
    stem = PurePosixPath(image).stem.lower()
    match = _CATEGORY.match(stem)
    if match is None or len(match[1]) < 3 or match[1] in _MEANINGLESS:
        return NO_CATEGORY
    return match[1].replace("-", "_")


def split_from_name(image: str) -> Split | None:
    """The split that the document's first folder names (`val/a.jpg` → val), or None."""
    parts = PurePosixPath(image).parts
    return SPLIT_WORDS.get(parts[0].lower()) if len(parts) > 1 else None


def split_from_word(word: str) -> Split:
    """`validation`, `valid` and `dev` are `val`. Raises ValueError for words that name no split."""
    split = SPLIT_WORDS.get(word.lower())
    if split is None:
        raise ValueError(f"no split is called {word[:40]!r}; splits are train, val and test")
    return split


def safe_name(image: str) -> str:
    """`image` as a plain relative path. Raises ValueError where it is none, or climbs out of its folder."""
    if not image.strip() or len(image) > _MAX_NAME or not image.isprintable():
        raise ValueError(f"{image[:40]!r} is no file name")
    windows = PureWindowsPath(image)
    if image.startswith(("/", "~")) or windows.drive or windows.root:
        raise ValueError(f"the path {image[:120]!r} is absolute; it must be relative to the annotations")
    plain = posixpath.normpath(image)
    if ".." in windows.parts and (plain.startswith("..") or "\\" in image):
        raise ValueError(f"the path {image[:120]!r} leads out of the dataset's folder")
    if plain == ".":
        raise ValueError(f"{image[:40]!r} is no file name")
    return plain


def free_name(image: str, taken: set[str]) -> str:
    """`image`, or `image-2`, `image-3`, … before the suffix: the first not in `taken` (lower-case names)."""
    path = PurePosixPath(image)
    name, number = image, 1
    while name.lower() in taken:
        number += 1
        name = str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
    return name


def in_split_folder(image: str, split: Split | None) -> str:
    """The name under the folder of its split: `images/a.jpg` in test → `test/a.jpg`; as it is without one."""
    path = PurePosixPath(image)
    inside = len(path.parts) > 1 and path.parts[0] in SPLITS
    if split is None:
        return str(PurePosixPath("unsplit", *path.parts[1:])) if inside else image
    if inside:
        return str(PurePosixPath(split, *path.parts[1:]))
    return str(PurePosixPath(split, path.name))


def suffix_of(head: bytes) -> str:
    """The file suffix that the first bytes of a document tell (`.jpg`); "" where they tell none."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for magic, suffix in _MAGIC.items() if head.startswith(magic)), "")
