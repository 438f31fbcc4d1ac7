"""WebDataset: tar shards of samples (`0001.jpg` beside `0001.json` or `0001.txt`), streamed.

A shard is passed through once, member by member; nothing is unpacked to disk. Of an uncompressed shard
only the annotations are taken into memory, and each document's place is remembered; a compressed one
can't be entered in the middle, so its documents are kept as they come.
"""

import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from recto.datasets.example import Example, JsonValue, Packed
from recto.datasets.naming import DOCUMENT_SUFFIXES, SHARD_PATTERNS
from recto.datasets.packages import need
from recto.datasets.packed import Archive, TarMember, stamp_of
from recto.datasets.problem import Reading, RowPlace
from recto.datasets.readers.parquet import split_from_shard
from recto.datasets.row import example_from_row
from recto.datasets.strict_json import parse_json
from recto.errors import DatasetError

MAX_TEXT_BYTES = 64 << 20
_TEXTS = frozenset({".json", ".txt"})
Member = dict[str, object]


def read(path: Path) -> Reading:
    """The Examples of one shard, or of every shard of a folder (`.tar`, `.tar.gz`, `.tgz` …), by name."""
    reading = Reading()
    inside = {shard for pattern in SHARD_PATTERNS for shard in path.glob(pattern)}
    for shard in sorted(inside) if path.is_dir() else [path]:
        _read_shard(shard, reading)
    return reading


def _read_shard(shard: Path, reading: Reading) -> None:
    group_by_keys = need("webdataset.tariterators", "WebDataset shards").group_by_keys
    number = 0
    try:
        for sample in group_by_keys(_members(shard)):
            number += 1
            origin = RowPlace(shard, str(sample["__key__"]))
            try:
                reading.examples.append(_example(sample, origin))
            except ValueError as error:
                reading.wrong(origin, str(error))
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise DatasetError(
            f"the archive can't be read beyond sample {number}: {_sentence(error)}",
            where=shard,
        ) from None


def _members(shard: Path) -> Iterator[Member]:
    """Files in order, as WebDataset's grouping wants them; documents as TarMember if possible."""
    plain = _is_plain_tar(shard)
    place = Archive(shard, stamp_of(shard))
    with tarfile.open(shard, "r:" if plain else "r|*") as archive:
        for member in archive:
            suffix = PurePosixPath(member.name).suffix.lower()
            if not member.isreg() or suffix not in DOCUMENT_SUFFIXES | _TEXTS:
                continue
            data: bytes | Packed
            if suffix in DOCUMENT_SUFFIXES and plain:
                data = TarMember(place, member.name, member.offset_data, member.size)
            elif member.size > MAX_TEXT_BYTES and suffix in _TEXTS:
                raise tarfile.ReadError(f"{member.name} has {member.size:,} bytes, too many for a text")
            else:
                file = archive.extractfile(member)
                data = b"" if file is None else file.read()
            yield {"fname": member.name, "data": data, "__url__": str(shard)}


def _is_plain_tar(shard: Path) -> bool:
    with shard.open("rb") as file:
        return file.read(262)[257:] == b"ustar"


def _example(sample: dict[str, object], origin: RowPlace) -> Example:
    suffix = next((s for s in sample if f".{s.rpartition('.')[2]}" in DOCUMENT_SUFFIXES), None)
    if suffix is None:
        raise ValueError("the sample holds no image or PDF")
    row = _row(sample)
    row.setdefault("image", f"{sample['__key__']}.{suffix}")
    if row.get("split") is None:
        row["split"] = split_from_shard(origin.file)
    source = sample[suffix]
    assert isinstance(source, bytes | TarMember)
    return example_from_row(row, source, root=None, origin=str(origin))


def _row(sample: dict[str, object]) -> dict[str, JsonValue]:
    row: JsonValue = {}
    annotation, text = sample.get("json"), sample.get("txt")
    if isinstance(annotation, bytes):
        row = parse_json(annotation.decode("utf-8-sig"))
    if not isinstance(row, dict):
        raise ValueError(f"the sample's JSON must be an object with keys, not {type(row).__name__}")
    if isinstance(text, bytes):
        row.setdefault("text", text.decode("utf-8-sig"))
    return row


def _sentence(error: Exception) -> str:
    return str(error.args[0] if error.args else error)[:200]
