"""Validation accuracy: how well the current model reads a scope's validation documents, measured bit by bit.

Each document is read once per model; its errors are kept in `cache/accuracy.json`, which may be deleted at
any time. Test documents are no matter of this: they measure candidates, in `cycle`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from recto.datasets.corpus.snapshot import examples_of
from recto.documents.replacing import replace_file
from recto.engines.engine import Engine
from recto.errors import SettingsError
from recto.evaluation.evaluate import Progress, evaluate
from recto.registry.store import current
from recto.retraining.ledger import scopes_of
from recto.retraining.recipes import usual_way
from recto.training.identity import code_version
from recto.workspace.folder import Workspace
from recto.workspace.scopes import in_scope, is_example
from recto.workspace.tables import DocumentRow

AT_ONCE = 200
"""So many documents are read in one pass, at most; the next pass goes on."""

_Errors = tuple[float, float]  # wrong characters, characters of the truth


@dataclass(frozen=True, slots=True)
class Accuracy:
    """1 − CER (0–1) over the `measured` documents (None: there are none); `missing` ones aren't read yet."""

    value: float | None
    measured: int
    missing: int


def known_accuracy(workspace: Workspace, scope: str) -> Accuracy:
    """What is known of the current model without reading anything."""
    known = _kept(workspace).get(model_key(workspace, scope), {})
    wanted = _validation(workspace, scope)
    found = [known[key] for key in wanted.values() if key in known]
    characters = sum(total for _, total in found)
    value = max(0.0, 1 - sum(errors for errors, _ in found) / characters) if characters else None
    return Accuracy(value, len(found), len(wanted) - len(found))


def measure_accuracy(
    workspace: Workspace, scope: str, engine: Engine, progress: Progress | None = None
) -> Accuracy:
    """Read what isn't measured yet (at most AT_ONCE documents) with `engine`, the scope's current model."""
    model = model_key(workspace, scope)
    known = _kept(workspace).get(model, {})
    missing = {row: key for row, key in _validation(workspace, scope).items() if key not in known}
    rows = list(missing)[:AT_ONCE]
    if rows:
        report = evaluate(engine, examples_of(workspace, rows), progress=progress)
        scores = [d.scores["cer_casefold" if d.case_blind else "cer"] for d in report.documents]
        found = {missing[row]: (score[0], score[1]) for row, score in zip(rows, scores, strict=True)}
        _keep(workspace, model, {**known, **found})
    return known_accuracy(workspace, scope)


def model_key(workspace: Workspace, scope: str) -> str:
    """The model that reads for `scope`: a Release by its content, or the base weights by their name."""
    release = current(workspace, scope)
    content = f"release {release.number} {release.content_sha256[:16]}" if release else _base(workspace)
    return f"{content}, recto {code_version()}"


def _base(workspace: Workspace) -> str:
    try:
        return f"base {usual_way(workspace).base_name}"
    except SettingsError:  # it will be raised where something is to be read; until then nothing is known
        return "base of a recipe that can't be read"


def _validation(workspace: Workspace, scope: str) -> dict[int, str]:
    """Validation documents of the scope: row → a key that changes with page, text, and what case means."""
    wanted = (
        select(DocumentRow.id, DocumentRow.sha256, DocumentRow.page, DocumentRow.facts, DocumentRow.text)
        .where(in_scope(scope, workspace.settings), is_example(), DocumentRow.split == "val")
        .order_by(DocumentRow.id)
    )
    with workspace.read() as session:
        return {
            row: hashlib.sha256(f"{sha256} {page} {facts.get('case')} {text}".encode()).hexdigest()
            for row, sha256, page, facts, text in session.execute(wanted)
        }


def _file(workspace: Workspace) -> Path:
    return workspace.path / "cache" / "accuracy.json"


def _kept(workspace: Workspace) -> dict[str, dict[str, _Errors]]:
    """What was measured; nothing where the file is gone or damaged: it will be measured again."""
    try:
        read = json.loads(_file(workspace).read_bytes())
        return {
            str(model): {str(key): (float(errors), float(total)) for key, (errors, total) in known.items()}
            for model, known in read.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _keep(workspace: Workspace, model: str, found: Mapping[str, _Errors]) -> None:
    """Write it down; what models of no scope measured is forgotten."""
    models = {model_key(workspace, scope) for scope in scopes_of(workspace.settings)} | {model}
    kept = {name: known for name, known in _kept(workspace).items() if name in models}
    data = json.dumps({**kept, model: dict(found)}, indent=0).encode()
    replace_file(_file(workspace), data)
