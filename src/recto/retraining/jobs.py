"""Jobs of the loop, each for a process of its own: open the workspace, do one thing, say so in words.

They take and return plain values (`apart`). A kill at any moment costs the work of the moment, no more.
"""

from collections.abc import Sequence
from pathlib import Path

from recto.datasets.corpus import Added, add_examples, shares_of
from recto.datasets.corpus.gathering import Filing, gather
from recto.registry.fields_scope import is_of_fields
from recto.retraining.accuracy import measure_accuracy
from recto.retraining.cycle import CycleResult, run_cycle
from recto.retraining.field_cycle import FieldCycleResult, run_field_cycle
from recto.retraining.ledger import Wish
from recto.retraining.log_lines import LoggedProgress, write_line
from recto.retraining.other_reading import other_engine, read_again
from recto.retraining.queue import engine_of, read_queue, unread
from recto.workspace.folder import open_workspace


def take_in(path: Path, inbox: Path, only: Sequence[Path] | None) -> str:
    """Add what lies in `inbox` (documents, or a dataset with annotations) to the workspace at `path`.

    `only` names the documents that are new there; None means all. What can't be added is told.
    """
    workspace = open_workspace(path)
    leave_out = (workspace.blobs, workspace.runs, workspace.releases)
    reading = gather([str(inbox)], Filing(leave_out=leave_out))
    wanted = [e for e in reading.examples if only is None or e.source in only]
    added = add_examples(workspace, wanted, shares=shares_of(workspace.settings.split))
    refused = [*reading.problems, *added.refused]
    return "\n".join([_added(added), *(str(problem) for problem in refused)])


def _added(added: Added) -> str:
    counts = {
        "with text": len(added.trusted),
        "to be read": len(added.queued),
        "with a new label": len(added.updated),
        "known": len(added.known),
        "corrected by a person, whose text stays": len(added.corrected),
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"inbox: {told or 'nothing added'}"


def tend(path: Path, scope: str, *, accuracy: bool) -> str:
    """Read the scope's queued documents with its current model; with `accuracy`, also those of val."""
    workspace = open_workspace(path)
    engine = engine_of(workspace, scope)
    told = []
    if unread(workspace, scope):
        done = read_queue(workspace, scope, engine)
        told.append(f"{done.read} queued documents read" + (f", {done.failed} failed" if done.failed else ""))
    if accuracy:
        found = measure_accuracy(workspace, scope, engine)
        value = "unknown" if found.value is None else f"{found.value:.1%}"
        told.append(f"validation accuracy {value} over {found.measured} documents")
    return f"{scope}: {'; '.join(told) or 'nothing to read'}"


def ask_other(path: Path, scope: str) -> str:
    """Have the other engine read what waits in the scope."""
    workspace = open_workspace(path)
    count = read_again(workspace, scope, other_engine(workspace))
    return f"{scope}: {count} queued documents read by {workspace.settings.review.other_engine} as well"


def turn(path: Path, scope: str, reasons: Sequence[str], wish: Wish) -> str:
    """Run one Cycle, with its progress as log lines."""
    workspace, progress = open_workspace(path), LoggedProgress(write_line)
    done: CycleResult | FieldCycleResult
    if is_of_fields(scope):
        done = run_field_cycle(workspace, scope, reasons, progress, wish=wish)
    else:
        done = run_cycle(workspace, scope, reasons, progress, wish=wish)
    end = f"release {done.release} is current" if done.release else "the old model stays current"
    return f"{scope}: cycle {done.cycle} took {done.seconds:.0f} s: {end}: {done.outcome}"
