"""`recto data stats`: what a dataset consists of, as a table, as JSON, and as a plot."""

import json
from pathlib import Path
from typing import Annotated

import typer

from recto.cli.data import data_app


@data_app.command()
def stats(
    path: Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset of any format.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the mix as .png or .svg.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="How far a share may be from its target (0.1: ten points).")
    ] = 0.1,
) -> None:
    """Show the mix by category and business type against the target, lengths, languages and labels."""
    from recto.cli.data.mix_table import print_mix, print_statistics
    from recto.datasets.loading import load_dataset
    from recto.datasets.statistics import measure

    statistics = measure(load_dataset(path).examples, tolerance=tolerance)
    if as_json:
        typer.echo(json.dumps(statistics.to_json(), ensure_ascii=False, indent=2))
    else:
        print_mix(statistics)
        print_statistics(statistics)
    if plot is not None:
        from recto.datasets.mix_plot import draw_mix

        draw_mix(statistics, plot, title=path.name or str(path))
