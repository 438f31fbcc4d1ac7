"""`--workspace`: which workspace a verb works in: the flag, else RECTO_WORKSPACE, else the folder one is in."""

from pathlib import Path
from typing import Annotated

import typer

VARIABLE = "RECTO_WORKSPACE"

WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", envvar=VARIABLE, help="Workspace, or a folder in it (default: this one)."),
]
"""`workspace: WorkspaceOption = HERE`; then `open_workspace(workspace)`."""

HERE = Path()
