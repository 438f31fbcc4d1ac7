"""`recto train`: fine-tune on a dataset and write a model; nothing is measured on test documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.errors import SettingsError

if TYPE_CHECKING:
    from recto.datasets.example import Dataset
    from recto.training.way import Way


@app.command()
def train(
    dataset: Annotated[Path, typer.Argument(help="Folder or file with annotated documents (split train).")],
    *,
    out: Annotated[Path | None, typer.Option(help="New folder for the run: model, log, checkpoints.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="YAML file with training settings.")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs at most (in place of the recipe's).")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed (in place of the recipe's).")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in --out.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only tell the time and memory that it would take.")
    ] = False,
) -> None:
    """Fine-tune on split train and write a model folder, without measuring it.

    OUT/model works with --model in every command. --resume goes on after a kill, with the same result.
    Recipes of kind lora and text train on several GPUs, too:
    torchrun --no-python --nproc-per-node 4 recto train …
    """
    from recto.cli.training_options import follows, resumable, start_of, way_by
    from recto.datasets.loading import load_taught

    way = way_by(recipe, {"epochs": epochs, "seed": seed})
    start = start_of(resume=resume, overwrite=overwrite)
    if estimate:
        _estimate(load_taught(dataset), way)
        return
    if out is None:
        hint = "recto train DATASET --out DIR, or --estimate to see first what it takes"
        raise SettingsError("--out is missing: the folder for the run", hint=hint)

    if follows(dataset, way):
        return
    from recto.cli.improve_progress import ConsoleProgress
    from recto.cli.training_words import cost_sentence, sentences
    from recto.training.train import train as run_train

    flags = {"--recipe": recipe, "--epochs": epochs, "--seed": seed}
    with resumable("train", dataset, out, flags), ConsoleProgress() as progress:
        loaded = load_taught(dataset)
        done = run_train(loaded, out, way, progress, start=start)
    lines = [*sentences(done.taught), *cost_sentence(done.cost, done.taught.total_s)]
    typer.echo("\n".join([*lines, f"model   {done.model}"]))


def _estimate(dataset: "Dataset", way: "Way") -> None:
    from recto.observability.cost import cost
    from recto.training.cost import price_per_hour
    from recto.training.estimate import NO_ESTIMATE, in_words
    from recto.training.train import estimate

    price = price_per_hour(way.recipe)
    found = estimate(dataset, way)
    if found is None:
        typer.echo(NO_ESTIMATE)
    else:
        typer.echo(in_words(found, lambda seconds: cost(seconds, price)))
