"""Releases on the terminal and as JSON: the list with the current ones marked, and one in full."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recto.cli.data.progress import table_width
from recto.registry.promotion import Promotion
from recto.registry.release import Release, ReleaseCard, way_out
from recto.registry.standing import Standing


def print_releases(standings: Sequence[Standing]) -> None:
    """One row for each Release, and a sentence for each that needs one."""
    console = _console()
    if not standings:
        console.print("no Releases yet: recto improve makes one when its model passes the gates")
        return
    table = Table()
    table.add_column("no.", justify="right", no_wrap=True)
    table.add_column("current for", overflow="fold")
    table.add_column("scope", overflow="fold")
    for name in ("made", "error", "docs", "s/page", "cycle"):
        table.add_column(name, justify="right", no_wrap=True)
    for standing in standings:
        table.add_row(*_row(standing), style="bold green" if standing.current_for else None)
    console.print(table)
    for standing in standings:
        for sentence in _remarks(standing):
            console.print(escape(sentence), soft_wrap=True)
    if not any(_reads(standing) for standing in standings):
        console.print("none is current: pages are read with the base model; recto releases promote N")


def print_strangers(paths: Sequence[Path]) -> None:
    """What stands in `releases/` and is no Release of this workspace."""
    for path in paths:
        typer.echo(f"{path}: the database knows no such Release; it is left alone")
    if paths:
        typer.echo("is `database` in recto.toml the right one? else move them away")


def print_release(standing: Standing, card: ReleaseCard, history: Sequence[Promotion]) -> None:
    """Everything about one Release."""
    console, release = _console(), standing.release
    table = Table(show_header=False, title=f"Release {release.number}", title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    facts = {
        "current for": ", ".join(standing.current_for) or "nothing",
        "made": f"{moment(release.created_at)}, for scope {release.scope}"
        + (f", by cycle {release.cycle_id}" if release.cycle_id is not None else ""),
        "model": card.label,
        "content": release.content_sha256,
        "data": release.data_fingerprint,
        "recipe": release.recipe_sha256,
        "code": release.code_version,
        "base": f"{card.base_name} {release.base_sha256}",
        "measured": figures(release),
    }
    for name, value in facts.items():
        table.add_row(name, escape(value))
    console.print(table)
    for verdict in card.verdicts:
        mark = "[green]passed[/]" if verdict.passed else "[red]refused[/]"
        console.print(f"{mark}  {escape(verdict.gate)}: {escape(verdict.reason)}", soft_wrap=True)
    for sentence in _remarks(standing):
        console.print(escape(sentence), soft_wrap=True)
    for step in history:
        console.print(f"{moment(step.at)}  {escape(_step(step))}", soft_wrap=True)


def listed(standing: Standing) -> dict[str, JsonValue]:
    """One Release of the list as JSON."""
    release = standing.release
    return {
        "number": release.number,
        "scope": release.scope,
        "current_for": list[JsonValue](standing.current_for),
        "never_current": standing.never,
        "problem": standing.problem,
        "created_at": release.created_at.isoformat(),
        "engine": release.engine,
        "content_sha256": release.content_sha256,
        "data_fingerprint": release.data_fingerprint,
        "recipe_sha256": release.recipe_sha256,
        "code_version": release.code_version,
        "base_sha256": release.base_sha256,
        "cycle": release.cycle_id,
        "metrics": _plain(release.metrics),
    }


def described(standing: Standing, card: ReleaseCard, history: Sequence[Promotion]) -> dict[str, JsonValue]:
    """One Release in full as JSON."""
    steps: list[JsonValue] = [
        {
            "scope": step.scope,
            "number": step.number,
            "previous": step.previous,
            "kind": step.kind,
            "reason": step.reason,
            "at": step.at.isoformat(),
        }
        for step in history
    ]
    verdicts: list[JsonValue] = [asdict(verdict) for verdict in card.verdicts]
    files: dict[str, JsonValue] = {name: stamp.model_dump() for name, stamp in card.files.items()}
    return {
        **listed(standing),
        "label": card.label,
        "verdicts": verdicts,
        "promotions": steps,
        "files": files,
    }


def figures(release: Release) -> str:
    """`CER 1.23 %, 87 documents, 0.52 s per page`."""
    if release.mean_f1 is not None:
        return f"mean F1 {_percent(release.mean_f1)}, {_metric(release, 'documents', '.0f')} test documents"
    rate = release.error_rate
    name = "CER (ignoring case)" if release.metrics.get("headline") == "cer_casefold" else "CER"
    told = [f"{name} {_percent(rate)}"] if rate is not None else []
    told.append(f"{_metric(release, 'documents', '.0f')} test documents")
    told.append(f"{_metric(release, 'seconds_per_page', '.2f')} s per page")
    return ", ".join(told)


def moment(at: datetime) -> str:
    """`2026-11-21 12:00` in UTC."""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def _reads(standing: Standing) -> bool:
    """Whether pages are read with it: it is current, and no tagger."""
    return bool(standing.current_for) and standing.release.mean_f1 is None


def _row(standing: Standing) -> tuple[str, ...]:
    release, scopes = standing.release, standing.current_for
    return (
        str(release.number),
        escape(f"* {', '.join(scopes)}") if scopes else "",
        escape(release.scope),
        release.created_at.strftime("%Y-%m-%d"),
        _percent(release.error_rate) if release.mean_f1 is None else f"F1 {_percent(release.mean_f1)}",
        _metric(release, "documents", ".0f"),
        _metric(release, "seconds_per_page", ".2f"),
        "" if release.cycle_id is None else str(release.cycle_id),
    )


def _remarks(standing: Standing) -> Iterator[str]:
    """What the table can't say: why it was never current, and what of it is damaged."""
    number = standing.release.number
    if standing.never is not None:
        yield f"Release {number} was never current: {standing.never}; recto releases promote {number} does it"
    if standing.problem is not None:
        ways = [f", or go on without it: {way_out(scope)}" for scope in standing.current_for]
        yield f"{standing.problem}; restore its folder from a backup{''.join(ways)}"


def _step(step: Promotion) -> str:
    verb = "rolled back to" if step.kind == "rollback" else "promoted"
    number = "base" if step.number is None else step.number
    instead = f" in place of {step.previous}" if step.previous is not None else ""
    return f"{verb} {number} for {step.scope}{instead}: {step.reason}"


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{100 * rate:.2f} %"


def _metric(release: Release, name: str, form: str) -> str:
    value = release.metrics.get(name)
    return format(value, form) if isinstance(value, int | float) else ""


def _plain(metrics: Mapping[str, object]) -> dict[str, JsonValue]:
    return {k: v for k, v in metrics.items() if v is None or isinstance(v, str | int | float)}


def _console() -> Console:
    return Console(width=table_width(), highlight=False)
