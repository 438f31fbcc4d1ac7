"""The folder of a Release, `releases/NNNN/`: built aside, made read-only, moved into place, checked on use.

A kill leaves `.new` (never visible) or a folder that no row names; `.adding` says which one that is. Only
that one is swept: a folder of unknown origin is somebody's model; it stays, and its number is passed over.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Sequence
from itertools import count
from pathlib import Path

import yaml
from pydantic import ValidationError

from recto.datasets.example import Example
from recto.documents.replacing import replace_file, sync_folder
from recto.engines import model_folder
from recto.engines.model_folder import FileStamp, ModelFolder
from recto.errors import OutputError, RegistryError
from recto.evaluation.fields.page import write_field_report
from recto.evaluation.fields.report import FieldReport
from recto.evaluation.report import Report
from recto.evaluation.report_html import write_report
from recto.registry.release import (
    CARD,
    MODEL,
    RECIPE,
    Origin,
    Release,
    ReleaseCard,
    folder_name,
    way_out,
)
from recto.workspace.utc import now

NEW = ".new"
ADDING = ".adding"


def pending(releases: Path) -> int | None:
    """The number that an add which didn't end was about to make visible. None: the last add ended well."""
    try:
        return int(json.loads((releases / ADDING).read_bytes())["number"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):  # not what `move_in` writes: then nothing is known to be ours
        return None


def sweep(releases: Path, *, orphan: int | None) -> None:
    """Remove what a killed add left: its unfinished folder, and the finished one that no row names."""
    shutil.rmtree(releases / NEW, ignore_errors=True)
    if orphan is not None and (place := releases / folder_name(orphan)).exists():
        shutil.rmtree(place)
    (releases / ADDING).unlink(missing_ok=True)


def free_number(releases: Path, first: int) -> int:
    """The first number from `first` on whose name nothing has."""
    return next(n for n in count(first) if not os.path.lexists(releases / folder_name(n)))


def strangers(releases: Path, known: Collection[str]) -> tuple[Path, ...]:
    """What stands beside the `known` folders; not what an add under way, or a killed one, has left there."""
    adding = pending(releases)
    ours = {*known, folder_name(adding)} if adding is not None else {*known}
    return tuple(p for p in sorted(releases.iterdir()) if p.name not in ours and not p.name.startswith("."))


def build(
    releases: Path, facts: tuple[int, str], model: ModelFolder, report: Report | FieldReport, origin: Origin,
    examples: Sequence[Example],
) -> tuple[ReleaseCard, str]:  # fmt: skip
    """The whole folder of Release `facts` = (number, scope) as `.new`; its card and the card's hash.

    Raises OutputError, and RegistryError where the model changes while it is copied.
    """
    folder = releases / NEW
    try:
        (folder / MODEL).mkdir(parents=True)
        for name in (model_folder.CARD, *model.card.files):
            shutil.copyfile(model.path / name, folder / MODEL / name)
        for name, stamp in model.card.files.items():
            if _stamp(folder / MODEL / name) != stamp:
                raise RegistryError("changed while it was copied", where=model.path / name, hint="try again")
        recipe = yaml.safe_dump(dict(origin.recipe), sort_keys=False, allow_unicode=True)
        (folder / RECIPE).write_text(recipe, encoding="utf-8")
        if isinstance(report, FieldReport):
            write_field_report(report, folder)
        else:
            write_report(report, folder, examples=examples)
        card = _card(facts, model, origin, folder)
        data = (card.model_dump_json(indent=1) + "\n").encode()
        (folder / CARD).write_bytes(data)
        _settle(folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise OutputError(
            f"the Release can't be written: {error.strerror or error}",
            where=releases,
            hint="check space and permissions; nothing half-written was left",
        ) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return card, hashlib.sha256(data).hexdigest()


def move_in(releases: Path, number: int) -> None:
    """`.new` becomes `NNNN`; before that, `.adding` says so. Raises OutputError."""
    replace_file(releases / ADDING, json.dumps({"number": number}).encode())
    (releases / NEW).rename(releases / folder_name(number))
    sync_folder(releases)


def ended(releases: Path) -> None:
    """The row is there: the folder is no orphan any more."""
    (releases / ADDING).unlink(missing_ok=True)


def verified(folder: Path, release: Release) -> ReleaseCard:
    """The card of `release`, after every file of `folder` was found as it was written.

    Raises RegistryError that names the first file which is missing or changed.
    """
    card = glanced(folder, release)
    for name, stamp in card.files.items():
        try:
            found = _stamp(folder / name)
        except OSError as error:
            raise _damage(folder, release, f"{name} can't be read ({error.strerror})") from None
        if found != stamp:
            raise _damage(folder, release, f"{name} was changed")
    return card


def glanced(folder: Path, release: Release) -> ReleaseCard:
    """As `verified`, but only the card is read; the other files are there and have their size."""
    card = _read_card(folder, release)
    for name, stamp in card.files.items():
        path = folder / name
        if not path.is_file():
            raise _damage(folder, release, f"{name} is missing")
        if path.stat().st_size != stamp.bytes:
            raise _damage(folder, release, f"{name} was changed")
    return card


def _read_card(folder: Path, release: Release) -> ReleaseCard:
    try:
        data = (folder / CARD).read_bytes()
    except OSError as error:
        raise _damage(folder, release, f"{CARD} can't be read ({error.strerror})") from None
    if hashlib.sha256(data).hexdigest() != release.content_sha256:
        raise _damage(folder, release, f"{CARD} was changed")
    try:
        return ReleaseCard.model_validate_json(data)
    except ValidationError as error:
        hint = "a newer recto made it: update this one"
        raise RegistryError(f"{CARD} has another shape", where=folder, hint=hint) from error


def _damage(folder: Path, release: Release, what: str) -> RegistryError:
    return RegistryError(
        f"Release {release.number} isn't what was measured: {what}",
        where=folder,
        hint=f"restore its folder from a backup, or read without it: {way_out(release.scope)} (or --to N)",
    )


def _card(facts: tuple[int, str], model: ModelFolder, origin: Origin, folder: Path) -> ReleaseCard:
    number, scope = facts
    return ReleaseCard(
        number=number,
        scope=scope,
        created_at=now(),
        engine=model.card.engine,
        label=model.label,
        data_fingerprint=origin.data_fingerprint,
        recipe_sha256=_stamp(folder / RECIPE).sha256,
        code_version=origin.code_version,
        base_name=model.card.base.name,
        base_sha256=origin.base_sha256,
        cycle_id=origin.cycle_id,
        verdicts=tuple(origin.verdicts),
        files={path.relative_to(folder).as_posix(): _stamp(path) for path in _files(folder)},
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _settle(folder: Path) -> None:
    """Every file on the disk and read-only, every name of the folder as well."""
    for path in _files(folder):
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        path.chmod(0o444)
    sync_folder(folder / MODEL)
    sync_folder(folder)


def _stamp(path: Path) -> FileStamp:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return FileStamp(sha256=digest, bytes=stream.tell())
