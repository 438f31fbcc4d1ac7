"""The mixed load of `serve_load.py`: everything that may go wrong in a day, at once, against one real server.

Clients read pages, hand in jobs, and send a tenth of bad files, while another Release is promoted every so
often, a process that decodes files is killed, and so is a second service in the middle of a job
(`serve_second.py`). Promised: no job is lost, each text is exactly what the Release that it names reads on
that page, and every bad file is answered with a 4xx.
"""

import argparse
import asyncio
import io
import random
import struct
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from serve_ground import (
    Server,
    Sheet,
    Truth,
    bound,
    receipts,
    serving,
    truth_of,
    workspace_with_releases,
)
from serve_second import Second, claimant_of

from recto.registry.promotion import promote
from recto.workspace.folder import Workspace

RELEASES = 3
CLIENTS = 6
BAD_SHARE, JOB_SHARE = 0.1, 0.05
JOB_PAGES = 4
JOBS_END_WITHIN_S = 120.0


@dataclass(slots=True)
class Tally:
    """What happened."""

    reads: int = 0
    refused: int = 0
    bad_files: int = 0
    promotions: int = 0
    decoders_killed: int = 0
    services_killed: int = 0
    killed_at_work: int = 0
    read_by: Counter[str] = field(default_factory=Counter)
    jobs: list[str] = field(default_factory=list)
    job_pages: int = 0
    broken: list[str] = field(default_factory=list)

    def check(self, truth: Truth, sheet: str, page: dict[str, object]) -> None:
        """Compare one page of an answer with what the Release that it names must say."""
        transcript = page.get("transcript")
        if not isinstance(transcript, dict):
            self.broken.append(f"{sheet} page {page['page']} wasn't read: {page}"[:300])
            return
        release, number = str(transcript["release"]), int(transcript["page"])
        self.read_by[release] += 1
        if transcript["text"] != truth.get((release, sheet, number)):
            self.broken.append(f"wrong answer: {sheet} page {number}, Release {release}: {transcript}"[:300])


