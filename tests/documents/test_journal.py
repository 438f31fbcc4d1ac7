"""The journal holds every page once, whatever happened to the process that wrote it."""

import json
from pathlib import Path

import pytest

from recto.documents.journal import Journal, json_line
from recto.documents.transcript import Line, Transcript, transcript_from_json
from recto.errors import OutputError


def said(document: str, page: int, sha256: str = "aa", text: str = "Größe 12 €") -> Transcript:
    line = Line(text, (0, 0, 10, 5), 0.5)
    return Transcript(document, page, 20, 30, text, (line,), "fake 1", sha256=sha256)


def write(path: Path, *transcripts: Transcript) -> bytes:
    with Journal(path) as journal:
        for transcript in transcripts:
            journal.append(transcript)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["a.jpg", "größe.jpg", "bytes\udcff.jpg", 'quote".jpg', "line\nbreak.jpg"])
def test_lines_are_json_whatever_the_name(name: str) -> None:
    line = json_line(said(name, 1))
    assert line.count(b"\n") == 1
    assert transcript_from_json(json.loads(line)) == said(name, 1)


def test_pages_are_remembered_and_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, said("a", 2), said("b", 1, "bb"), said("a", 1))
    with Journal(path) as journal:
        assert set(journal.finished("a", "aa")) == {1, 2}
        assert list(journal.transcripts("a", "aa")) == [said("a", 1), said("a", 2)]
        assert journal.finished("c", "cc") == {}
        assert journal.engines == {"fake 1"}


def test_a_torn_last_line_is_cut_off_at_every_length(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    first = write(path, said("a", 1))
    both = write(path, said("a", 2))
    for length in range(len(first), len(both)):
        path.write_bytes(both[:length])
        assert write(path, said("a", 2)) == both
    path.write_bytes(first + b"\0" * 50 + b"\n")
    assert write(path) == first


def test_damage_before_the_end_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(json_line(said("a", 1)) + b"{}\n" + json_line(said("a", 2)))
    with pytest.raises(OutputError, match=r"t.jsonl:2: "):
        Journal(path)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with Journal(tmp_path / "t.jsonl"), pytest.raises(OutputError, match="another process"):
        Journal(tmp_path / "t.jsonl")


def test_a_changed_document_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", said("a", 1))
    with (
        Journal(tmp_path / "t.jsonl", names=frozenset({"a"})) as journal,
        pytest.raises(OutputError, match="changed"),
    ):
        journal.finished("a", "other")


def test_copies_are_kept_apart_and_renamed_documents_are_known(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", said("in/a", 1), said("in/copy", 1))
    with Journal(tmp_path / "t.jsonl", names=frozenset({"in/a", "in/new"})) as journal:
        assert journal.finished("in/a", "aa")
        assert journal.finished("in/new", "aa")  # "in/copy" under another name
    with Journal(tmp_path / "t.jsonl", names=frozenset({"in/a", "in/copy", "in/third"})) as journal:
        assert journal.finished("in/third", "aa") == {}


def test_a_place_that_cant_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be written"):
        Journal(tmp_path / "missing" / "t.jsonl")
