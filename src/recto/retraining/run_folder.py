"""The folder of a Cycle's Run: a new one, or that of an earlier Cycle which goes on; others are swept."""

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from recto.errors import OutputError, TrainingError
from recto.retraining import ledger
from recto.retraining.ledger import Beginning
from recto.training.identity import Identity, outdated, read_identity, refuse_another
from recto.training.progress import Progress
from recto.training.run import IDENTITY, Start, sweep_folder
from recto.workspace.folder import Workspace


def run_folder_for(
    workspace: Workspace,
    cycle: int,
    beginning: Beginning,
    wanted: Callable[[], Identity],
    progress: Progress,
) -> tuple[Path, Start]:
    """Where the Run `wanted` goes, and whether it is that of an earlier Cycle; both are written down.

    Of Runs that no Cycle can go on with, all but results and models is swept away.
    """
    beginning = replace(beginning, run_folder=_free_folder(workspace, cycle))
    with workspace.read() as session:
        before = ledger.resumable(session, cycle, beginning)
    start: Start = "new"
    if before is not None and _goes_on(workspace.path / before.run_folder, wanted()):
        progress.say(f"the run of cycle {before.id} goes on: same documents, same recipe")
        beginning, start = replace(beginning, run_folder=before.run_folder), "resume"
    ledger.describe(workspace, cycle, beginning)
    with workspace.read() as session:
        left_over = ledger.folders_left_over(session, cycle)
    for name in left_over:
        sweep_folder(workspace.path / name)
    return workspace.path / beginning.run_folder, start


def _free_folder(workspace: Workspace, first: int) -> str:
    """`runs/NNNN`, the first from number `first` on that nothing has: an older database knows not all."""
    names = (f"runs/{number:04d}" for number in count(first))
    return next(name for name in names if not os.path.lexists(workspace.path / name))


def _goes_on(run_folder: Path, wanted: Identity) -> bool:
    """Whether the Run in there is the one `wanted`; one that can't be read, or hardly began, isn't."""
    try:
        earlier = read_identity(run_folder / IDENTITY)
        refuse_another(earlier, wanted, run_folder)
    except (OutputError, TrainingError):
        return False
    return not outdated(earlier, wanted)
