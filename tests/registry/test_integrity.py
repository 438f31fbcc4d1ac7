"""All that is kept by its hash is read: what was changed or lost is named, with who misses it."""

from pathlib import Path

import pytest
from PIL import Image

from recto.datasets.corpus import add_examples
from recto.datasets.example import Example
from recto.datasets.splitting import Shares
from recto.engines.model_folder import RECOGNISER
from recto.registry.integrity import Damage, Kept, examine, kept
from recto.registry.store import release_folder
from recto.workspace.blobs import blob_path

from .conftest import Registry


@pytest.fixture
def blobs(registry: Registry, tmp_path: Path) -> dict[str, Path]:
    """Two documents and two Releases; where the documents' bytes are."""
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for shade, path in enumerate(paths):
        Image.new("L", (16, 12), shade).save(path)
    examples = [Example(path.name, path, f"text of {path.stem}", "receipt") for path in paths]
    added = add_examples(registry.workspace, examples, shares=Shares(1, 0, 0))
    assert not added.refused
    registry.add(b"one")
    registry.add(b"two")
    found = sorted(p for p in registry.workspace.blobs.glob("??/*"))
    by_bytes = {path.read_bytes(): path.name for path in paths}
    return {by_bytes[path.read_bytes()]: path for path in found}


def damages(registry: Registry) -> list[Damage]:
    return [damage for damage in examine(registry.workspace) if damage is not None]


def test_what_is_whole(registry: Registry, blobs: dict[str, Path]) -> None:
    assert kept(registry.workspace) == Kept(files=2, releases=2)
    assert list(examine(registry.workspace)) == [None] * 4


def test_damage_of_the_same_size_is_found_and_named(registry: Registry, blobs: dict[str, Path]) -> None:
    blobs["a.png"].unlink()
    blobs["b.png"].write_bytes(b"?" * blobs["b.png"].stat().st_size)
    folder = release_folder(registry.workspace, registry.add(b"three"))
    (folder / "model" / RECOGNISER).chmod(0o644)
    (folder / "model" / RECOGNISER).write_bytes(b"eerht")
    words = f"Release 3 isn't what was measured: model/{RECOGNISER} was changed"
    assert {(damage.path, damage.what) for damage in damages(registry)} == {
        (blobs["a.png"], "is missing: a.png"),
        (blobs["b.png"], "was changed: b.png"),
        (folder, words),
    }


def test_blobs_that_no_document_needs_are_no_matter(registry: Registry, blobs: dict[str, Path]) -> None:
    stray = blob_path(registry.workspace, "0" * 64)
    stray.parent.mkdir()
    stray.write_bytes(b"left by a kill")
    assert damages(registry) == []
