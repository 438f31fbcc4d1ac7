"""A file appears whole under its name, or what was there before stays."""

from pathlib import Path

import pytest

from recto.documents.replacing import replace_file, replaced
from recto.errors import OutputError


def test_folders_are_made_and_no_part_stays(tmp_path: Path) -> None:
    replace_file(tmp_path / "a" / "b.txt", b"one")
    replace_file(tmp_path / "a" / "b.txt", b"two")
    assert [(p.name, p.read_bytes()) for p in (tmp_path / "a").iterdir()] == [("b.txt", b"two")]


def test_what_ends_badly_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    replace_file(path, b"old")
    with pytest.raises(KeyError), replaced(path) as stream:
        stream.write(b"half")
        raise KeyError
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.txt", b"old")]


def test_a_part_that_a_kill_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "a.txt.part").write_bytes(b"half")
    replace_file(tmp_path / "a.txt", b"whole")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"inside\.txt: can't be written"):
        replace_file(tmp_path / "file" / "inside.txt", b"")
