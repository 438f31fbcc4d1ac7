"""`--workspace`: the workspace that a verb works in: flag, else RECTO_WORKSPACE, else where one is."""

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

OptionalWorkspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        envvar=VARIABLE,
        help="Workspace whose Releases read, or a folder in it (default: this one, where it is one).",
    ),
]
"""For verbs that work outside a workspace as well: None where nobody named one."""
