"""Decoders: real processes, real hostile files, real kills."""

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from recto.documents.opening import open_document
from recto.errors import (
    BrokenDocument,
    DocumentError,
    DocumentNotFound,
    DocumentTooLarge,
    Draining,
    EmptyDocument,
    TruncatedDocument,
    UnsupportedDocument,
)
from recto.serving.decoding import child
from recto.serving.decoding.pool import Decoders
from recto.serving.decoding.process import DecoderProcess
from recto.serving.decoding.protocol import OVER_MEMORY
from recto.settings import UploadSettings

Samples = dict[str, bytes]
MakePdf = Callable[..., bytes]
FromObjects = Callable[[list[bytes]], bytes]


def with_decoders(
    work: Callable[[Decoders], Awaitable[None]], settings: UploadSettings | None = None
) -> None:
    """Run the work with decoders that are ready; none of their processes is left afterwards."""

    async def run() -> None:
        decoders = Decoders(settings or UploadSettings(decode_workers=1))
        await decoders.start()
        try:
            await work(decoders)
        finally:
            pids = decoders.pids
            await decoders.close()
        assert not any(psutil.pid_exists(pid) for pid in pids)

    asyncio.run(run())


async def read(decoders: Decoders, data: bytes, number: int = 1) -> np.ndarray:
    async with decoders.open(data, name="upload", max_pages=50, tenant="ann") as opened:
        return (await opened.page(number)).image


def pdf_of_curves(count: int, make: FromObjects) -> bytes:
    """A page of so many curves that rendering it takes PDFium a while."""
    curves = b"".join(
        b"%d %d m %d %d %d %d %d %d c S\n" % tuple((i * k) % 580 for k in (7, 11, 13, 17, 19, 23, 29, 31))
        for i in range(count)
    )
    packed = zlib.compress(b"6 w\n" + curves, 1)
    return make(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        ]
    )


@pytest.fixture(scope="module")
def slow_pdf(make_pdf_from_objects: FromObjects) -> bytes:
    """Nobody waits for the end of this one."""
    return pdf_of_curves(300_000, make_pdf_from_objects)


@pytest.fixture(scope="module")
def lengthy_pdf(make_pdf_from_objects: FromObjects) -> bytes:
    """Long enough to be killed meanwhile, and then to be read."""
    return pdf_of_curves(10_000, make_pdf_from_objects)


@pytest.fixture(scope="module")
def bomb_pdf(make_pdf_from_objects: FromObjects) -> bytes:
    """4 kB that unpack to 1 GB, packed twice: drawing instructions that never end."""
    packing = zlib.compressobj(9)
    once = b"".join(packing.compress(b" " * 1_000_000) for _ in range(1000)) + packing.flush()
    packed = zlib.compress(once, 9)
    return make_pdf_from_objects(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>",
            b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream"
            % (len(packed), packed),
        ]
    )


def test_pages_are_what_documents_make_of_them(samples: Samples) -> None:
    async def work(decoders: Decoders) -> None:
        for name, data in samples.items():
            pages = list(open_document(data))
            async with decoders.open(data, name=name, max_pages=50, tenant="ann") as opened:
                assert (opened.page_count, opened.sha256) == (len(pages), pages[0].sha256)
                for page in reversed(pages):
                    found = await opened.page(page.number)
                    assert np.array_equal(found.image, page.image)
                    assert found.image.flags.writeable
                    assert (found.document, found.number, found.dpi) == (name, page.number, page.dpi)

    with_decoders(work)


