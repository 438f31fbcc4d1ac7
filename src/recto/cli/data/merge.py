"""`recto data merge`: several datasets into one."""

from pathlib import Path
from typing import Annotated

import typer

from recto.cli.data import data_app
from recto.cli.data.progress import progress


@data_app.command()
def merge(
    paths: Annotated[list[Path], typer.Argument(metavar="DATASET…", help="Datasets of any format.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="The folder or file to write.")],
    again: Annotated[
        str | None,
        typer.Option(
            "--again", metavar="SHARES", help="Split everything anew: train/val/test in percent, 80/10/10."
        ),
    ] = None,
    near: Annotated[bool, typer.Option(help="Refuse leaks of pages that look alike, too.")] = True,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FORMAT", help="As in `recto data convert`.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is at OUT.")] = False,
) -> None:
    """Merge datasets: copies are dropped, names kept apart, leaks between splits refused, the mix shown."""
    from recto.cli.data.mix_table import print_mix
    from recto.datasets.kinship import lookalikes_among
    from recto.datasets.loading import load_dataset
    from recto.datasets.lookalikes import Lookalikes
    from recto.datasets.merging import merge as merge_scans
    from recto.datasets.merging import resplit
    from recto.datasets.scanning import scan
    from recto.datasets.splitting import shares_from_text
    from recto.datasets.statistics import measure
    from recto.datasets.writers.places import check_free
    from recto.datasets.writing import format_for, write_dataset

    wanted = None if again is None else shares_from_text(again)
    check_free(out, replace=replace)
    examples = [example for path in paths for example in load_dataset(path).examples]
    with progress("Opening documents", len(examples)) as advance:
        scans = scan(examples, pages=near, on_each=advance)
    lookalikes = lookalikes_among(scans) if near else Lookalikes((), 0)
    if wanted is not None:
        scans = resplit(scans, lookalikes, wanted)
    result = merge_scans(scans, lookalikes, out)
    write_dataset(result.dataset, out, to or format_for(out), replace=replace)
    print_mix(measure(result.dataset.examples))
    typer.echo(f"{result.duplicates_dropped} copies dropped, {result.renamed} names changed → {out}")
