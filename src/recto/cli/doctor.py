"""`recto doctor`: is all there, and does it work?"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app

if TYPE_CHECKING:
    from recto.training.findings import Finding

_MARKS = {"ok": "ok     ", "failed": "FAILED ", "skipped": "skipped"}


@app.command()
def doctor(
    *,
    model: Annotated[
        str,
        typer.Option(help="Base weights to rehearse with: a stored name, or a folder (default: see above)."),
    ] = "",
    remote: Annotated[
        bool, typer.Option("--remote", help="Look at the server (remote.url) instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check versions, GPU, memory and disk, then really read a page and fine-tune in small.

    A vision-language model is loaded, LoRA attached, one step trained, the
    adapter saved and loaded again, and a page read with it. Where there is a
    GPU, that is done with the weights of vlm.model; without one, or where those
    aren't stored, with the tiny model of random numbers, and it says so.

    What fails is told with what to do; the exit code is 1 then. What isn't
    here on purpose, such as a GPU, is skipped and told.
    """
    from recto.settings import settings_here
    from recto.training.checkup import checkup, checkup_remote

    settings = settings_here(Path())
    findings: list[Finding] = []
    for finding in checkup_remote(settings) if remote else checkup(settings, model):
        findings.append(finding)
        if not as_json:
            _tell(finding)
    failed = sum(finding.state == "failed" for finding in findings)
    if as_json:
        told = {"ok": not failed, "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        typer.echo(f"{failed} of {len(findings)} failed" if failed else "all that is here works")
    if failed:
        raise typer.Exit(1)


def _tell(finding: "Finding") -> None:
    took = f" ({finding.seconds:.1f} s)" if finding.seconds >= 1 else ""
    typer.echo(f"{_MARKS[finding.state]}  {finding.name}: {finding.what}{took}")
    if finding.hint:
        typer.echo(f"           hint: {finding.hint}")
