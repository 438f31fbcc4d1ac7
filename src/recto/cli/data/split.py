"""`recto data split`: give every document its split, the same one each time."""

from pathlib import Path
from typing import Annotated

import typer

from recto.cli.data import data_app
from recto.cli.data.progress import progress


@data_app.command()
def split(
    path: Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset of any format.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder or file to write.")],
    *,
    shares: Annotated[str, typer.Option(help="train/val/test in percent.")] = "80/10/10",
    again: Annotated[
        bool, typer.Option("--again", help="Split everything anew, whatever split it has.")
    ] = False,
    near: Annotated[bool, typer.Option(help="Keep pages that look alike together, too.")] = True,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FORMAT", help="As in `recto data convert`.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is at OUT.")] = False,
) -> None:
    """Split by a stable hash: what belongs together stays so; adding documents moves none out of test."""
    from recto.cli.data.mix_table import print_mix
    from recto.datasets.kinship import lookalikes_among
    from recto.datasets.loading import load_dataset
    from recto.datasets.lookalikes import Lookalikes
    from recto.datasets.scanning import scan
    from recto.datasets.splitting import shares_from_text, split_dataset
    from recto.datasets.statistics import measure
    from recto.datasets.writers.places import check_free
    from recto.datasets.writing import format_for, write_dataset

    wanted = shares_from_text(shares)
    check_free(out, replace=replace)
    dataset = load_dataset(path)
    with progress("Opening documents", len(dataset.examples)) as advance:
        scans = scan(dataset.examples, pages=near, on_each=advance)
    lookalikes = lookalikes_among(scans) if near else Lookalikes((), 0)
    done = split_dataset(dataset, scans, lookalikes, wanted, again=again)
    write_dataset(done, out, to or format_for(out), replace=replace)
    print_mix(measure(done.examples))
