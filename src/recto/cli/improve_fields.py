"""`recto improve` with a recipe of kind tagger or text: on a dataset, or as one Cycle of the workspace."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from recto.cli.training_options import STOPPED_BY_CTRL_C

if TYPE_CHECKING:
    from recto.retraining.field_cycle import FieldCycleResult
    from recto.retraining.ledger import Wish
    from recto.training.improve_fields import FieldImprovement
    from recto.training.progress import Progress
    from recto.training.recipe import Recipe
    from recto.training.run import Start
    from recto.training.way import FieldRecipe
    from recto.workspace.folder import Workspace


def scope_of_finder(recipe: Path) -> str | None:
    """The scope of what learns to find fields by the recipe in this file, None for another kind of recipe.

    Raises SettingsError, SchemaError.
    """
    from recto.extraction.loading import load_schema
    from recto.registry.fields_scope import scope_of_fields
    from recto.training.recipe import load_recipe
    from recto.training.tagging.recipe import TaggerRecipe
    from recto.training.text.recipe import TextRecipe

    read = load_recipe(recipe)
    if not isinstance(read, TaggerRecipe | TextRecipe):
        return None
    return scope_of_fields(load_schema(read.fields_of).name)


def found_anywhere(recipe: "Recipe") -> "Recipe":
    """The recipe, in which the files of what finds fields have whole paths: the loop may run elsewhere."""
    from recto.training.tagging.recipe import TaggerRecipe
    from recto.training.text.recipe import TextRecipe

    if not isinstance(recipe, TaggerRecipe | TextRecipe):
        return recipe
    files = {"read_with": recipe.read_with} if recipe.read_with else {}
    files |= {"fields_of": recipe.fields_of} if recipe.fields_of.endswith(".json") else {}
    return recipe.model_copy(update={name: str(Path(file).resolve()) for name, file in files.items()})


def improve_finder(
    recipe: "FieldRecipe", dataset: Path, out: Path, progress: "Progress", *, start: "Start"
) -> Callable[[], None]:
    """Write a Run of what finds fields; what is given back prints what came of it."""
    from recto.datasets.loading import load_dataset, load_taught
    from recto.settings import settings_here
    from recto.training.improve_fields import improve_fields
    from recto.training.way import field_way_of

    way = field_way_of(recipe, settings_here(Path()))
    loaded = load_taught(dataset) if recipe.kind == "text" else load_dataset(dataset)
    done = improve_fields(loaded, out, way, progress, start=start)
    return lambda: _print(done, cost=True)


def improve_finder_in(workspace: "Workspace", scope: str, wish: "Wish", again: Callable[[], str]) -> None:
    """Run one Cycle of what finds fields. Exits with 1 where the gates refused it."""
    from recto.cli.improve_progress import ConsoleProgress
    from recto.retraining.attempt import BY_HAND
    from recto.retraining.field_cycle import run_field_cycle

    try:
        with ConsoleProgress() as progress:
            done = run_field_cycle(workspace, scope, [BY_HAND], progress, wish=wish)
    except KeyboardInterrupt:
        typer.echo(f"stopped; this goes on: {again()}", err=True)
        raise typer.Exit(STOPPED_BY_CTRL_C) from None
    if done.improvement is not None:
        _print(done.improvement, cost=False)
    _print_end(done)
    if done.release is None:
        raise typer.Exit(1)


def _print(done: "FieldImprovement", *, cost: bool) -> None:
    """The lesson in sentences, the figures of each field before and after, and where everything is."""
    from recto.cli.evaluate_fields import print_field_report
    from recto.cli.training_words import cost_sentence, sentences

    paid = cost_sentence(done.cost, done.spent.total_s) if cost else []
    for sentence in [*sentences(done.taught), *paid]:
        typer.echo(sentence)
    print_field_report(done.report, ())
    typer.echo(f"model   {done.model}")
    typer.echo(f"report  {done.report_html}")


def _print_end(done: "FieldCycleResult") -> None:
    """What each gate said, and how the Cycle ended."""
    for verdict in done.verdicts:
        typer.echo(f"{'passed ' if verdict.passed else 'refused'} {verdict.gate}: {verdict.reason}")
    took = f"cycle {done.cycle} took {done.seconds:.0f} s"
    if done.release is None:
        typer.echo(f"{took}; nothing was released: {done.outcome}")
    else:
        typer.echo(f"{took}; release {done.release} is current for {done.scope}")
