"""`recto serve` under load, as ratios: against the engine itself, and against itself at capacity.

A real server process reads real pages for clients over HTTP. In one run, on one machine:

throughput   32 clients at once, against `recto read`'s own loop on the same pages in one process
idle         one client, against the engine called directly on the same pages
overload     pages arrive at 4 × of the throughput: answered ones keep their latency, the rest are
             refused at once with 429, memory stays flat, nothing ends in 5xx

With `--mixed SECONDS` (`serve_mixed.py`): strangers' bad files, jobs, promotions and kills, all at once.

    python benchmarks/serve_load.py                                   # 4 minutes
    python benchmarks/serve_load.py --pages 12 --height 400 --seconds 15
    python benchmarks/serve_load.py --mixed 600

Exit code 1 says that a promise is broken. Clients share the machine's cores with the server.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import httpx
from serve_direct import Direct
from serve_ground import Server, Sheet, receipts, serving
from serve_mixed import mixed

CLIENTS = 32
OVERLOAD = 4.0
THROUGHPUT_AT_LEAST = 0.9
IDLE_AT_MOST, IDLE_SLACK_S = 1.1, 0.005
OVERLOAD_P99_AT_MOST = 2.0
REFUSED_WITHIN_S = 1.0
MEMORY_AT_MOST = 1.15


@dataclass(slots=True)
class Answers:
    """What clients got: seconds by status, and how long all of it took."""

    seconds: dict[int, list[float]] = field(default_factory=dict)
    wall_s: float = 0.0

    def add(self, status: int, seconds: float) -> None:
        """One answer more."""
        self.seconds.setdefault(status, []).append(seconds)

    def of(self, status: int) -> list[float]:
        """Seconds of the answers with this status."""
        return self.seconds.get(status, [])

    @property
    def statuses(self) -> str:
        """How many of each."""
        return ", ".join(f"{len(all_s)} × {status}" for status, all_s in sorted(self.seconds.items()))

    @property
    def faults(self) -> int:
        """Answers that no client can be blamed for, and connections that broke (status 0)."""
        return sum(len(all_s) for status, all_s in self.seconds.items() if status >= 500 or status == 0)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of all lie; 0 where there are none."""
    ranked = sorted(values)
    return ranked[min(int(share * len(ranked)), len(ranked) - 1)] if ranked else 0.0


class Promises:
    """Prints what was measured, and remembers whether a promise was broken."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def told(self, name: str, measured: str, *, kept: bool, promise: str) -> None:
        """One row of the table."""
        print(f"| {name} | {measured} | {promise} | {'kept' if kept else '**BROKEN**'} |", flush=True)
        if not kept:
            self.broken.append(name)


async def ask(client: httpx.AsyncClient, sheet: Sheet, answers: Answers) -> None:
    """One page over HTTP."""
    started = time.perf_counter()
    try:
        answer = await client.post("/v1/read", files={"file": (sheet.name, sheet.data)})
        status = answer.status_code
    except httpx.TransportError:
        status = 0
    answers.add(status, time.perf_counter() - started)


def client_of(server: Server, connections: int) -> httpx.AsyncClient:
    """Clients that never wait for each other's connections."""
    return httpx.AsyncClient(
        base_url=server.url,
        timeout=120,
        limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
    )


async def in_turn(server: Server, sheets: Sequence[Sheet], clients: int) -> Answers:
    """All sheets once, by so many clients, each asking for its next page when it has the last one."""
    answers, waiting = Answers(), iter(sheets)

    async def work(client: httpx.AsyncClient) -> None:
        for sheet in waiting:
            await ask(client, sheet, answers)

    async with client_of(server, clients) as client:
        started = time.perf_counter()
        await asyncio.gather(*(work(client) for _ in range(clients)))
        answers.wall_s = time.perf_counter() - started
    return answers


async def arriving(server: Server, sheets: Sequence[Sheet], per_s: float, seconds: float) -> Answers:
    """Pages that arrive at a steady pace, whether earlier ones are answered or not."""
    answers, source = Answers(), itertools.cycle(sheets)
    async with client_of(server, 1000) as client, asyncio.TaskGroup() as group:
        started = time.perf_counter()
        for number in range(int(per_s * seconds)):
            await asyncio.sleep(max(0.0, started + number / per_s - time.perf_counter()))
            group.create_task(ask(client, next(source), answers))
    answers.wall_s = time.perf_counter() - started
    return answers


@contextmanager
def highest_memory(server: Server) -> Iterator[list[float]]:
    """The highest resident memory (MB) of server and children while the block runs, seen 5 × a second."""
    seen, stop = [server.memory_mb()], Event()

    def watch() -> None:
        while not stop.wait(0.2):
            seen[0] = max(seen[0], server.memory_mb())

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()


