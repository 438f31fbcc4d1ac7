"""`recto improve`: fine-tune on a dataset, or run one Cycle of the workspace; prove that it helped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.training_options import (
    STOPPED_BY_CTRL_C,
    command,
    follows,
    recipe_by,
    resumable,
    start_of,
)
from recto.cli.workspace_option import HERE, WorkspaceOption

if TYPE_CHECKING:
    from recto.retraining.cycle import CycleResult
    from recto.retraining.ledger import Wish
    from recto.training.improve import Improvement
    from recto.training.progress import Progress
    from recto.training.recipe import Recipe
    from recto.training.run import Start


@app.command()
def improve(
    dataset: Annotated[
        Path | None,
        typer.Argument(help="Folder or file with annotated documents and splits; none: the workspace's own."),
    ] = None,
    *,
    out: Annotated[Path | None, typer.Option(help="New folder for the run: model, log, report.")] = None,
    recipe: Annotated[Path | None, typer.Option(help="YAML file with training settings.")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs at most (in place of the recipe's).")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed (in place of the recipe's).")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run in --out.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an earlier run in --out.")] = False,
    scope: Annotated[
        str | None,
        typer.Option(help="Business type with a loop of its own; or fields:SCHEMA: what finds fields."),
    ] = None,
    test_mode: Annotated[
        bool,
        typer.Option("--test-mode", help="Learn from a few documents only (triggers.test_mode_documents)."),
    ] = False,
    later: Annotated[
        bool, typer.Option("--later", help="Leave a request for `recto loop` in place of training now.")
    ] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Measure on test, fine-tune on train, measure again; in a workspace, release if better.

    \b
    recto improve DATASET --out DIR   writes DIR/model, which works with --model, and a report
    recto improve                     one Cycle of the workspace: its documents, the gates, a Release

    Test documents are never trained on. A Cycle asked for by hand runs whatever the Triggers say; one that
    the gates refuse is kept with their reasons, the old model goes on reading, and the exit code is 1.
    """
    changes = {"epochs": epochs, "seed": seed}
    if dataset is None:
        _refuse("only with DATASET", {"--out": out, "--overwrite": overwrite, "--resume": resume})
        _in_workspace(workspace, _Asked(scope, recipe, changes, test_mode), later=later)
        return
    _refuse("only without DATASET", {"--scope": scope, "--test-mode": test_mode, "--later": later})
    if out is None:
        raise typer.BadParameter("--out DIR says where the run goes", param_hint="--out")
    start = start_of(resume=resume, overwrite=overwrite)
    _of_dataset(dataset, out, recipe, changes, start)


