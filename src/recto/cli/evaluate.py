"""`recto evaluate`: measure an engine on a dataset, beside another one if wanted, and write the report."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recto.cli import app
from recto.cli.extractor_option import ReadWithOption, SchemaOption
from recto.cli.model_option import EngineOption, ModelOption, Weights, chosen_weights
from recto.cli.workspace_option import OptionalWorkspace

if TYPE_CHECKING:
    from recto.cli.evaluate_fields import Pair
    from recto.datasets.example import Dataset, Example
    from recto.evaluation.evaluate import Progress
    from recto.evaluation.fields.measure import Measured
    from recto.evaluation.fields.report import FieldReport
    from recto.evaluation.report import DatasetInfo, Report


class SplitChoice(StrEnum):
    """Which documents to measure."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"
    ALL = "all"


BaselineOption = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        help="Engine to compare with (base weights, if no --baseline-model); with --fields untrained, or a "
        "trained tagger or language model.",
    ),
]
BaselineModelOption = Annotated[
    str | None,
    typer.Option(
        "--baseline-model",
        metavar="DIR_OR_RELEASE",
        help="Model to compare with, as --model (of --engine, if no --baseline).",
    ),
]


@app.command()
def evaluate(
    dataset: Annotated[Path, typer.Argument(help="Folder or file with annotated documents.")],
    *,
    split: Annotated[SplitChoice, typer.Option(help="Documents to measure.")] = SplitChoice.TEST,
    engine: EngineOption = None,
    model: ModelOption = None,
    baseline: BaselineOption = None,
    baseline_model: BaselineModelOption = None,
    fields: Annotated[
        bool,
        typer.Option("--fields", help="Measure the extraction of fields; --model is one that finds them."),
    ] = False,
    schema: SchemaOption = None,
    read_with: ReadWithOption = None,
    workspace: OptionalWorkspace = None,
    out: Annotated[Path | None, typer.Option(help="Folder for report.json and report.html.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Measure the first N documents only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
) -> None:
    """Measure an engine on annotated documents: error rates, speed, and with --baseline, what changed.

    With --fields what is measured is how well fields are extracted from what the engine reads: precision,
    recall, F1 and how far confidences can be trusted; vendors that no train or val document names apart.
    In a workspace the current Release is measured, unless --model says otherwise.
    Exit code 1 says that some documents couldn't be opened or read (they count as empty).
    """
    _check_flags(fields=fields, schema=schema, read_with=read_with, baseline_model=baseline_model)
    from recto.cli.evaluate_table import print_report
    from recto.datasets.loading import load_dataset
    from recto.evaluation.compare import with_baseline
    from recto.evaluation.report_html import write_report

    _prepare(out)
    pair = _chosen_pair(schema, model, baseline, workspace) if fields else None
    loaded = load_dataset(dataset, keep_missing=True)
    examples = _choose(loaded, split)[:limit]
    info = _describe(dataset, split, examples)
    if pair is not None:
        what = _measured(loaded, examples, info)
        field_report = _measure_fields(pair, chosen_weights(engine, read_with, workspace), what)
        _tell_fields(field_report, out, as_json=as_json)
        return
    measured = chosen_weights(engine, model, workspace)
    report = _measure(measured, examples, info)
    if baseline or baseline_model:
        other = chosen_weights(baseline or engine, baseline_model or "base", workspace)
        report = with_baseline(report, _measure(other, examples, info))
    written = write_report(report, out, examples=examples) if out else ()
    if as_json:
        typer.echo(report.to_json(), nl=False)
    else:
        print_report(report, written)
    if report.failures or (report.baseline and report.baseline.failed):
        raise typer.Exit(1)


def _check_flags(
    *, fields: bool, schema: str | None, read_with: str | None, baseline_model: str | None
) -> None:
    """Raises BadParameter for flags that mean nothing with, or without, --fields."""
    if fields and baseline_model is not None:
        raise typer.BadParameter(
            "with --fields, --baseline names what finds them", param_hint="--baseline-model"
        )
    for flag, given in (("--schema", schema), ("--read-with", read_with)):
        if given is not None and not fields:
            raise typer.BadParameter(f"{flag} needs --fields", param_hint=flag)


def _chosen_pair(
    schema: str | None, model: str | None, baseline: str | None, workspace: Path | None
) -> "Pair":
    from recto.cli.evaluate_fields import chosen_pair

    return chosen_pair(schema, model, baseline, workspace)


def _measured(loaded: "Dataset", examples: Sequence["Example"], info: "DatasetInfo") -> "Measured":
    """Training may have seen what is in train or val, and isn't measured now."""
    from recto.evaluation.fields.measure import Measured

    measured = {(example.image, example.page) for example in examples}
    taught = [
        example
        for example in loaded.examples
        if example.split in ("train", "val") and (example.image, example.page) not in measured
    ]
    return Measured(examples, info, taught)


def _measure_fields(pair: "Pair", weights: Weights, what: "Measured") -> "FieldReport":
    from recto.evaluation.fields.measure import measure_fields
    from recto.observability.spans import span

    candidate, baseline = pair
    with _exporting(weights):
        with span("load", engine=weights.engine):
            engine = weights.load()
        with _progress(weights.engine, len(what.examples)) as progress, span("evaluate", engine=engine.label):
            return measure_fields(engine, candidate, what, baseline=baseline, progress=progress)


def _tell_fields(report: "FieldReport", out: Path | None, *, as_json: bool) -> None:
    """Write and print the report. Exits with 1 where documents failed."""
    from recto.cli.evaluate_fields import print_field_report
    from recto.evaluation.fields.page import write_field_report

    written = write_field_report(report, out) if out else ()
    if as_json:
        typer.echo(report.to_json(), nl=False)
    else:
        print_field_report(report, written)
    if report.failed:
        raise typer.Exit(1)


def _prepare(out: Path | None) -> None:
    """Find out before the reading, not after it, that nothing can be written there."""
    from recto.errors import OutputError

    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"can't be a folder for the report ({error.strerror})", where=out, hint="choose another --out"
        ) from None


def _choose(dataset: "Dataset", split: SplitChoice) -> tuple["Example", ...]:
    from collections import Counter

    from recto.errors import EvaluationError

    chosen = tuple(e for e in dataset.examples if split is SplitChoice.ALL or e.split == split.value)
    if chosen:
        return chosen
    counts = Counter(e.split or "without a split" for e in dataset.examples)
    there = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items()))
    raise EvaluationError(
        f"no documents in split {split.value!r}; there are: {there}",
        where=dataset.root,
        hint="choose one with --split, take --split all, or make splits with: recto data split",
    )


