"""Watch: what `recto loop` does: look at inbox, queue, requests and Triggers, again and again.

It decides and logs; reading and training happen in processes of their own (`jobs`, by `apart`), so that its
memory stays small. A failed Cycle is logged and tried again later, each time after a longer pause: what a
Trigger or a request wanted of it still stands.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event

from recto.errors import RectoError, WorkspaceBusy
from recto.registry.fields_scope import is_of_fields
from recto.retraining import jobs
from recto.retraining.accuracy import known_accuracy
from recto.retraining.apart import Stopped, run_apart
from recto.retraining.facts import gather
from recto.retraining.inbox import Inbox
from recto.retraining.ledger import (
    AS_USUAL,
    TRAIN_LOCK,
    Wish,
    last_run,
    left_behind,
    mark_interrupted,
    open_requests,
)
from recto.retraining.log_lines import Log
from recto.retraining.loops import loops_of
from recto.retraining.other_reading import read_once
from recto.retraining.queue import unread
from recto.retraining.recipes import own_schema
from recto.retraining.triggers import due
from recto.workspace.folder import Workspace, open_workspace
from recto.workspace.locks import held
from recto.workspace.utc import now

LOOP_LOCK = "loop.lock"
LONGEST_PAUSE_S = 3600.0


@dataclass(slots=True)
class Pauses:
    """After failures a scope pauses: twice as long each time, an hour at most. `clock` is in seconds."""

    clock: Callable[[], float] = time.monotonic
    _failures: dict[str, int] = field(default_factory=dict)
    _until: dict[str, float] = field(default_factory=dict)

    def failed(self, scope: str, every_s: float) -> float:
        """One more failure; returns the pause in seconds."""
        self._failures[scope] = self._failures.get(scope, 0) + 1
        pause_s = min(every_s * 2.0 ** min(self._failures[scope], 30), LONGEST_PAUSE_S)
        self._until[scope] = self.clock() + pause_s
        return pause_s

    def succeeded(self, scope: str) -> None:
        """The failures are forgotten."""
        self._failures.pop(scope, None)
        self._until.pop(scope, None)

    def is_pausing(self, scope: str) -> bool:
        """Whether it is too early to try again."""
        return self.clock() < self._until.get(scope, float("-inf"))


@dataclass(slots=True)
class Watch:
    """A loop over the workspace at `path`, with what it remembers between two looks."""

    path: Path
    log: Log
    stop: Event = field(default_factory=Event)
    inbox: Inbox | None = None
    every_s: float | None = None
    pauses: Pauses = field(default_factory=Pauses)
    _tried: dict[str, frozenset[int]] = field(default_factory=dict)

    def run(self, *, once: bool = False) -> bool:
        """Look until `stop` is set, or once; whether all went well. Raises WorkspaceBusy beside another."""
        workspace = open_workspace(self.path)
        with held(workspace.path / LOOP_LOCK, what="the loop"):
            every_s = self.every_s or workspace.settings.triggers.check_every_s
            self.log(f"watching {workspace.path}" + ("" if once else f" every {every_s:g} s"))
            try:
                while True:
                    well = self.look()
                    if once or self.stop.wait(every_s):
                        break
            except Stopped:
                well = True
                self._tidy(workspace)
            if not once:
                self.log("stopped")
            return well

    def look(self) -> bool:
        """One look at everything; whether all went well. Raises Stopped."""
        try:
            workspace = open_workspace(self.path)  # anew: recto.toml may have changed
        except RectoError as error:
            self.log(f"error: {error}")
            return False
        self._tidy(workspace)
        well = [self._guarded("inbox", partial(self._take_in, workspace))]
        well.append(self._guarded("training.tagger_recipe", partial(_check_own_schema, workspace)))
        for scope in loops_of(workspace):
            if not is_of_fields(scope):
                well.append(self._guarded(scope, partial(self._tend, workspace, scope)))
                well.append(self._guarded("review.other_engine", partial(self._ask_other, workspace, scope)))
            well.append(self._guarded(scope, partial(self._turn, workspace, scope)))
        return all(well)

    def _guarded(self, name: str, step: Callable[[], None]) -> bool:
        """Do one step; an error of ours is logged and doesn't end the loop."""
        if self.stop.is_set():
            raise Stopped
        try:
            step()
        except RectoError as error:
            self.log(f"error in {name}: {error}")
            return False
        return True

    def _take_in(self, workspace: Workspace) -> None:
        if self.inbox is None:
            return
        news = self.inbox.news()
        if news:
            only = None if news.labels else news.documents
            try:
                self.log(run_apart(self.stop, jobs.take_in, workspace.path, self.inbox.folder, only))
            except RectoError:
                self.inbox.forget()
                raise

    def _tend(self, workspace: Workspace, scope: str) -> None:
        """Have queued documents read, and validation documents once a Trigger asks for them."""
        with workspace.read() as session:
            ran = last_run(session, scope) is not None
        accuracy = ran and known_accuracy(workspace, scope).missing > 0
        if accuracy or unread(workspace, scope):
            self.log(run_apart(self.stop, jobs.tend, workspace.path, scope, accuracy=accuracy))

    def _ask_other(self, workspace: Workspace, scope: str) -> None:
        if read_once(workspace, scope):
            self.log(run_apart(self.stop, jobs.ask_other, workspace.path, scope))

    def _turn(self, workspace: Workspace, scope: str) -> None:
        """Run a Cycle if one is asked for or due. Who asked first says how; who wants another one waits."""
        with workspace.read() as session:
            requests = open_requests(session, scope)
        wish = requests[0].wish if requests else AS_USUAL
        reasons = [f"asked for: {request}" for request in requests if request.wish == wish]
        if not wish.test_mode:  # which answers no Trigger
            told = due(gather(workspace, scope, now()), workspace.settings.triggers)
            reasons += [f"{reason.trigger}: {reason.words}" for reason in told]
        numbers = frozenset(request.number for request in requests)
        fresh = numbers - self._tried.get(scope, frozenset())
        if fresh or (reasons and not self.pauses.is_pausing(scope)):
            self._tried[scope] = numbers
            self._cycle(workspace, scope, reasons, wish)

    def _cycle(self, workspace: Workspace, scope: str, reasons: list[str], wish: Wish) -> None:
        self.log("\n".join([f"{scope}: a Cycle is due", *reasons]))
        try:
            self.log(run_apart(self.stop, jobs.turn, workspace.path, scope, reasons, wish))
        except WorkspaceBusy as error:
            self.log(f"{scope}: waits: {error.what}")
        except RectoError:
            every_s = self.every_s or workspace.settings.triggers.check_every_s
            self.log(f"{scope}: the Cycle failed; it pauses for {self.pauses.failed(scope, every_s):.0f} s")
            raise
        else:
            self.pauses.succeeded(scope)

    def _tidy(self, workspace: Workspace) -> None:
        """What was stopped or killed is marked, if nobody trains: its requests are open again."""
        if not left_behind(workspace):
            return
        with suppress(RectoError), held(workspace.path / TRAIN_LOCK, what="tidying up"):
            for cycle in mark_interrupted(workspace):
                self.log(f"cycle {cycle} is interrupted; the next one goes on with its run")


def _check_own_schema(workspace: Workspace) -> None:
    """Raise what keeps a schema of the user's own from having a loop."""
    own_schema(workspace)
