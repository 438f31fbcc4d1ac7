"""Export: a Release as a model folder that works anywhere with --model, ready to be passed on.

It holds the weights, where they come from, and what was measured in figures; no document's text or image
leaves the workspace (the Report, which has them, stays there).
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

from recto.documents.replacing import sync_folder
from recto.engines import model_folder
from recto.engines.licences import HOLDERS, licence_files
from recto.engines.model_folder import open_model
from recto.errors import OutputError
from recto.registry.release import CARD, RECIPE, Release, ReleaseCard
from recto.registry.store import model_path, release, release_folder, report_of, verify
from recto.workspace.folder import Workspace, own_folder

NOTICE = "NOTICE"
METRICS = "metrics.json"


def export(workspace: Workspace, number: int, out: Path) -> Path:
    """Write Release `number` as the new folder `out`, whole or not at all.

    Raises RegistryError where it isn't what was measured, OutputError where `out` isn't empty, stands where
    only recto writes, or can't be written, MissingPackage without the licence of its base weights.
    """
    if kept := own_folder(out):
        raise OutputError(f"only recto writes into {kept}", where=out, hint="choose another --out")
    chosen = release(workspace, number)
    files = _files(workspace, chosen)
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputError("is there already, and isn't empty", where=out, hint="choose another --out")
        out.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{out.name}-", suffix=".part", dir=out.parent))
        try:
            for name, data in files.items():
                _write(part / name, data)
            part.chmod(0o755)
            part.replace(out)
            sync_folder(out.parent)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"can't be written: {error.strerror or error}", where=out, hint="check space and permissions"
        ) from None
    return out


def notice(card: ReleaseCard) -> str:
    """What must stand beside changed weights: what was changed, by what, and whose the original is."""
    weights = model_folder.RECOGNISER
    stamp = card.files.get(f"model/{weights}")
    made = f"recto {card.code_version} (Release {card.number}, {card.created_at:%Y-%m-%d})"
    if stamp is not None and stamp.sha256 == card.base_sha256:
        change = f"{weights} is {card.base_name} as it came, unchanged."
    else:
        change = f"{weights} was CHANGED: it is {card.base_name}, fine-tuned by {made}."
    return (
        f"NOTICE\n\nThis folder holds weights made from {card.base_name}.\n{change}\n"
        f"The weights that the fine-tuning started from have the SHA-256\n{card.base_sha256}.\n\n"
        f"{HOLDERS.get(card.base_name, '')}\n"
    )


def _files(workspace: Workspace, chosen: Release) -> dict[str, bytes]:
    """Every file of the export."""
    card = verify(workspace, chosen)
    folder, model = release_folder(workspace, chosen), open_model(model_path(workspace, chosen), engine=None)
    report = report_of(workspace, chosen)
    figures = {
        "headline": report.headline,
        "metrics": report.metrics.model_dump(),
        "by_category": {name: group.metrics.model_dump() for name, group in report.by_category.items()},
        "dataset": report.dataset.fingerprint,
    }
    return {
        **licence_files(card.base_name),
        **{name: (model.path / name).read_bytes() for name in (model_folder.CARD, *model.card.files)},
        CARD: (folder / CARD).read_bytes(),
        RECIPE: (folder / RECIPE).read_bytes(),
        METRICS: (json.dumps(figures, ensure_ascii=False, indent=1) + "\n").encode(),
        NOTICE: notice(card).encode(),
    }


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
