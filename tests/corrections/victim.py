"""A reading service for tests/corrections/test_kills: it says its URL, and answers until it is killed."""

import sys
from pathlib import Path

from recto.engines.fake import FakeEngine
from recto.serving.server import serve
from recto.serving.service import Service
from recto.workspace.folder import open_workspace


def say(url: str) -> None:
    """On standard output, at once."""
    print(url, flush=True)  # noqa: T201


if __name__ == "__main__":
    workspace = open_workspace(Path(sys.argv[1]))
    settings = workspace.settings.model_copy(
        update={
            "serving": workspace.settings.serving.model_copy(update={"port": 0}),
            "uploads": workspace.settings.uploads.model_copy(update={"decode_workers": 1}),
        }
    )
    serve(Service(settings, workspace, lambda _: FakeEngine(), takes_jobs=False), say)
