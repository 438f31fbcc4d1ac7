"""Export: a Release as a model folder that works anywhere with --model, ready to be passed on.

It holds the weights, where they come from, and what was measured in figures; no document's text or image
leaves the workspace (the Report, which has them, stays there). An adapter goes without its base weights: the
NOTICE says which ones it needs and how to get them.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from recto.documents.replacing import sync_folder
from recto.engines import model_folder
from recto.engines.licences import papers
from recto.engines.model_folder import ModelCard, VlmCard, open_model
from recto.errors import OutputError, RegistryError
from recto.registry.fields_scope import FIND_FIELDS
from recto.registry.release import CARD, MODEL, RECIPE, Release, ReleaseCard
from recto.registry.store import model_path, release, release_folder, report_of, verify
from recto.workspace.folder import Workspace, own_folder

NOTICE = "NOTICE"
METRICS = "metrics.json"


def export(workspace: Workspace, number: int, out: Path) -> Path:
    """Write Release `number` as the new folder `out`, whole or not at all.

    Raises RegistryError where it isn't what was measured, OutputError where `out` isn't empty, stands where
    only recto writes, or can't be written, MissingPackage or ModelNotFound without the licence of its base
    weights. What finds fields isn't exported (RegistryError): it holds texts.
    """
    if kept := own_folder(out):
        raise OutputError(f"only recto writes into {kept}", where=out, hint="choose another --out")
    chosen = release(workspace, number)
    if chosen.engine in FIND_FIELDS:
        raise RegistryError(
            f"Release {number} finds fields, and knows names and addresses of your documents",
            hint=f"where that is no secret, {release_folder(workspace, chosen) / MODEL} works with --model",
        )
    files = _files(workspace, chosen)
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise OutputError("is there already, and isn't empty", where=out, hint="choose another --out")
        _write_folder(out, files)
    except OSError as error:
        raise OutputError(
            f"can't be written: {error.strerror or error}", where=out, hint="check space and permissions"
        ) from None
    return out


def notice(card: ReleaseCard, model: ModelCard, holders: str) -> str:
    """What must stand beside changed weights: what was changed, by what, and whose the original is."""
    made = f"recto {card.code_version} (Release {card.number}, {card.created_at:%Y-%m-%d})"
    told = _of_recogniser(card, made) if model.vlm is None else _of_vlm(card, model.vlm, made)
    return (
        f"NOTICE\n\nThis folder holds weights made from {card.base_name}.\n{told}\n"
        f"The weights that the fine-tuning started from have the SHA-256\n{card.base_sha256}.\n\n"
        f"{holders}\n"
    )


def _of_recogniser(card: ReleaseCard, made: str) -> str:
    weights = model_folder.RECOGNISER
    stamp = card.files.get(f"model/{weights}")
    if stamp is not None and stamp.sha256 == card.base_sha256:
        return f"{weights} is {card.base_name} as it came, unchanged."
    return f"{weights} was CHANGED: it is {card.base_name}, fine-tuned by {made}."


def _of_vlm(card: ReleaseCard, vlm: VlmCard, made: str) -> str:
    if vlm.kind == "full":
        return f"All weights may be CHANGED: they are {card.base_name}, fine-tuned by {made}."
    place = f"{vlm.repo}, commit {vlm.revision}" if vlm.repo else "a folder of whoever made it"
    get = f"{card.base_name} --from FOLDER"
    if vlm.repo:
        get = f"{vlm.repo} --revision {vlm.revision} --name {card.base_name}"
    return (
        f"It is an adapter, made by {made}, and reads only together with the base weights\n"
        f"{card.base_name} ({place}), which are NOT in this folder and weren't changed. To get them:\n"
        f"    recto models pull {get}"
    )


def _files(workspace: Workspace, chosen: Release) -> dict[str, bytes | Path]:
    """Every file of the export: as bytes, or where it is to be copied from."""
    card = verify(workspace, chosen)
    folder, model = release_folder(workspace, chosen), open_model(model_path(workspace, chosen), engine=None)
    report = report_of(workspace, chosen)
    figures = {
        "headline": report.headline,
        "metrics": report.metrics.model_dump(),
        "by_category": {name: group.metrics.model_dump() for name, group in report.by_category.items()},
        "dataset": report.dataset.fingerprint,
    }
    kept = papers(model.card)
    return {
        **kept.files,
        **{name: model.path / name for name in (model_folder.CARD, *model.card.files)},
        CARD: folder / CARD,
        RECIPE: folder / RECIPE,
        METRICS: (json.dumps(figures, ensure_ascii=False, indent=1) + "\n").encode(),
        NOTICE: notice(card, model.card, kept.holders).encode(),
    }


def _write_folder(out: Path, files: Mapping[str, bytes | Path]) -> None:
    """Build it aside and rename it. Raises OSError."""
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


def _write(path: Path, data: bytes | Path) -> None:
    """Weights are copied: they may be larger than memory."""
    if isinstance(data, Path):
        shutil.copyfile(data, path)
    else:
        path.write_bytes(data)
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