@pytest.mark.parametrize("source", ["path", "bytes", "file", "spooled"])
def test_every_kind_of_source(source: str, samples: Samples, tmp_path: Path) -> None:
    data = samples["scan.png"]
    (tmp_path / "passwd").write_bytes(data)

    async def work(decoders: Decoders) -> None:
        with tempfile.TemporaryFile() as file, tempfile.SpooledTemporaryFile(1 << 20) as spooled:
            file.write(data)
            spooled.write(data)
            given = {"path": tmp_path / "passwd", "bytes": data, "file": file, "spooled": spooled}[source]
            async with decoders.open(given, name="upload", max_pages=1, tenant="ann") as opened:
                assert (await opened.page(1)).width == 60

    with_decoders(work)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyDocument),
        (b"PK\x03\x04" + b"\0" * 99, UnsupportedDocument),
        (b"hello", UnsupportedDocument),
        (b"\x89PNG\r\n\x1a\n rubbish", BrokenDocument),
    ],
)
def test_errors_cross_whole_and_name_no_path(content: bytes, error: type[DocumentError]) -> None:
    async def work(decoders: Decoders) -> None:
        with pytest.raises(error) as there:
            await read(decoders, content)
        with pytest.raises(error) as here:
            next(open_document(content, name="upload"))
        assert type(there.value) is type(here.value)
        assert str(there.value) == str(here.value)
        assert "/" not in str(there.value)

    with_decoders(work)


def test_limits_are_those_of_the_settings(samples: Samples, make_pdf: MakePdf) -> None:
    async def work(decoders: Decoders) -> None:
        with pytest.raises(DocumentTooLarge, match="3 pages"):
            async with decoders.open(make_pdf(4), name="upload", max_pages=3, tenant="ann"):
                pass
        with pytest.raises(DocumentTooLarge, match="Mpx"):
            await read(decoders, samples["scan.png"])
        with pytest.raises(DocumentTooLarge, match="MB"):
            await read(decoders, samples["letter.pdf"] + b" " * 1_000_000)
        with pytest.raises(TruncatedDocument):
            await read(decoders, samples["letter.pdf"][:400])

    with_decoders(work, UploadSettings(decode_workers=1, max_pixels=1000, max_upload_mb=1))


def test_one_bad_page_leaves_the_others(make_pdf: MakePdf) -> None:
    data = make_pdf(3).replace(b"[0 0 200 100]", b"[0 0 9e5 100]", 1)

    async def work(decoders: Decoders) -> None:
        async with decoders.open(data, name="upload", max_pages=50, tenant="ann") as opened:
            with pytest.raises(DocumentTooLarge, match="upload, page 1"):
                await opened.page(1)
            assert (await opened.page(2)).width == 556
            for number in (0, 4):
                with pytest.raises(DocumentError, match=f"no page {number}"):
                    await opened.page(number)

    with_decoders(work, UploadSettings(decode_workers=1, max_pixels=1_000_000))


def test_a_page_that_takes_too_long_is_given_up_and_the_next_one_is_read(
    slow_pdf: bytes, samples: Samples
) -> None:
    async def work(decoders: Decoders) -> None:
        before = decoders.pids
        with pytest.raises(BrokenDocument, match=r"upload, page 1: opening it takes more than 0.5 s"):
            await read(decoders, slow_pdf)
        assert (await read(decoders, samples["scan.png"])).shape == (40, 60, 3)
        assert set(decoders.pids).isdisjoint(before)

    with_decoders(work, UploadSettings(decode_workers=1, decode_timeout_s=0.5))


def test_a_bomb_breaks_neither_the_service_nor_the_memory(bomb_pdf: bytes, samples: Samples) -> None:
    """Whatever PDFium makes of it: a page, or an error of ours; and never more than the limit."""

    async def work(decoders: Decoders) -> None:
        try:
            await read(decoders, bomb_pdf)
        except DocumentError as error:
            assert "upload" in str(error)
        assert (await read(decoders, samples["scan.png"])).shape == (40, 60, 3)

    before = psutil.Process().memory_info().rss  # of all the tests that ran here
    with_decoders(work, UploadSettings(decode_workers=1, decode_memory_mb=512, decode_timeout_s=10))
    assert psutil.Process().memory_info().rss < before + 500_000_000


def test_a_picture_over_the_memory_is_refused(samples: Samples) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (13_000, 13_000)).save(stream, "PNG", compress_level=1)

    async def work(decoders: Decoders) -> None:
        with pytest.raises(DocumentError, match="upload"):
            await read(decoders, stream.getvalue())
        assert (await read(decoders, samples["scan.png"])).shape == (40, 60, 3)

    with_decoders(work, UploadSettings(decode_workers=1, decode_memory_mb=512, max_pixels=178_000_000))


