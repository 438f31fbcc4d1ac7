"""Apart: a job in a process of its own, so that what it loads is gone when it is done.

The job is a module-level function of plain values that returns a plain value. It may be stopped at any
moment, as hard as by a kill; what it does has to survive that.
"""

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Event
from typing import ParamSpec, TypeVar, cast

from recto.errors import OutputError, RectoError, WorkspaceError

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")

LOOK_S = 0.2
"""How often it is looked whether the job should stop."""
PATIENCE_S = 10.0
"""A job that was asked to stop and is there still after this is killed."""


class Stopped(Exception):
    """The job was stopped because its caller wanted to."""


def run_apart(
    stop: Event, job: Callable[Arguments, Value], *args: Arguments.args, **named: Arguments.kwargs
) -> Value:
    """What `job` returns, run in a new process; its RectoErrors are raised here.

    Raises Stopped where `stop` was set before it was done, and WorkspaceError where it died.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, job, args, named), name=job.__name__)
    process.start()
    theirs.close()
    try:
        while not ours.poll(LOOK_S):
            if stop.is_set():
                process.terminate()
                raise Stopped
        answer = ours.recv()
    except EOFError:
        process.join(PATIENCE_S)
        raise WorkspaceError(
            f"the process for {job.__name__} died (exit code {process.exitcode})",
            hint="is there memory enough? its own messages stand above",
        ) from None
    finally:
        _end(process)
        ours.close()
    if isinstance(answer, RectoError):
        raise answer
    return cast(Value, answer)


def _end(process: SpawnProcess) -> None:
    """Wait for a process that has answered or was told to end; kill one that stays."""
    process.join(PATIENCE_S)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _work(
    answer: Connection,
    job: Callable[..., object],
    args: tuple[object, ...],
    named: dict[str, object],
) -> None:
    """In the new process: Ctrl-C is the caller's matter, who passes it on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        answer.send(job(*args, **named))
    except RectoError as error:
        answer.send(error)
    except OSError as error:
        what = f"{error.filename or job.__name__}: {error.strerror or error}"
        answer.send(OutputError(what, hint="check space and permissions"))
