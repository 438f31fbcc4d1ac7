"""Which format a dataset has: told by what is in it first, and by names only where content can't tell."""

from pathlib import Path

from recto.datasets.naming import SHARD_PATTERNS
from recto.datasets.readers.folder import documents_in
from recto.datasets.readers.sheets import sheet_files
from recto.datasets.strict_json import parse_json
from recto.errors import DatasetError

KNOWN = (
    "annotations.json, JSON Lines, Parquet, WebDataset (.tar), Hugging Face datasets, Label Studio's JSON, "
    "ALTO, PAGE XML, hOCR, a folder of documents"
)
METADATA_NAMES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
_PATTERNS = (
    ("*.parquet", "parquet"),
    ("data/*.parquet", "parquet"),
    *((pattern, "webdataset") for pattern in SHARD_PATTERNS),
)
_SUFFIXES = {
    ".json": "annotations",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".tar": "webdataset",
    ".tgz": "webdataset",
    ".csv": "imagefolder",
}


def detect_format(path: Path) -> str:
    """The name of the format of `path`, one of `loading.READERS` or "pairs".

    Raises DatasetError where there is nothing, or nothing that recto knows.
    """
    try:
        if path.is_dir():
            return _folder_format(path)
        if path.is_file():
            return _file_format(path)
    except (OSError, ValueError) as error:
        raise DatasetError(f"can't be read: {error}", where=path) from None
    raise DatasetError("there is no such file or folder", where=path)


def _folder_format(folder: Path) -> str:
    names = {entry.name for entry in folder.iterdir()}
    if {"annotations.json", "annotations.jsonl"} <= names:
        raise DatasetError(
            "both annotations.json and annotations.jsonl are here",
            where=folder,
            hint="give the path of the one that counts",
        )
    if names & {"dataset_dict.json", "state.json"}:
        return "saved"
    if "annotations.json" in names:
        return "annotations"
    if "annotations.jsonl" in names:
        return "jsonl"
    if any((place / name).is_file() for place in _with_subfolders(folder) for name in METADATA_NAMES):
        return "imagefolder"
    return _by_content(folder)


def _by_content(folder: Path) -> str:
    for pattern, name in _PATTERNS:
        if any(folder.glob(pattern)):
            return name
    if any(sheet_files(folder)):
        return "sheets"
    if any(documents_in(folder)):
        return "folder"
    raise DatasetError("this folder holds no dataset that recto knows", where=folder, hint=f"known: {KNOWN}")


def _with_subfolders(folder: Path) -> list[Path]:
    return [folder, *sorted(entry for entry in folder.iterdir() if entry.is_dir())]


def _file_format(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise DatasetError("the file is empty", where=path)
    found = _by_name_of_metadata(path) or _by_magic(head) or _by_json(path, head) or _by_standard(path)
    found = found or _by_suffix(path)
    if found is None:
        raise DatasetError("this file is no dataset that recto knows", where=path, hint=f"known: {KNOWN}")
    return found


def _by_name_of_metadata(path: Path) -> str | None:
    return "imagefolder" if path.name in METADATA_NAMES else None


def _by_magic(head: bytes) -> str | None:
    if head.startswith(b"PAR1"):
        return "parquet"
    return "webdataset" if head[257:262] == b"ustar" else None


def _by_standard(path: Path) -> str | None:
    return "sheets" if any(sheet_files(path)) else None


def _by_json(path: Path, head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        return "label_studio" if _is_label_studio(path, text) else "annotations"
    if text.startswith(b"{") and path.suffix.lower() in (".jsonl", ".ndjson", ".json", ""):
        return _json_lines_format(path)
    return None


def _is_label_studio(path: Path, head: bytes) -> bool:
    """Whether a list's first entry is a task: `data` beside `annotations`, and no `image` of its own."""
    if b'"annotations"' not in head and b'"data"' not in head:
        return False
    try:
        entries = parse_json(path.read_bytes().decode("utf-8-sig"))
    except ValueError:
        return False
    first = entries[0] if isinstance(entries, list) and entries else None
    return isinstance(first, dict) and {"data", "annotations"} <= set(first) and "image" not in first


def _by_suffix(path: Path) -> str | None:
    if any(word in path.name.lower() for word in (".tar.", ".tgz")):
        return "webdataset"
    return _SUFFIXES.get(path.suffix.lower())


def _json_lines_format(path: Path) -> str:
    """JSON Lines are entries with an image, or extraction pairs: the first line tells."""
    with path.open("rb") as file:
        line = file.readline(1 << 26)
    try:
        first = parse_json(line.decode("utf-8-sig"))
    except ValueError:
        return "annotations" if path.suffix.lower() == ".json" else "jsonl"
    is_pair = isinstance(first, dict) and {"input", "output"} <= set(first) and "image" not in first
    return "pairs" if is_pair else "jsonl"
