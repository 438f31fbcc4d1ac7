"""The table of `recto.toml` that steers review: which page comes first, who sees it, how people sign in."""

from typing import Annotated, Literal

from pydantic import Field

from recto.settings.table import Seconds, SettingsTable, Share, Word

SchemaName = Literal["contract", "invoice", "receipt", "tax_form"]
"""The schemas that come with recto: a service takes no others by name."""

_Weight = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]


class ReviewSettings(SettingsTable):
    """How documents wait for people, and who may correct them."""

    lease_s: Seconds = Field(default=600.0, description="so long a page is left to whoever took it")
    random_share: Share = Field(
        default=0.1, description="of the pages, drawn by their hash: from these alone accuracy is estimated"
    )
    importance: dict[Word, _Weight] = Field(
        default={}, description="what a wrong word matters, by category or business type; else 1"
    )
    missing_field_words: _Weight = Field(
        default=5.0, description="a required field that wasn't found counts as so many wrong words"
    )
    other_engine: str = Field(
        default="",
        description="what waits is read by this engine as well (recto loop): where it disagrees, look sooner",
    )
    schemas: dict[Word, SchemaName] = Field(
        default={"receipt": "receipt", "invoice": "invoice", "contract": "contract", "tax_form": "tax_form"},
        description="which fields are looked for in an uploaded document, by its category",
    )
    closed: Annotated[tuple[Word, ...], Field(strict=False)] = Field(
        default=(), description="business types that only those see who are limited to them by name"
    )
    session_s: Seconds = Field(default=43_200.0, description="so long somebody stays signed in")
    secure_cookies: bool = Field(default=False, description="cookies over HTTPS only: where a proxy does TLS")
