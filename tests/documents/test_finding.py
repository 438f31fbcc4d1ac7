"""Which files paths mean: each once, sorted, with a name of its own."""

from pathlib import Path

import pytest

from recto.documents.finding import find_documents
from recto.errors import DocumentNotFound


@pytest.fixture
def tree(tmp_path: Path, samples: dict[str, bytes]) -> Path:
    files = ("b/x.jpg", "a/x.jpg", "a/deep/y.pdf", "a/.hidden/z.jpg", "a/.z.jpg", "a/notes.txt", "a/nameless")
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(samples["photo.jpg"])
    (tmp_path / "a/notes.txt").write_text("not a document")
    return tmp_path


def relative(paths: list[str], **options: Path) -> list[str]:
    return [str(file.relative) for file in find_documents(paths, **options).files]


def test_folders_are_walked_sorted_without_hidden_and_other_files(tree: Path) -> None:
    found = find_documents([str(tree)])
    names = [str(file.relative) for file in found.files]
    assert names == ["a/nameless", "a/x.jpg", "a/deep/y.pdf", "b/x.jpg"]
    assert found.others == 1
    assert found.files[1].path == tree / "a/x.jpg"


def test_names_stay_apart_below_the_common_folder(tree: Path) -> None:
    a, b = str(tree / "a/x.jpg"), str(tree / "b/x.jpg")
    assert relative([a, b]) == ["a/x.jpg", "b/x.jpg"]
    assert relative([a]) == ["x.jpg"]
    assert relative([str(tree / "a")]) == ["nameless", "x.jpg", "deep/y.pdf"]


def test_what_is_named_twice_is_read_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert relative(["a/x.jpg", "./a/x.jpg", str(tree / "a/x.jpg"), "a", "b/../a/x.jpg"])[0] == "x.jpg"
    assert len(relative(["a/x.jpg", "a", "."])) == 4


def test_globs(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert relative(["*/x.jpg"]) == ["a/x.jpg", "b/x.jpg"]
    assert relative(["**/*.pdf"]) == ["y.pdf"]
    (tree / "odd[1].jpg").write_bytes(b"")
    assert relative(["odd[1].jpg"]) == ["odd[1].jpg"]


def test_missing_paths_are_told_beside_what_is_there(tree: Path) -> None:
    found = find_documents([str(tree / "b"), str(tree / "no.jpg")])
    assert found.missing == (str(tree / "no.jpg"),)
    assert len(found.files) == 1


def test_nothing_at_all(tree: Path) -> None:
    with pytest.raises(DocumentNotFound, match="no file matches"):
        find_documents([str(tree / "*.bmp")])
    (tree / "empty").mkdir()
    with pytest.raises(DocumentNotFound, match="no documents in there"):
        find_documents([str(tree / "empty")])


def test_the_folder_of_results_is_left_out(tree: Path) -> None:
    assert relative([str(tree)], leave_out=tree / "a") == ["b/x.jpg"]


def test_a_file_named_by_itself_is_taken_whatever_it_is(tree: Path) -> None:
    assert relative([str(tree / "a/notes.txt")]) == ["notes.txt"]
