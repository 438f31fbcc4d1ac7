"""`recto data convert`: a dataset from any format into any other."""

from pathlib import Path
from typing import Annotated

import typer

from recto.cli.data import data_app

FORMATS = "annotations, jsonl, parquet, webdataset, imagefolder, saved, pairs"


@data_app.command()
def convert(
    path: Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset of any format.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder or file to write.")],
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="FORMAT", help=f"{FORMATS}. Without it, OUT's suffix tells (.parquet, .tar)."
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is at OUT.")] = False,
) -> None:
    """Write a dataset in another format; nothing of it is lost."""
    from recto.datasets.loading import load_dataset
    from recto.datasets.writing import format_for, write_dataset

    format_name = to or format_for(out)
    dataset = load_dataset(path)
    write_dataset(dataset, out, format_name, replace=replace)
    typer.echo(f"{len(dataset.examples)} documents → {out} ({format_name})")
