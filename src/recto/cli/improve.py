"""`recto improve`: fine-tune on a dataset, prove on its test documents that it helped, keep the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app

if TYPE_CHECKING:
    from recto.training.improve import Improvement
    from recto.training.progress import Progress
    from recto.training.recipe import Recipe


@app.command()
def improve(
    dataset: Annotated[Path, typer.Argument(help="Folder or file with annotated documents and splits.")],
    *,
    out: Annotated[Path, typer.Option(help="New folder for the run: model, log, report.")],
    recipe: Annotated[Path | None, typer.Option(help="YAML file with training settings.")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs at most (in place of the recipe's).")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed (in place of the recipe's).")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in --out.")] = False,
) -> None:
    """Measure on test, fine-tune the CPU engine on train, measure again, and write model and report.

    The model folder OUT/model works with --model in every command. Test documents are never trained on.
    """
    from recto.datasets.loading import load_dataset
    from recto.training.improve import improve as run_improve

    settings = _recipe(recipe, {"epochs": epochs, "seed": seed})
    loaded = load_dataset(dataset)
    with _watched() as progress:
        done = run_improve(loaded, out, settings, progress, start="overwrite" if overwrite else "new")
    _print(done)


def _recipe(path: Path | None, changes: dict[str, int | None]) -> "Recipe":
    from recto.training.recipe import Recipe, load_recipe

    recipe = load_recipe(path) if path else Recipe()
    wanted = {name: value for name, value in changes.items() if value is not None}
    return Recipe.model_validate(recipe.model_dump() | wanted)


@contextmanager
def _watched() -> Iterator["Progress"]:
    from recto.cli.improve_progress import ConsoleProgress

    with ConsoleProgress() as progress:
        yield progress


def _print(done: "Improvement") -> None:
    """The lesson in sentences, the before/after table, and where everything is."""
    from rich.console import Console
    from rich.markup import escape

    from recto.cli.evaluate_table import print_report

    console = Console()
    for sentence in sentences(done):
        console.print(escape(sentence), highlight=False, soft_wrap=True)
    print_report(done.report, ())
    console.print(f"model   {escape(str(done.model))}", highlight=False, soft_wrap=True)
    console.print(f"report  {escape(str(done.report_html))}", highlight=False, soft_wrap=True)


def sentences(done: "Improvement") -> list[str]:
    """What happened, for people: lines, case, epochs, time, and the vendors never seen in training."""
    lesson = done.lesson
    out = [f"Learnt from {lesson.train_lines} lines, chose the epoch by {lesson.val_lines} others"]
    out[0] += " held out of train." if done.held_out else "."
    if lesson.left_out:
        reasons = ", ".join(f"{count} × {why}" for why, count in sorted(lesson.left_out.items()))
        out.append(f"Left out: {reasons}.")
    if lesson.letters_read:
        out.append(
            f"The labels know no case: {lesson.letters_read} letters took theirs from the base model's "
            f"reading, {lesson.letters_guessed} from their neighbours."
        )
    if lesson.improved:
        out.append(
            f"Lines of validation: CER {lesson.before.cer:.2%} → {lesson.after.cer:.2%} "
            f"in epoch {lesson.best_epoch} of {lesson.epochs}."
        )
    else:
        out.append("No epoch beat the base model on validation lines: its weights were kept unchanged.")
    peak = f", {done.training_peak_mb / 1024:.1f} GiB at most" if done.training_peak_mb else ""
    out.append(f"Training took {done.training_s:.0f} s{peak}.")
    if done.unseen_before and done.unseen_after:
        before, after = done.unseen_before, done.unseen_after
        out.append(
            f"{after.documents} test documents of companies never seen in training: CER (ignoring case) "
            f"{before.cer_casefold:.2%} → {after.cer_casefold:.2%}."
        )
    return out