@dataclass(frozen=True, slots=True)
class Day:
    """What all who take part know."""

    client: httpx.AsyncClient
    sheets: Sequence[Sheet]
    book: Sheet
    bad: Sequence[Sheet]
    truth: Truth
    tally: Tally
    until: float

    @property
    def over(self) -> bool:
        """Whether it is time to go home."""
        return time.monotonic() >= self.until

    async def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end."""
        await asyncio.sleep(max(0.0, min(seconds, self.until - time.monotonic())))


def mixed(options: argparse.Namespace, folder: Path) -> int:
    """Run it for `options.mixed` seconds; 1 where a promise was broken."""
    sheets = receipts(options.pages, folder, height_px=options.height)
    book = bound([sheets[number % len(sheets)] for number in range(JOB_PAGES)])
    workspace = workspace_with_releases(folder, RELEASES, sheets[0])
    truth = truth_of(workspace, [*sheets, book])
    print(f"{len(sheets)} pages, {RELEASES} Releases, {options.mixed:.0f} s of mixed load", flush=True)
    with serving("--workspace", str(workspace.path), log=folder / "serve.log") as server:
        tally = asyncio.run(_day(options, server, workspace, (sheets, book, truth)))
    tell(tally)
    return 1 if tally.broken else 0


def tell(tally: Tally) -> None:
    """Print what happened."""
    by = ", ".join(f"{count} by Release {release}" for release, count in sorted(tally.read_by.items()))
    print(f"{tally.reads} pages read at once ({tally.refused} refused with 429), {by}")
    print(f"{len(tally.jobs)} jobs of {JOB_PAGES} pages, {tally.job_pages} pages fetched")
    print(
        f"{tally.bad_files} bad files, {tally.promotions} promotions, {tally.decoders_killed} decoders killed"
    )
    print(f"{tally.services_killed} services killed, {tally.killed_at_work} of them in the middle of a job")
    for what in tally.broken[:20]:
        print(f"BROKEN: {what}")
    print(f"{len(tally.broken)} promises broken" if tally.broken else "all promises are kept")


async def _day(
    options: argparse.Namespace,
    server: Server,
    workspace: Workspace,
    known: tuple[Sequence[Sheet], Sheet, Truth],
) -> Tally:
    sheets, book, truth = known
    async with httpx.AsyncClient(base_url=server.url, timeout=120) as client:
        day = Day(client, sheets, book, bad_files(), truth, Tally(), time.monotonic() + options.mixed)
        await _hand_in(day)
        second = Second(workspace, await claimant_of(workspace, day.tally.jobs[0]))
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(_client(day, random.Random(number)))
            group.create_task(_promoter(day, workspace, options.promote_every))
            group.create_task(_killer(day, server, options.kill_every))
            group.create_task(_second_service(day, second, options.kill_every))
        for job in day.tally.jobs:
            await _fetch(day, job)
    _check_the_day(day.tally, server)
    return day.tally


def _check_the_day(tally: Tally, server: Server) -> None:
    """A proof in which nothing happened proves nothing."""
    for name, count in (
        ("pages", tally.reads),
        ("jobs", len(tally.jobs)),
        ("bad files", tally.bad_files),
        ("promotions", tally.promotions),
        ("decoders killed", tally.decoders_killed),
        ("services killed in the middle of a job", tally.killed_at_work),
    ):
        if not count:
            tally.broken.append(f"there were no {name}: let it run for longer")
    if len(tally.read_by) < 2:
        tally.broken.append("no promotion was picked up")
    if not server.process.is_running():
        tally.broken.append("the server is gone")


async def _client(day: Day, chance: random.Random) -> None:
    while not day.over:
        kind = chance.random()
        if kind < BAD_SHARE:
            await _send_bad(day, chance.choice(day.bad))
        elif kind < BAD_SHARE + JOB_SHARE:
            await _hand_in(day)
        else:
            await _read(day, chance.choice(day.sheets))


async def _read(day: Day, sheet: Sheet) -> None:
    answer = await day.client.post("/v1/read", files={"file": (sheet.name, sheet.data)})
    if answer.status_code == 429:
        day.tally.refused += 1
        await day.pause(float(answer.headers.get("Retry-After", "1")))
    elif answer.status_code != 200:
        day.tally.broken.append(f"a good page got {answer.status_code}: {answer.text[:200]}")
    else:
        day.tally.reads += 1
        for page in answer.json()["pages"]:
            day.tally.check(day.truth, sheet.name, page)


async def _send_bad(day: Day, sheet: Sheet) -> None:
    answer = await day.client.post("/v1/read", files={"file": (sheet.name, sheet.data)})
    day.tally.bad_files += 1
    if not 400 <= answer.status_code < 500:
        day.tally.broken.append(f"{sheet.name} got {answer.status_code}: {answer.text[:200]}")


async def _hand_in(day: Day) -> None:
    answer = await day.client.post("/v1/jobs", files={"file": (day.book.name, day.book.data)})
    if answer.status_code == 429:
        await day.pause(float(answer.headers.get("Retry-After", "1")))
    elif answer.status_code not in (200, 201, 202):
        day.tally.broken.append(f"a job got {answer.status_code}: {answer.text[:200]}")
    else:
        day.tally.jobs.append(answer.json()["id"])


async def _fetch(day: Day, job: str) -> None:
    """Wait for the end of one job, and check each of its pages."""
    until = time.monotonic() + JOBS_END_WITHIN_S
    state: dict[str, object] = {}
    while time.monotonic() < until and state.get("state") not in ("done", "failed", "cancelled"):
        answer = await day.client.get(f"/v1/jobs/{job}")
        if answer.status_code != 200:
            day.tally.broken.append(f"job {job} is lost: {answer.status_code}")
            return
        state = answer.json()
        await asyncio.sleep(0.2)
    if state.get("state") != "done":
        day.tally.broken.append(f"job {job} isn't done: {state}"[:300])
        return
    pages = (await day.client.get(f"/v1/jobs/{job}/pages")).json()["pages"]
    if len(pages) != JOB_PAGES:
        day.tally.broken.append(f"job {job} has {len(pages)} pages of {JOB_PAGES}")
    for page in pages:
        day.tally.job_pages += 1
        day.tally.check(day.truth, day.book.name, page)


async def _promoter(day: Day, workspace: Workspace, every_s: float) -> None:
    """Another Release every so often, by the hand of another process than the server's."""
    number = 1
    while True:
        await day.pause(every_s)
        if day.over:
            return
        number = number % RELEASES + 1
        await asyncio.to_thread(promote, workspace, number, scope="general", reason="the benchmark goes on")
        day.tally.promotions += 1


async def _killer(day: Day, server: Server, every_s: float) -> None:
    """One process that decodes files is killed every so often."""
    chance = random.Random(0)
    while True:
        await day.pause(every_s)
        if day.over:
            return
        decoders = [process for process in server.children() if is_decoder(process)]
        if decoders:
            chance.choice(decoders).kill()
            day.tally.decoders_killed += 1


async def _second_service(day: Day, second: Second, every_s: float) -> None:
    """Another service at the workspace, killed while it holds a job every so often, and once in any case."""
    while True:
        async with second.life() as server:
            await day.pause(every_s)
            if day.over and day.tally.services_killed:
                return
            day.tally.killed_at_work += await second.kill_at_work(server, day.book, day.tally.jobs)
            day.tally.services_killed += 1


def is_decoder(process: psutil.Process) -> bool:
    """Whether a child of the server is one that opens files."""
    try:
        return "recto.serving.decoding" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def bad_files() -> list[Sheet]:
    """What strangers send: cut short, lying about its kind, empty, or made to burst."""
    good = io.BytesIO()
    with zipfile.ZipFile(good, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10_000_000))
    noise = random.Random(0).randbytes(20_000)
    return [
        Sheet("empty.jpg", b""),
        Sheet("noise.png", noise),
        Sheet("bomb.zip", good.getvalue()),
        Sheet("bomb.png", huge_png()),
        Sheet("cut.png", huge_png(20, 20)[:40]),
        Sheet("page.html", b"<html><body>Total 12.00</body></html>"),
        Sheet("cut.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\n"),
        Sheet("../../etc/passwd", b"root:x:0:0"),
        Sheet("lying.jpg", b"%PDF-1.7" + noise),
    ]


def huge_png(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG that says it has so many pixels; its data are a few rows of zeros."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1_000_000))), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