def load(options: argparse.Namespace, folder: Path) -> list[str]:
    """The three loads; which promises were broken."""
    sheets = receipts(options.pages, folder, height_px=options.height)
    promises = Promises()
    print(f"{len(sheets)} pages, engine {options.engine}\n")
    print("| what | measured | promised | |\n|---|---|---|---|")
    with (
        Direct.running(options.engine, sheets, folder / "direct") as alone,
        serving("--engine", options.engine, log=folder / "serve.log") as server,
    ):
        asyncio.run(in_turn(server, sheets, 2))  # every shape of input once, as the engine alone has
        idle(promises, server, sheets, alone)
        calm, calm_mb = throughput(promises, server, sheets * options.rounds, alone)
        overload(promises, server, sheets, (calm, calm_mb), options.seconds)
    return promises.broken


def idle(promises: Promises, server: Server, sheets: Sequence[Sheet], alone: Direct) -> None:
    """One client; each page right after the same page in the engine alone: machines have their moods."""
    pairs = []
    for number, sheet in enumerate(sheets):
        call_s = alone.call_s(number)
        pairs.append((call_s, asyncio.run(in_turn(server, [sheet], 1)).of(200)[0]))
    ratio = statistics.median(read_s / call_s for call_s, read_s in pairs)
    call_s = statistics.median(call_s for call_s, _ in pairs)
    promises.told(
        "idle latency / engine call",
        f"{ratio:.3f} ({(ratio - 1) * call_s * 1000:+.0f} ms of {call_s * 1000:.0f} ms)",
        kept=ratio <= IDLE_AT_MOST + IDLE_SLACK_S / call_s,
        promise=f"≤ {IDLE_AT_MOST} + {IDLE_SLACK_S * 1000:.0f} ms",
    )


def throughput(
    promises: Promises, server: Server, sheets: Sequence[Sheet], alone: Direct
) -> tuple[Answers, float]:
    """As many clients as promised, between two runs of the engine alone; their answers, and peak memory."""
    before = alone.pages_per_s()
    with highest_memory(server) as memory:
        answers = asyncio.run(in_turn(server, sheets, CLIENTS))
    per_s = statistics.mean((before, alone.pages_per_s()))
    ratio = len(answers.of(200)) / answers.wall_s / per_s
    promises.told(
        f"throughput, {CLIENTS} clients / recto read",
        f"{ratio:.3f} of {per_s:.2f} pages/s ({answers.statuses})",
        kept=ratio >= THROUGHPUT_AT_LEAST and not answers.faults,
        promise=f"≥ {THROUGHPUT_AT_LEAST}",
    )
    return answers, memory[0]


def overload(
    promises: Promises,
    server: Server,
    sheets: Sequence[Sheet],
    capacity: tuple[Answers, float],
    seconds: float,
) -> None:
    """Four times as much as can be read."""
    calm, calm_mb = capacity
    per_s = OVERLOAD * len(calm.of(200)) / calm.wall_s
    with highest_memory(server) as memory:
        answers = asyncio.run(arriving(server, sheets, per_s, seconds))
    ratio = percentile(answers.of(200), 0.99) / percentile(calm.of(200), 0.99)
    promises.told(
        f"p99 at {OVERLOAD:.0f} × load / p99 at capacity",
        f"{ratio:.2f} ({answers.statuses})",
        kept=0 < ratio <= OVERLOAD_P99_AT_MOST,
        promise=f"≤ {OVERLOAD_P99_AT_MOST}",
    )
    slowest_s = percentile(answers.of(429), 0.99)
    promises.told(
        "p99 of a refusal (429)",
        f"{slowest_s * 1000:.0f} ms",
        kept=bool(answers.of(429)) and slowest_s <= REFUSED_WITHIN_S,
        promise=f"≤ {REFUSED_WITHIN_S * 1000:.0f} ms",
    )
    promises.told(
        "memory at overload / at capacity",
        f"{memory[0] / calm_mb:.3f} ({memory[0]:,.0f} MB)",
        kept=memory[0] <= calm_mb * MEMORY_AT_MOST,
        promise=f"≤ {MEMORY_AT_MOST}",
    )
    strange = Counter({s: len(v) for s, v in answers.seconds.items() if s not in (200, 429)})
    promises.told("5xx, broken, others", str(sum(strange.values())), kept=not strange, promise="0")


def main() -> int:
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="recto-serve-") as folder:
        if options.mixed:
            return mixed(options, Path(folder))
        broken = load(options, Path(folder))
    print(f"\nbroken: {', '.join(broken)}" if broken else "\nall promises are kept")
    return 1 if broken else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=32, help="different pages")
    parser.add_argument("--height", type=int, help="only the top of each page, in pixels: for short runs")
    parser.add_argument("--engine", default="ppocr")
    parser.add_argument("--rounds", type=int, default=3, help="how often 32 clients read all pages")
    parser.add_argument("--seconds", type=float, default=60.0, help="of overload")
    parser.add_argument("--mixed", type=float, metavar="SECONDS", help="the mixed load instead, so long")
    parser.add_argument("--promote-every", type=float, default=20.0, help="seconds, in the mixed load")
    parser.add_argument("--kill-every", type=float, default=60.0, help="seconds, in the mixed load")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
