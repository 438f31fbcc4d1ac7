"""Base weights on the terminal and as JSON: what they are, how large, and where they come from."""

from collections.abc import Sequence

from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recto.cli.data.progress import table_width
from recto.engines.known_models import KNOWN
from recto.engines.model_store import StoredModel, store_folder

_GIGABYTE, _MEGABYTE = 1e9, 1e6
_SHOWN_DIGITS = 12


def print_models(models: Sequence[StoredModel]) -> None:
    """One row for each stored model, then those that could be fetched, and where the store is."""
    console = Console(width=table_width(), highlight=False)
    if models:
        table = Table()
        table.add_column("name", overflow="fold")
        table.add_column("architecture")
        table.add_column("size", justify="right")
        for name in ("revision", "licence", "from"):
            table.add_column(name, overflow="fold")
        for model in models:
            table.add_row(*map(escape, _row(model)))
        console.print(table)
    console.print(f"store: {store_folder()}{'' if models else ' (nothing is stored there)'}", soft_wrap=True)
    missing = [name for name, known in KNOWN.items() if known.repo not in {model.repo for model in models}]
    console.print(
        f"recto models pull gets: {', '.join(missing) or 'any repository of the Hub'}", soft_wrap=True
    )


def listed(model: StoredModel) -> dict[str, JsonValue]:
    """One stored model as JSON."""
    return {
        "name": model.name,
        "architecture": model.architecture,
        "bytes": model.bytes,
        "repo": model.repo,
        "revision": model.revision,
        "licence": model.licence,
        "source": model.source,
        "sha256": model.sha256,
        "path": str(model.path),
    }


def size(count: int) -> str:
    """Bytes as `6.8 GB` or `1.9 MB`."""
    if count >= _GIGABYTE:
        return f"{count / _GIGABYTE:.1f} GB"
    return f"{count / _MEGABYTE:.1f} MB"


def _row(model: StoredModel) -> tuple[str, ...]:
    revision = model.revision[:_SHOWN_DIGITS] or "none"
    return (
        model.name, model.architecture, size(model.bytes), revision, model.licence or "not said", model.source
    )  # fmt: skip