async def busy(pid: int, seconds: float = 0.1) -> None:
    """Wait until the process has computed for so long."""
    process = psutil.Process(pid)
    start = sum(process.cpu_times()[:2])
    while sum(process.cpu_times()[:2]) - start < seconds:
        await asyncio.sleep(0.01)


def test_a_process_that_is_killed_under_a_page_loses_nothing(lengthy_pdf: bytes) -> None:
    async def work(decoders: Decoders) -> None:
        victim = decoders.pids[0]
        reading = asyncio.create_task(read(decoders, lengthy_pdf))
        await busy(victim)
        os.kill(victim, signal.SIGKILL)
        assert (await reading).shape == (2339, 1653, 3)

    with_decoders(work, UploadSettings(decode_workers=1, decode_timeout_s=300))


def test_a_process_that_is_killed_while_it_starts_is_started_again(samples: Samples) -> None:
    async def work(decoders: Decoders) -> None:
        first = decoders.pids[0]
        os.kill(first, signal.SIGKILL)
        reading = asyncio.create_task(read(decoders, samples["scan.png"]))
        while not (fresh := decoders.pids) or fresh[0] == first:
            await asyncio.sleep(0)
        os.kill(fresh[0], signal.SIGKILL)
        assert (await reading).shape == (40, 60, 3)

    with_decoders(work)


def test_processes_that_died_while_idle_are_not_noticed(samples: Samples) -> None:
    async def work(decoders: Decoders) -> None:
        for _ in range(3):
            for pid in decoders.pids:
                os.kill(pid, signal.SIGKILL)
            found = await asyncio.gather(*(read(decoders, samples["scan.png"]) for _ in range(4)))
            assert [image.shape for image in found] == [(40, 60, 3)] * 4

    with_decoders(work, UploadSettings(decode_workers=2))


def test_a_document_goes_on_at_any_page_after_its_process_is_gone(make_pdf: MakePdf) -> None:
    async def work(decoders: Decoders) -> None:
        async with decoders.open(make_pdf(5), name="upload", max_pages=50, tenant="ann") as opened:
            for number in (1, 2, 3, 4, 5):
                assert (await opened.page(number)).number == number
                os.kill(decoders.pids[0], signal.SIGKILL)

    with_decoders(work)


def test_it_is_given_up_when_two_processes_died_of_it(slow_pdf: bytes, samples: Samples) -> None:
    async def work(decoders: Decoders) -> None:
        reading = asyncio.create_task(read(decoders, slow_pdf))
        victim = decoders.pids[0]
        await busy(victim)
        os.kill(victim, signal.SIGKILL)
        while not (fresh := decoders.pids) or fresh[0] == victim:
            await asyncio.sleep(0.01)
        await busy(fresh[0], seconds=2)  # starting takes a tenth of it
        os.kill(fresh[0], signal.SIGKILL)
        with pytest.raises(BrokenDocument, match="upload, page 1: opening it failed twice"):
            await reading
        assert (await read(decoders, samples["scan.png"])).shape == (40, 60, 3)

    with_decoders(work, UploadSettings(decode_workers=1, decode_timeout_s=300))


@pytest.mark.parametrize(
    ("exit_code", "how"),
    [(OVER_MEMORY, "takes too much memory"), (-signal.SIGSEGV, "failed twice"), (1, "failed twice")],
)
def test_memory_is_blamed_only_where_it_was_the_reason(
    exit_code: int, how: str, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(process: DecoderProcess, *_: object) -> None:
        process.kill()
        raise ConnectionResetError

    stop = DecoderProcess.stop

    async def stopped(process: DecoderProcess) -> int:
        await stop(process)
        return exit_code

    async def work(decoders: Decoders) -> None:
        monkeypatch.setattr(DecoderProcess, "ask", dies)
        monkeypatch.setattr(DecoderProcess, "stop", stopped)
        with pytest.raises(BrokenDocument, match=f"opening it {how}\n.*damaged"):
            await read(decoders, samples["scan.png"])

    with_decoders(work)


def test_a_process_over_its_memory_says_so_by_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: object) -> None:
        raise MemoryError

    ours, theirs = socket.socketpair()
    monkeypatch.setattr(child, "restrict", lambda _: None)
    monkeypatch.setattr(child, "_hush", lambda: None)
    monkeypatch.setattr(child, "serve", greedy)
    monkeypatch.setattr(sys, "argv", ["child", str(theirs.detach()), "{}"])
    before = signal.getsignal(signal.SIGALRM)
    with ours, pytest.raises(SystemExit) as ended:
        child.main()
    signal.signal(signal.SIGALRM, before)
    assert ended.value.code == OVER_MEMORY