def _describe(path: Path, split: SplitChoice, examples: tuple["Example", ...]) -> "DatasetInfo":
    """What is measured; no fingerprint where a document can't be read (the report lists it as failed)."""
    from recto.datasets.example import Dataset
    from recto.datasets.fingerprint import fingerprint
    from recto.errors import DatasetError, DocumentError
    from recto.evaluation.report import DatasetInfo

    try:
        print_of_all = fingerprint(Dataset(examples, path))
    except (DatasetError, DocumentError):
        print_of_all = ""
    return DatasetInfo(root=str(path), split=split.value, fingerprint=print_of_all)


def _measure(weights: Weights, examples: Sequence["Example"], info: "DatasetInfo") -> "Report":
    from recto.engines.catalog import FINE_TUNABLE
    from recto.evaluation.evaluate import evaluate
    from recto.observability.spans import span

    name = weights.engine
    settings = {"engine": name, "model": str(weights) if name in FINE_TUNABLE else None}
    with _exporting(weights):
        with span("load", engine=name):
            engine = weights.load()
        with _progress(name, len(examples)) as progress, span("evaluate", engine=engine.label):
            return evaluate(engine, examples, dataset=info, settings=settings, progress=progress)


def _exporting(weights: Weights) -> AbstractContextManager[None]:
    """Spans go where the workspace whose Release reads sends them."""
    from recto.workspace.spans import exporting_as

    return nullcontext() if weights.workspace is None else exporting_as(weights.workspace.settings)


@contextmanager
def _progress(name: str, total: int) -> Iterator["Progress | None"]:
    """A bar on a terminal, silence elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("reading with {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(name, total=total)
        yield lambda done, of: bar.update(task, completed=done, total=of)
