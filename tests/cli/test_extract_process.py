"""`recto extract` as a process of its own: killed and resumed, its reader gone, Ctrl-C."""

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

# The fake engine with something to say, and time to be killed in: 3 ms for each page.
RECTO = [
    sys.executable,
    "-c",
    """
import time
from recto.documents.transcript import Line
from recto.engines.fake import FakeEngine
from dataclasses import replace
quick = FakeEngine.read
line = Line("Total: EUR 12.00", (0.0, 0.0, 60.0, 10.0), 0.9)
def slow(self, pages):
    time.sleep(0.003)
    return [replace(one, lines=(line,), text=line.text) for one in quick(self, pages)]
FakeEngine.batch_pages = 1
FakeEngine.read = slow
from recto.cli import main
main()
""",
    "extract", "--engine", "fake", "--schema", "receipt", "--dpi", "20",
]  # fmt: skip


def size(out: Path) -> int:
    journal = out / "transcripts.jsonl"
    return journal.stat().st_size if journal.exists() else 0


def test_what_is_killed_goes_on(tmp_path: Path, make_pdf: MakePdf) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf(1))
    (tmp_path / "b.pdf").write_bytes(make_pdf(150))
    out = tmp_path / "out"
    command = [*RECTO, str(tmp_path), "--out", str(out), "--resume"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while size(out) < 4_000 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert not (out / "b.pdf.fields.json").exists()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "were read before" in done.stderr
    answer = json.loads((out / "b.pdf.fields.json").read_text())
    assert answer["pages"] == 150
    assert answer["values"]["total"] == {"amount": "12.00", "currency": "EUR"}
    assert answer["fields"][0]["box"] is not None
    assert (out / "a.pdf.fields.json").exists()
    assert not list(out.glob("*.part"))


def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path, make_pdf: MakePdf) -> None:
    for number in range(60):
        (tmp_path / f"{number}.pdf").write_bytes(make_pdf(1, text=f"{number} {{n}}"))
    process = subprocess.Popen([*RECTO, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
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
    command = [*RECTO, str(tmp_path / "book.pdf"), "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while size(out) < 2_000 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "--resume" in stderr and "Traceback" not in stderr
