"""Models: which engine reads for which scope now, kept in step with promotions and rollbacks while running.

A Release is loaded and warmed up in a thread beside the one that reads, then takes its place in one step. A
request keeps the Model that it began with. Which scope a request means is in `routing`.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import cv2
import numpy as np

from recto.documents.page import Page
from recto.engines.catalog import load
from recto.engines.engine import Engine, asked_for
from recto.engines.observed import Observed
from recto.errors import EngineError, RectoError
from recto.registry.reading import load_release
from recto.registry.store import currents, release
from recto.serving.outcomes import Done, Failed, outcome
from recto.settings import ServingSettings
from recto.workspace.folder import Workspace
from recto.workspace.tables import GENERAL
from recto.workspace.utc import now

if TYPE_CHECKING:
    from recto.observability.metrics import Metrics

Load = Callable[[int | None], Engine]
"""The engine of a Release, by its number, or of the base weights (None). Runs in a thread; may raise."""

_TRY_AGAIN_S = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Model:
    """What reads for `scope`: an engine with the weights of a Release, or with the base weights (None).

    `remark` says what became of the task that an agent asked for.
    """

    scope: str
    release: int | None
    engine: Engine
    remark: str = ""

    @property
    def passes_through(self) -> bool:
        """Whether the engine gathers batches by itself (see `Engine.batch_pages`)."""
        return self.engine.batch_pages == 0


DATABASE_S = 10.0
"""A database that hasn't answered by then hangs, as far as anybody can tell."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One scope as it is read now: since when here, and what is in the way of what should read it."""

    scope: str
    release: int | None
    label: str
    since: datetime
    problem: str | None


