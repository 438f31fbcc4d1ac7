"""`recto verify` says what isn't as it was, by name and by exit code."""

from recto.engines.model_folder import RECOGNISER

from .conftest import Place, call


def test_verify(place: Place) -> None:
    done = call("verify")
    assert (done.exit_code, done.output) == (
        0,
        "read: files of documents 0, Releases 3; damaged: 0\n",
    )
    call("add", place.page, "--category", "receipt", "--no-read")
    assert call("verify").output.startswith("read: files of documents 1,")
    (blob,) = (place.folder / "blobs").glob("??/*")
    blob.write_bytes(b"?" * blob.stat().st_size)
    (place.folder / "releases" / "0002" / "model" / RECOGNISER).unlink()
    done = call("verify")
    assert done.exit_code == 1
    assert f"{blob}: was changed: page.png\n" in done.output
    assert f"{place.folder / 'releases' / '0002'}: Release 2 isn't what was measured" in done.output
    assert "damaged: 2\n" in done.output
    call("add", place.page, "--category", "receipt", "--no-read")
    assert "damaged: 1\n" in call("verify").output
