"""Wanted: which schema counts: the one that a request names or sends, else that of its agent's profile."""

import json
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import Field, JsonValue

from recto.errors import RequestRefused
from recto.settings import AgentSettings

Wanted = Annotated[str, Field(max_length=200)] | dict[str, JsonValue]
"""A schema's name, or a JSON Schema."""

SchemaFrom = Literal["request", "agent"]
"""Who said which schema."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The schema that counts, and who said so. Whether it is any good is found out where it is tried."""

    schema: Wanted
    said_by: SchemaFrom


def wanted_of(text: str) -> Wanted:
    """A name, or a JSON Schema as text: that begins with a brace. Raises ValueError where it isn't JSON."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return cast(dict[str, JsonValue], json.loads(text, parse_constant=_refused))
    except RecursionError:
        raise ValueError("nested too deep") from None


def chosen(asked: Wanted | None, agent: AgentSettings | None) -> Choice | None:
    """What is `asked` for stands above the agent's profile; None where neither says a schema."""
    if asked is not None:
        return Choice(asked, "request")
    if agent is not None and agent.schema_:
        return Choice(wanted_of(agent.schema_), "agent")
    return None


def needed(asked: Wanted | None, agent: AgentSettings | None) -> Choice:
    """The same where fields are all that is asked for. Raises RequestRefused without a schema."""
    choice = chosen(asked, agent)
    if choice is None:
        raise RequestRefused(
            "no schema is named", hint="send `schema`, or name an agent whose profile has one"
        )
    return choice


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
