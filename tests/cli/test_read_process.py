"""`recto read` as a process of its own: killed and resumed, its reader gone, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

MakePdf = Callable[..., bytes]
RECTO = [sys.executable, "-c", "from recto.cli import main; main()", "read", "--engine", "fake"]

# The fake engine with time to be killed in: it reads one page at a time, and takes 3 ms for it.
SLOW_RECTO = [
    sys.executable,
    "-c",
    """
import time
from recto.engines.fake import FakeEngine
quick = FakeEngine.read
FakeEngine.batch_pages = 1
FakeEngine.read = lambda self, pages: time.sleep(0.003) or quick(self, pages)
from recto.cli import main
main()
""",
    "read", "--engine", "fake",
]  # fmt: skip


def finished(out: Path) -> list[tuple[str, int]]:
    """Document and page of every whole line."""
    lines = (out / "transcripts.jsonl").read_bytes().split(b"\n")[:-1]
    return [(value["document"], value["page"]) for value in map(json.loads, lines)]


def size(out: Path) -> int:
    journal = out / "transcripts.jsonl"
    return journal.stat().st_size if journal.exists() else 0


def test_no_page_is_lost_or_doubled_when_killed(tmp_path: Path, make_pdf: MakePdf) -> None:
    books = tmp_path / "books"
    books.mkdir()
    for name, pages in (("a.pdf", 70), ("b.pdf", 1), ("c.pdf", 90)):
        (books / name).write_bytes(make_pdf(pages, text=f"{name} {{n}}"))
    out = tmp_path / "out"
    command = [*SLOW_RECTO, str(books), "--out", str(out), "--dpi", "20", "--format", "text", "--resume"]
    for _ in range(3):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        started, deadline = size(out), time.monotonic() + 60
        while size(out) < started + 5_000 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    killed_at = len(finished(out))
    with (out / "transcripts.jsonl").open("ab") as journal:
        journal.write(b'{"document": "a.pdf", "te')
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{killed_at} were finished before" in done.stderr
    pages = finished(out)
    wanted = {
        (str(books / name), n)
        for name, last in (("a.pdf", 70), ("b.pdf", 1), ("c.pdf", 90))
        for n in range(1, last + 1)
    }
    assert len(pages) == len(wanted)
    assert set(pages) == wanted
    texts = {path.name: path.read_text().count("\f") + 1 for path in out.glob("*.txt")}
    assert texts == {"a.pdf.txt": 70, "b.pdf.txt": 1, "c.pdf.txt": 90}
    assert not list(out.glob("*.part"))


def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path, make_pdf: MakePdf) -> None:
    (tmp_path / "book.pdf").write_bytes(make_pdf(60))
    process = subprocess.Popen(
        [*RECTO, str(tmp_path / "book.pdf"), "--dpi", "20"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=30) == 141


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_keeps_what_is_read(tmp_path: Path, make_pdf: MakePdf) -> None:
    (tmp_path / "book.pdf").write_bytes(make_pdf(400))
    out = tmp_path / "out"
    command = [*SLOW_RECTO, str(tmp_path / "book.pdf"), "--dpi", "20", "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while size(out) < 2_000 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "--resume" in stderr and "Traceback" not in stderr
    assert 0 < len(finished(out)) < 400


def test_errors_of_the_call_have_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [*RECTO, str(tmp_path / "none.jpg")], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and "hint:" in done.stderr and "Traceback" not in done.stderr
