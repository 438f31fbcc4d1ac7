"""Real promotions and rollbacks in a real workspace while pages are read, and what can't be loaded."""

import asyncio
import gc
import logging
import threading
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from recto.documents.transcript import Transcript
from recto.engines.engine import Engine
from recto.engines.ppocr.weights import RECOGNISER_FILE, weights_path
from recto.errors import EngineError, MissingPackage, UnknownEngine, WorkspaceError
from recto.registry.promotion import rollback, withdraw
from recto.registry.reading import Named
from recto.registry.store import model_path, release
from recto.serving.batcher import Asked, Batcher
from recto.serving.models import Models
from recto.settings import ServingSettings
from recto.workspace.folder import create_workspace, open_workspace

from ..registry.conftest import Pages, Registry
from .engines import LIMIT_S, GatedEngine, page, run_skipping, skip, until

QUICK = ServingSettings(reload_every_s=0.001, max_wait_ms=0.0)


class Loader:
    """Checks a Release's files as the real loader does, and reads with a GatedEngine; may wait at a gate."""

    def __init__(self, registry: Registry, *, base: Exception | None = None) -> None:
        self.loaded: list[int | None] = []
        self.engines: list[GatedEngine] = []
        self.gate = threading.Event()
        self.gate.set()
        self._registry, self._base = registry, base

    def __call__(self, number: int | None) -> Engine:
        self.loaded.append(number)
        assert self.gate.wait(LIMIT_S)
        if number is None and self._base is not None:
            raise self._base
        self.engines.append(GatedEngine(f"gated {number}"))
        if number is None:
            return self.engines[-1]
        model_path(self._registry.workspace, release(self._registry.workspace, number))
        return Named(self.engines[-1], str(number))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Releases 1, 2 (general) and 3 (legal); none is current."""
    create_workspace(tmp_path / "work")
    settings = tmp_path / "work" / "recto.toml"
    settings.write_text(settings.read_text().replace("scopes = []", 'scopes = ["legal"]'))
    (tmp_path / "pages").mkdir()
    made = Registry(open_workspace(tmp_path / "work"), Pages(tmp_path / "pages"), tmp_path)
    for weights, scope in ((b"one", "general"), (b"two", "general"), (b"three", "legal")):
        made.add(weights, scope=scope)
    return made


@asynccontextmanager
async def started(models: Models) -> AsyncIterator[Models]:
    async with asyncio.timeout(LIMIT_S):
        await models.start()
        yield models
        models.close()


@asynccontextmanager
async def watched(models: Models) -> AsyncIterator[Models]:
    async with started(models):
        task = asyncio.create_task(models.watch())
        yield models
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def damage(registry: Registry, number: int) -> None:
    """The weights of a Release aren't what was measured any more."""
    model = registry.workspace.releases / f"{number:04d}" / "model" / "recogniser.onnx"
    model.chmod(0o644)
    model.write_bytes(b"other")


def reads_with(models: Models, *scopes: str) -> list[int | None]:
    return [models.current(scope).release for scope in scopes]


def test_each_scope_reads_with_its_current_release(registry: Registry) -> None:
    loader = Loader(registry)

    async def run() -> None:
        async with started(Models(registry.workspace, QUICK, loader)) as models:
            assert reads_with(models, "general", "legal", "shop") == [None, None, None]
            registry.promote(1)
            await models.look()
            assert reads_with(models, "general", "legal", "shop") == [1, 1, 1]
            registry.promote(3, "legal")
            registry.promote(2)
            await models.look()
            assert reads_with(models, "general", "legal", "shop") == [2, 3, 2]
            assert models.scopes == {"legal"}
            rollback(registry.workspace, "general", reason="worse")
            withdraw(registry.workspace, "legal", reason="no better")
            await models.look()
            assert reads_with(models, "general", "legal", "shop") == [1, 1, 1]
            withdraw(registry.workspace, "general", reason="worse still")
            await models.look()
            assert reads_with(models, "general", "legal", "shop") == [None, None, None]

    asyncio.run(run())
    assert loader.loaded == [None, 1, 2, 3, 1, None]
    assert all(engine.batches == [["warm-up"]] for engine in loader.engines)


def test_nothing_is_loaded_while_nothing_changes(registry: Registry) -> None:
    loader = Loader(registry)
    registry.promote(1)

    async def run() -> None:
        async with started(Models(registry.workspace, QUICK, loader)) as models:
            model = models.current("general")
            for _ in range(3):
                await models.look()
            assert models.current("general") is model

    asyncio.run(run())
    assert loader.loaded == [1]


