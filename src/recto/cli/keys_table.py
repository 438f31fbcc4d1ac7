"""Keys of the reading service on the terminal and as JSON: what each may do, and how much of it is used."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recto.cli.data.progress import table_width
from recto.settings import AccessSettings
from recto.workspace.tables import ApiKeyRow


def print_keys(keys: Sequence[ApiKeyRow], pages: Mapping[int, int], settings: AccessSettings) -> None:
    """One row for each key; `pages` are those of today by the key's id."""
    console = Console(width=table_width(), highlight=False)
    if not keys:
        console.print("no keys yet: the service listens on this machine only; recto keys add NAME makes one")
        return
    table = Table()
    for name in ("name", "key", "may", "for"):
        table.add_column(name, overflow="fold")
    for name in ("requests/min", "pages/day", "pages today", "made"):
        table.add_column(name, justify="right")
    for key in keys:
        table.add_row(*_row(key, pages, settings), style="dim" if key.revoked_at else None)
    console.print(table)


def listed(key: ApiKeyRow, pages: Mapping[int, int]) -> dict[str, JsonValue]:
    """One key as JSON; limits that are null are those of the settings."""
    return {
        "name": key.name,
        "tenant": key.tenant,
        "prefix": key.prefix,
        "scopes": list[JsonValue](key.scopes),
        "businesses": list[JsonValue](key.businesses),
        "requests_per_minute": key.requests_per_minute,
        "pages_per_day": key.pages_per_day,
        "pages_today": pages.get(key.id, 0),
        "created_at": key.created_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
    }


def _row(key: ApiKeyRow, pages: Mapping[int, int], settings: AccessSettings) -> list[str]:
    name = key.name if key.tenant == key.name else f"{key.name} (of {key.tenant})"
    return [
        escape(name),
        f"{key.prefix}…",
        "nothing: revoked" if key.revoked_at else ", ".join(key.scopes),
        escape(", ".join(key.businesses) or "all"),
        _limit(key.requests_per_minute, settings.requests_per_minute),
        _limit(key.pages_per_day, settings.pages_per_day),
        str(pages.get(key.id, 0)),
        f"{key.created_at:%Y-%m-%d}",
    ]


def _limit(own: int | None, of_settings: int) -> str:
    limit = of_settings if own is None else own
    return f"{limit:,}" if limit else "no limit"
