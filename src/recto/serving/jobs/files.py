"""The files of jobs: `jobs/ID/0`, `1`, … in the workspace until the job ends. No client's name is used."""

import hashlib
import math
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import IO

from recto.documents.replacing import replaced
from recto.workspace.folder import Workspace

SWEPT_AFTER_S = 3600
_CHUNK = 1 << 20


def keep_file(workspace: Workspace, job_id: str, place: int, source: IO[bytes]) -> str:
    """Keep a document of the job, on the disk for sure, and give its SHA-256. Raises OutputError."""
    digest = hashlib.sha256()
    source.seek(0)
    with replaced(file_of(workspace, job_id, place)) as stream:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            stream.write(chunk)
    return digest.hexdigest()


def file_of(workspace: Workspace, job_id: str, place: int) -> Path:
    """Where document `place` (from 0) of the job is, or would be."""
    return workspace.jobs / job_id / str(place)


def discard_files(workspace: Workspace, job_id: str) -> None:
    """The job needs its documents no more."""
    shutil.rmtree(workspace.jobs / job_id, ignore_errors=True)


def sweep_files(workspace: Workspace, known: Collection[str]) -> None:
    """Remove what a kill left behind: files of jobs that aren't `known` to be unfinished.

    A new folder is left alone: its job is perhaps just being added.
    """
    oldest = time.time() - SWEPT_AFTER_S
    for folder in workspace.jobs.iterdir():
        if folder.name not in known and _changed_at(folder) < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _changed_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # its job has ended meanwhile
        return math.inf