class Models:
    """The engines that read now. Its methods are for the event loop; only `listing` is for any thread."""

    def __init__(
        self,
        workspace: Workspace | None,
        settings: ServingSettings,
        load_engine: Load | None = None,
        metrics: "Metrics | None" = None,
    ) -> None:
        self._workspace = workspace
        self._every_s = settings.reload_every_s
        self._metrics = metrics
        self._load = load_engine or engines_of(workspace, settings.engine)
        self._models: dict[str, Model] = {}
        self._tasked: WeakKeyDictionary[Model, dict[str, Model]] = WeakKeyDictionary()
        self._since: dict[str, datetime] = {}
        self._problems: dict[str, str] = {}
        self._tried: dict[int | None, float] = {}
        self._asking_since: float | None = None
        self._thread = ThreadPoolExecutor(1, "models")

    async def start(self) -> None:
        """Load what is current. Raises what stands in the way of reading with anything at all.

        What isn't current any more once it is loaded takes no place: then what is now is loaded.
        """
        while not self.ready:
            failed = await self.look()
            if failed is not None and not self.ready:
                raise failed.error

    @property
    def ready(self) -> bool:
        """Whether every scope can be read, be it with the general model: a scope's own may be missing."""
        return GENERAL in self._models

    @property
    def scopes(self) -> frozenset[str]:
        """The business types that are read with a Release of their own."""
        return frozenset(self._models) - {GENERAL}

    def current(self, scope: str, task: str = "") -> Model:
        """The model of the scope's Release, else the general one's, else the base model; asked for `task`.

        Raises EngineError before `start`, and for a task that the model hasn't.
        """
        model = self._models.get(scope) or self._models.get(GENERAL)
        if model is None:
            raise EngineError("no model is loaded yet", hint="try again in a moment")
        return self._asked_for(model, task) if task else model

    def listing(self) -> tuple[ModelStatus, ...]:
        """Every scope that has, or should have, a Release of its own; and general. From any thread."""
        problems, models = dict(self._problems), dict(self._models)  # each copied in one step
        general = models.get(GENERAL)
        names = sorted(models.keys() | problems.keys(), key=lambda name: (name != GENERAL, name))
        if general is None:
            return ()
        return tuple(self._status(name, models.get(name, general), problems.get(name)) for name in names)

    @property
    def database_hangs(self) -> bool:
        """Whether the database has left a question open for long."""
        since = self._asking_since
        return since is not None and asyncio.get_running_loop().time() - since > DATABASE_S

    async def watch(self) -> None:
        """Look for other current Releases again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.look()

    async def look(self) -> Failed | None:
        """Bring every scope to its current Release, once; what went wrong with the general one, if anything.

        What can't be loaded is logged and told by `listing`; until it can be, what read before reads on.
        """
        wanted = await self._wanted()
        if isinstance(wanted, Failed):
            _log.error("which Releases are current can't be found out: %s", _told(wanted))
            return wanted
        for gone in (self._models.keys() | self._problems.keys()) - wanted.value.keys():
            self._models.pop(gone, None)
            self._problems.pop(gone, None)
            _log.info("%s is read with the general model", gone)
        return {scope: await self._bring(scope, number) for scope, number in wanted.value.items()}[GENERAL]

    def close(self) -> None:
        """Load nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _asked_for(self, model: Model, task: str) -> Model:
        """The same weights asked for `task`: always the same Model, so that its pages make batches."""
        known = self._tasked.setdefault(model, {})
        if task not in known:
            engine = asked_for(model.engine, task)
            done = f"asked for the task {task!r}"
            remark = done if engine else f"the task {task!r} is ignored: {model.engine.label} knows no tasks"
            known[task] = replace(model, engine=engine or model.engine, remark=remark)
        return known[task]

    async def _wanted(self) -> Done[dict[str, int | None]] | Failed:
        """Scope → current Release; general is among them in any case, and first."""
        self._asking_since = asyncio.get_running_loop().time()
        try:
            return await outcome(self._thread, partial(_currents, self._workspace))
        finally:
            self._asking_since = None

    async def _bring(self, scope: str, number: int | None) -> Failed | None:
        """Have `scope` read with Release `number` (None: base weights), unless that is so already."""
        model = self._models.get(scope)
        if model is not None and model.release == number:
            self._problems.pop(scope, None)
            return None
        engine = await self._engine(number)
        if isinstance(engine, Done):
            await self._swap(scope, number, engine.value)
            return None
        if engine is not None:
            self._problems[scope] = _told(engine)
            _log.error("%s can't be read with %s: %s", scope, _named(number), _told(engine))
        if scope == GENERAL and model is None and number is not None:
            return await self._bring_base()
        return engine

    async def _bring_base(self) -> Failed | None:
        """At the start there is no old Release to go on with where the current one can't be loaded."""
        engine = await self._engine(None)
        if isinstance(engine, Done):
            self._set(GENERAL, None, engine.value)
            return None
        return engine

    async def _swap(self, scope: str, number: int | None, engine: Engine) -> None:
        """Read with what was loaded, unless it isn't current any more: the next look sees what is."""
        wanted = await self._wanted()
        if isinstance(wanted, Done) and wanted.value.get(scope, "none") == number:
            self._problems.pop(scope, None)
            self._set(scope, number, engine)

    def _set(self, scope: str, number: int | None, engine: Engine) -> None:
        if self._metrics is not None:
            engine = Observed(engine, scope, self._metrics)
        self._since[scope] = now()  # before the model, by which another thread finds it
        self._models[scope] = Model(scope, number, engine)
        _log.info("%s is read with %s (%s)", scope, _named(number), engine.label)

    async def _engine(self, number: int | None) -> Done[Engine] | Failed | None:
        """The engine of a Release, warmed up. None: it failed just now, and it's too early to try again."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._tried.get(number, 0.0):
            return None
        with self._metrics.stage("load") if self._metrics is not None else nullcontext():
            loaded = await outcome(self._thread, partial(_load_warm, self._load, number))
        self._tried.pop(number, None)
        if isinstance(loaded, Failed):
            self._tried[number] = loop.time() + _TRY_AGAIN_S
        return loaded

    def _status(self, scope: str, model: Model, problem: str | None) -> ModelStatus:
        return ModelStatus(scope, model.release, model.engine.label, self._since[model.scope], problem)


def engines_of(workspace: Workspace | None, base: str) -> Load:
    """How engines are loaded: a Release from the workspace; without one, the engine called `base`."""

    def load_engine(number: int | None) -> Engine:
        if workspace is None or number is None:
            return load(base, settings=None if workspace is None else workspace.settings)
        return load_release(workspace, release(workspace, number))

    return load_engine


def _currents(workspace: Workspace | None) -> dict[str, int | None]:
    own: dict[str, int] = {} if workspace is None else currents(workspace)
    return {GENERAL: None, **own}


def _load_warm(load_engine: Load, number: int | None) -> Engine:
    """An engine that has read a page: its first request doesn't wait for what is set up at first use."""
    engine = load_engine(number)
    engine.read([_warm_up_page()])
    return engine


def _warm_up_page() -> Page:
    image = np.full((640, 640, 3), 255, np.uint8)
    for row in range(8):
        place = (40, 80 + 70 * row)
        cv2.putText(image, f"warm-up line {row}", place, cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 2)
    return Page("warm-up", 1, image)


def _named(number: int | None) -> str:
    return "the base model" if number is None else f"Release {number}"


def _told(failed: Failed) -> str:
    """What went wrong, in words that a stranger may read: no paths."""
    return failed.error.what if isinstance(failed.error, RectoError) else str(failed)