def test_a_request_keeps_the_release_that_it_began_with(registry: Registry) -> None:
    loader = Loader(registry)
    registry.promote(1)

    async def run() -> None:
        batcher = Batcher(QUICK)
        await batcher.start()
        async with watched(Models(registry.workspace, QUICK, loader)) as models:

            def ask(name: str) -> asyncio.Task[Transcript]:
                asked = Asked(page(name), models.current("general"), "ann")
                return asyncio.create_task(batcher.read(asked))

            old = loader.engines[0]
            await old.entered()  # the warm-up
            old.gate.clear()
            tasks = [ask("a")]
            await old.entered()
            tasks.append(ask("b"))
            registry.promote(2)
            await until(lambda: reads_with(models, "general") == [2])
            tasks += [ask("c"), ask("d")]
            old.gate.set()
            readings = await asyncio.gather(*tasks)
            assert [(r.text, r.release) for r in readings] == [("a", "1"), ("b", "1"), ("c", "2"), ("d", "2")]
        await batcher.drain(LIMIT_S)

    asyncio.run(run())


def test_no_answer_is_lost_or_mixed_while_releases_change(registry: Registry) -> None:
    loader = Loader(registry)
    registry.promote(1)

    async def run() -> None:
        batcher = Batcher(QUICK)
        await batcher.start()
        async with watched(Models(registry.workspace, QUICK, loader)) as models:
            stop = asyncio.Event()
            seen: set[int | None] = set()

            async def client(tenant: str) -> int:
                count = 0
                while not stop.is_set():
                    model = models.current("general")
                    reading = await batcher.read(Asked(page(f"{tenant} {count}"), model, tenant))
                    assert (reading.text, reading.release) == (f"{tenant} {count}", str(model.release))
                    seen.add(model.release)
                    count += 1
                return count

            clients = [asyncio.create_task(client(tenant)) for tenant in ("ann", "bob", "cyd")]
            for number in (2, 1, 2, 1):
                await asyncio.to_thread(registry.promote, number)
                await until(lambda number=number: reads_with(models, "general") == [number])
            stop.set()
            counts = await asyncio.gather(*clients)
            assert seen == {1, 2}
        await batcher.drain(LIMIT_S)
        warm_ups = len(loader.engines)
        assert sum(len(batch) for e in loader.engines for batch in e.batches) == sum(counts) + warm_ups

    asyncio.run(run())


def test_loading_keeps_nobody_waiting(registry: Registry) -> None:
    loader = Loader(registry)

    async def run() -> None:
        batcher = Batcher(QUICK)
        await batcher.start()
        async with started(Models(registry.workspace, QUICK, loader)) as models:
            registry.promote(1)
            loader.gate.clear()
            look = asyncio.create_task(models.look())
            await until(lambda: loader.loaded == [None, 1])
            reading = await batcher.read(Asked(page("a"), models.current("general"), "ann"))
            assert (reading.text, reading.release) == ("a", None)
            loader.gate.set()
            await look
            assert reads_with(models, "general") == [1]
        await batcher.drain(LIMIT_S)

    asyncio.run(run())


def test_what_was_rolled_back_while_it_loaded_is_never_read_with(registry: Registry) -> None:
    loader = Loader(registry)

    async def run() -> None:
        async with started(Models(registry.workspace, QUICK, loader)) as models:
            registry.promote(1)
            loader.gate.clear()
            look = asyncio.create_task(models.look())
            await until(lambda: loader.loaded == [None, 1])
            withdraw(registry.workspace, "general", reason="a mistake")
            loader.gate.set()
            await look
            assert reads_with(models, "general") == [None]
            await models.look()
            assert reads_with(models, "general") == [None]

    asyncio.run(run())