def test_who_gives_up_gets_the_next_one_no_wrong_page(slow_pdf: bytes, samples: Samples) -> None:
    async def work(decoders: Decoders) -> None:
        reading = asyncio.create_task(read(decoders, slow_pdf))
        await busy(decoders.pids[0])
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert (await read(decoders, samples["scan.png"])).shape == (40, 60, 3)

    with_decoders(work, UploadSettings(decode_workers=1, decode_timeout_s=300))


def test_a_long_document_holds_nobody_up(make_pdf: MakePdf, samples: Samples) -> None:
    """One process, a document of many pages in turn with others that come meanwhile."""

    async def work(decoders: Decoders) -> None:
        order: list[str] = []

        async def long() -> None:
            async with decoders.open(make_pdf(30), name="long", max_pages=50, tenant="ann") as opened:
                for number in range(1, 31):
                    assert (await opened.page(number)).number == number
                    order.append("long")

        async def short() -> None:
            await read(decoders, samples["scan.png"])
            order.append("short")

        await asyncio.gather(long(), short())
        assert order.index("short") < 5

    with_decoders(work)


def test_many_documents_of_one_tenant_hold_no_other_up(make_pdf: MakePdf, samples: Samples) -> None:
    async def work(decoders: Decoders) -> None:
        order: list[str] = []

        async def document(tenant: str, data: bytes) -> None:
            async with decoders.open(data, name="upload", max_pages=50, tenant=tenant) as opened:
                for number in range(1, opened.page_count + 1):
                    await opened.page(number)
            order.append(tenant)

        await asyncio.gather(
            *(document("ann", make_pdf(3)) for _ in range(10)), document("bob", samples["scan.png"])
        )
        assert order[0] == "bob"

    with_decoders(work)


def test_closing_ends_what_is_under_way(slow_pdf: bytes) -> None:
    async def work(decoders: Decoders) -> None:
        reading = asyncio.create_task(read(decoders, slow_pdf))
        await busy(decoders.pids[0])
        await decoders.close()
        with pytest.raises(Draining):
            await reading
        assert decoders.pids == []

    with_decoders(work, UploadSettings(decode_workers=1, decode_timeout_s=300))


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    async def work(decoders: Decoders) -> None:
        with pytest.raises(DocumentNotFound, match="upload") as caught:
            async with decoders.open(tmp_path / "gone", name="upload", max_pages=1, tenant="ann"):
                pass
        assert str(tmp_path) not in str(caught.value)

    with_decoders(work)


def test_a_process_knows_no_environment_and_no_other_files(samples: Samples) -> None:
    async def work(decoders: Decoders) -> None:
        process = psutil.Process(decoders.pids[0])
        assert set(process.environ()) <= {"PYTHONPATH", "OPENBLAS_NUM_THREADS", "LC_ALL"}
        assert os.getpgid(process.pid) == process.pid != os.getpgid(0)
        async with decoders.open(samples["scan.png"], name="upload", max_pages=1, tenant="ann"):
            pass
        await read(decoders, samples["photo.jpg"])
        limits = {name: process.rlimit(getattr(psutil, f"RLIMIT_{name}")) for name in ("AS", "CORE", "FSIZE")}
        assert limits == {"AS": (2_048_000_000,) * 2, "CORE": (0, 0), "FSIZE": (0, 0)}

    with_decoders(work)


PARENT = """
import asyncio, sys
from recto.serving.decoding.pool import Decoders
from recto.settings import UploadSettings

async def main():
    decoders = Decoders(UploadSettings(decode_workers=2, decode_timeout_s=0.5))
    await decoders.start()
    print(*decoders.pids, flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


def test_no_process_outlives_a_service_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        children = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.kill()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not [child for child in alive if child.status() != psutil.STATUS_ZOMBIE]