def _of_dataset(
    dataset: Path, out: Path, recipe: Path | None, changes: dict[str, int | None], start: "Start"
) -> None:
    """Write a Run, whatever the recipe teaches."""
    from recto.training.tagging.recipe import TaggerRecipe
    from recto.training.text.recipe import TextRecipe
    from recto.training.way import reading_way_of

    by = recipe_by(recipe, changes)
    flags = {"--recipe": recipe, **{f"--{name}": value for name, value in changes.items()}}
    if isinstance(by, TaggerRecipe | TextRecipe):
        from recto.cli.improve_fields import improve_finder

        with resumable("improve", dataset, out, flags), _watched() as progress:
            tell = improve_finder(by, dataset, out, progress, start=start)
        tell()
        return
    from recto.datasets.loading import load_dataset
    from recto.training.improve import improve as run_improve

    way = reading_way_of(by)
    if follows(dataset, way):
        return
    with resumable("improve", dataset, out, flags), _watched() as progress:
        loaded = load_dataset(dataset)
        done = run_improve(loaded, out, way, progress, start=start)
    _print(done, cost=True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked of the workspace."""

    scope: str | None
    recipe: Path | None
    changes: dict[str, int | None]
    test_mode: bool

    def wish(self, usual: Callable[[], "Recipe"]) -> "Wish":
        """How the Cycle is to train; without a flag by the recipe of the settings (now `usual`) then.

        All that flags and the recipe say now is kept, also where it is the default, which may change.
        """
        from recto.cli.improve_fields import found_anywhere
        from recto.retraining.ledger import Wish
        from recto.training.recipe import changed, load_recipe

        flags = {name for name, value in self.changes.items() if value is not None}
        if self.recipe is None and not flags:
            return Wish(test_mode=self.test_mode)
        read = found_anywhere(load_recipe(self.recipe)) if self.recipe else usual()
        said = read.model_fields_set | flags
        return Wish(changed(read, self.changes).model_dump(mode="json", include=said), self.test_mode)

    def again(self, folder: Path) -> str:
        """The command that asks for the same: one with another recipe wouldn't go on with this Run."""
        flags: dict[str, object] = {"--scope": self.scope, "--recipe": self.recipe}
        flags |= {f"--{name}": value for name, value in self.changes.items()}
        flags |= {"--test-mode": self.test_mode, "--workspace": None if folder == HERE else folder}
        return command("improve", flags=flags)


def _refuse(when: str, flags: dict[str, object]) -> None:
    """Flags that mean nothing here are mistakes."""
    for flag, value in flags.items():
        if value:
            raise typer.BadParameter(f"works {when}", param_hint=flag)


def _in_workspace(folder: Path, asked: _Asked, *, later: bool) -> None:
    """Run one Cycle, or leave a request for one. Exits with 1 where the gates refused the candidate."""
    from recto.cli.improve_fields import improve_finder_in, scope_of_finder
    from recto.registry.fields_scope import is_of_fields
    from recto.retraining.attempt import BY_HAND
    from recto.retraining.cycle import HOW_TO_ADD_TESTS, run_cycle
    from recto.retraining.loops import ask
    from recto.retraining.recipes import usual_recipe, usual_tagger_recipe
    from recto.workspace.folder import open_workspace
    from recto.workspace.tables import GENERAL

    opened = open_workspace(folder)
    scope = asked.scope or (scope_of_finder(asked.recipe) if asked.recipe else None) or GENERAL
    if is_of_fields(scope):
        _refuse("not for what finds fields", {"--test-mode": asked.test_mode})
        wish = asked.wish(lambda: usual_tagger_recipe(opened, scope))
    else:
        wish = asked.wish(lambda: usual_recipe(opened))
    if later:
        number = ask(opened, scope, BY_HAND, wish)
        typer.echo(f"request {number} for scope {scope} waits for recto loop")
        return
    if is_of_fields(scope):
        improve_finder_in(opened, scope, wish, lambda: asked.again(folder))
        return
    try:
        with _watched() as progress:
            done = run_cycle(opened, scope, [BY_HAND], progress, wish=wish)
    except KeyboardInterrupt:
        typer.echo(f"stopped; this goes on: {asked.again(folder)}", err=True)
        raise typer.Exit(STOPPED_BY_CTRL_C) from None
    if done.improvement is not None:
        _print(done.improvement, cost=False)
    _print_end(done, opened.settings.workspace.currency)
    if done.improvement is None:
        typer.echo(f"  hint: {HOW_TO_ADD_TESTS}", err=True)
    if done.release is None:
        raise typer.Exit(1)


def _print_end(done: "CycleResult", currency: str) -> None:
    """What each gate said, and how the Cycle ended."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    for verdict in done.verdicts:
        mark = "[green]passed [/]" if verdict.passed else "[red]refused[/]"
        console.print(f"{mark} {verdict.gate}: {escape(verdict.reason)}", soft_wrap=True)
    cost = "" if done.cost is None else f", {done.cost:.2f} {escape(currency)}"
    took = f"cycle {done.cycle} took {done.seconds:.0f} s{cost}"
    if done.release is None:
        console.print(f"{took}; nothing was released, the model in use stays", soft_wrap=True)
        console.print(escape(done.outcome), soft_wrap=True)
    else:
        console.print(f"{took}; release {done.release} is current for scope {escape(done.scope)}")


@contextmanager
def _watched() -> Iterator["Progress"]:
    from recto.cli.improve_progress import ConsoleProgress

    with ConsoleProgress() as progress:
        yield progress


def _print(done: "Improvement", *, cost: bool) -> None:
    """The lesson in sentences, the before/after table, and where everything is.

    Without `cost` where a Cycle's is told, which counts more than the Run.
    """
    from rich.console import Console
    from rich.markup import escape

    from recto.cli.evaluate_table import print_report
    from recto.cli.training_words import cost_sentence, sentences

    console = Console()
    paid = cost_sentence(done.cost, done.spent.total_s) if cost else []
    for sentence in [*sentences(done.taught), *_unseen(done), *paid]:
        console.print(escape(sentence), highlight=False, soft_wrap=True)
    print_report(done.report, ())
    console.print(f"model   {escape(str(done.model))}", highlight=False, soft_wrap=True)
    console.print(f"report  {escape(str(done.report_html))}", highlight=False, soft_wrap=True)


def _unseen(done: "Improvement") -> list[str]:
    """The vendors never seen in training, apart."""
    before, after = done.unseen_before, done.unseen_after
    if before is None or after is None:
        return []
    return [
        f"{after.documents} test documents of companies never seen in training: CER (ignoring case) "
        f"{before.cer_casefold:.2%} → {after.cer_casefold:.2%}."
    ]
