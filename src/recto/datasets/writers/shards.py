"""WebDataset shards: every sample is a document beside its `.json`; written by the webdataset library."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from recto.datasets.example import Dataset, Example
from recto.datasets.naming import SPLITS, suffix_of
from recto.datasets.packages import need
from recto.datasets.pages import document_bytes
from recto.datasets.row import row_from_example
from recto.datasets.strict_json import dump_json
from recto.datasets.writers.places import new_file, new_folder, with_places

BYTES_PER_SHARD = 1 << 30


def write(dataset: Dataset, out: Path, *, replace: bool) -> None:
    """Write `out` as one shard if it ends in `.tar`, else as a folder of shards per split."""
    examples = tuple(example for example, _ in with_places(dataset.examples, lambda e: e.image))
    if out.suffix.lower() == ".tar":
        with new_file(out, replace=replace) as file:
            _write_shards(examples, [file])
        return
    with new_folder(out, replace=replace) as folder:
        for split in (*SPLITS, None):
            part = [example for example in examples if example.split == split]
            names = (folder / f"{split or 'unsplit'}-{number:06d}.tar" for number in range(1_000_000))
            if part:
                _write_shards(part, names)


def _write_shards(examples: Iterable[Example], shards: Iterable[Path]) -> None:
    """Fill one shard after the other; the last one takes whatever is left."""
    writer_of = need("webdataset.writer", "WebDataset shards").TarWriter
    names = iter(shards)
    writer, size = writer_of(str(next(names)), encoder=False), 0
    try:
        for number, example in enumerate(examples):
            document = document_bytes(example)
            if size and size + len(document) > BYTES_PER_SHARD and (name := next(names, None)) is not None:
                writer.close()
                writer, size = writer_of(str(name), encoder=False), 0
            suffix = PurePosixPath(example.image).suffix or suffix_of(document) or ".bin"
            row = dump_json(row_from_example(example)).encode()
            writer.write({"__key__": f"{number:08d}", suffix[1:].lower(): document, "json": row})
            size += len(document)
    finally:
        writer.close()
