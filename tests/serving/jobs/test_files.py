"""Files of jobs: what is swept, and what is left alone."""

import os
import time

from recto.serving.jobs.files import SWEPT_AFTER_S, sweep_files
from recto.workspace.folder import Workspace


def test_only_old_files_of_nobody_are_swept(workspace: Workspace) -> None:
    for name in ("known", "old", "new"):
        (workspace.jobs / name).mkdir()
    for name in ("known", "old"):
        long_ago = time.time() - SWEPT_AFTER_S - 1
        os.utime(workspace.jobs / name, (long_ago, long_ago))
    sweep_files(workspace, {"known"})  # "new" may be a job that is just being added
    assert sorted(folder.name for folder in workspace.jobs.iterdir()) == ["known", "new"]