def test_a_damaged_release_is_told_and_the_old_one_goes_on(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    loader = Loader(registry)
    registry.promote(1)

    async def run() -> None:
        models = Models(registry.workspace, QUICK, loader)
        await models.start()
        for number, scope in ((2, "general"), (3, "legal")):
            registry.promote(number, scope)
            damage(registry, number)
        for _ in range(3):
            await models.look()
        assert loader.loaded == [1, 2, 3]
        assert reads_with(models, "general", "legal") == [1, 1]
        general, legal = models.listing()
        assert (general.scope, general.release, general.label) == ("general", 1, "gated 1")
        assert general.problem == "Release 2 isn't what was measured: model/recogniser.onnx was changed"
        assert (legal.scope, legal.release) == ("legal", 1)
        assert "Release 3" in str(legal.problem)
        skip(61.0)
        await models.look()
        assert loader.loaded == [1, 2, 3, 2, 3]
        rollback(registry.workspace, "general", reason="damaged")
        withdraw(registry.workspace, "legal", reason="damaged")
        await models.look()
        assert [(status.scope, status.problem) for status in models.listing()] == [("general", None)]
        models.close()

    with caplog.at_level(logging.INFO, "recto.serving"):
        run_skipping(run())
    assert "general can't be read with Release 2" in caplog.text
    assert str(registry.workspace.path) not in caplog.text


def test_at_the_start_a_damaged_release_leaves_the_base_model(registry: Registry) -> None:
    loader = Loader(registry)
    registry.promote(1)
    damage(registry, 1)

    async def run() -> None:
        async with started(Models(registry.workspace, QUICK, loader)) as models:
            (status,) = models.listing()
            assert (status.release, status.label) == (None, "gated None")
            assert "Release 1" in str(status.problem)
            registry.promote(2)
            await models.look()
            assert [(s.release, s.problem) for s in models.listing()] == [(2, None)]

    asyncio.run(run())


def test_a_promotion_while_it_starts_leaves_no_service_without_a_model(registry: Registry) -> None:
    loader = Loader(registry)
    registry.promote(1)
    registry.promote(3, "legal")
    damage(registry, 3)

    async def run() -> None:
        models = Models(registry.workspace, QUICK, loader)
        loader.gate.clear()
        start = asyncio.create_task(models.start())
        await until(lambda: loader.loaded == [1])
        registry.promote(2)
        loader.gate.set()
        await start
        assert reads_with(models, "general", "legal") == [2, 2]
        models.close()

    asyncio.run(run())
    assert loader.loaded == [1, 3, 2]


def test_a_service_that_can_read_nothing_doesn_t_start(registry: Registry) -> None:
    loader = Loader(registry, base=MissingPackage("no weights", hint="pip install them"))

    async def run() -> None:
        models = Models(registry.workspace, QUICK, loader)
        with pytest.raises(EngineError, match="no model is loaded yet"):
            models.current("general")
        with pytest.raises(MissingPackage, match="no weights"):
            await models.start()
        assert not models.ready
        assert models.listing() == ()

    asyncio.run(run())


def test_a_model_that_can_t_read_a_page_takes_no_place(registry: Registry) -> None:
    def load(number: int | None) -> Engine:
        return GatedEngine(f"gated {number}", bad={"warm-up": RuntimeError()} if number else {})

    async def run() -> None:
        async with started(Models(registry.workspace, QUICK, load)) as models:
            registry.promote(1)
            await models.look()
            (status,) = models.listing()
            assert status.release is None
            assert "RuntimeError at engines.py" in str(status.problem)

    asyncio.run(run())


def test_without_its_database_a_service_goes_on(registry: Registry) -> None:
    loader = Loader(registry)
    registry.promote(1)
    database = registry.workspace.path / "recto.db"

    async def run() -> None:
        async with started(Models(registry.workspace, QUICK, loader)) as models:
            whole = database.read_bytes()
            database.write_bytes(b"no database " * 1000)
            failed = await models.look()
            assert failed is not None
            assert isinstance(failed.error, WorkspaceError)
            assert reads_with(models, "general") == [1]
            database.write_bytes(whole)
            registry.promote(2)
            await models.look()
            assert reads_with(models, "general") == [2]

    asyncio.run(run())


def test_the_old_engine_is_let_go(registry: Registry) -> None:
    loader = Loader(registry)
    registry.promote(1)

    async def run() -> None:
        async with started(Models(registry.workspace, QUICK, loader)) as models:
            old = weakref.ref(loader.engines.pop())
            registry.promote(2)
            await models.look()
            gc.collect()
            assert old() is None

    asyncio.run(run())


def test_without_a_workspace_the_base_model_reads() -> None:
    async def run() -> None:
        async with started(Models(None, ServingSettings(engine="fake"))) as models:
            assert [(s.scope, s.release, s.label) for s in models.listing()] == [("general", None, "fake 1")]
            await models.look()
            assert models.current("legal").engine.label == "fake 1"
        with pytest.raises(UnknownEngine):
            await Models(None, ServingSettings(engine="magic")).start()

    asyncio.run(run())


def test_a_real_release_is_loaded_by_itself(registry: Registry) -> None:
    """The real engine: a Release with the base weights, as any other."""
    number = registry.add(weights_path(RECOGNISER_FILE).read_bytes()).number

    async def run() -> None:
        async with started(Models(registry.workspace, ServingSettings(engine="fake"))) as models:
            registry.promote(number)
            await models.look()
            model = models.current("general")
            assert model.release == number
            assert not model.passes_through
            assert model.engine.label.startswith("ppocr")
            (reading,) = await asyncio.to_thread(model.engine.read, [page("a", 64, 64)])
            assert reading.release == str(number)

    asyncio.run(run())
