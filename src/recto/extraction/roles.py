"""Roles: what a value is, whatever a schema calls it, and what is printed beside it in five languages.

They stand in `roles.json`: per role its kind, the names that schemas give it, its labels by language (en,
de, fr, es, and the Malay of Malaysian receipts), and the roles it is easily taken for. They are what makes
extraction useful before anything is learnt; a schema of the user's own gets them by the names of its fields.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, TypeAdapter

from recto.extraction.values import KindName
from recto.extraction.values.kind import squashed


class _RoleJson(BaseModel):
    model_config = ConfigDict(extra="forbid")

    description: str
    kind: KindName
    names: list[str]
    labels: dict[str, list[str]]
    unlike: list[str] = []


@dataclass(frozen=True, slots=True)
class Role:
    """What a value is; `unlike` names other roles whose labels speak against it."""

    name: str
    kind: KindName
    description: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    unlike: tuple[str, ...]


@cache
def roles() -> dict[str, Role]:
    """All roles by name."""
    text = resources.files("recto.extraction").joinpath("roles.json").read_text("utf-8")
    told = TypeAdapter(dict[str, _RoleJson]).validate_json(text)
    return {
        name: Role(
            name=name,
            kind=role.kind,
            description=role.description,
            names=tuple(role.names),
            labels=distinct(label for labels in role.labels.values() for label in labels),
            unlike=tuple(role.unlike),
        )
        for name, role in told.items()
    }


def labels_against(role: Role) -> tuple[str, ...]:
    """The labels of the roles that this one is easily taken for, without those that it shares with them."""
    others = (label for name in role.unlike for label in roles()[name].labels)
    return distinct(label for label in others if label not in role.labels)


def role_named(*names: str) -> Role | None:
    """The role that the first of these names stands for, by its names or by a label that no other has."""
    for name in filter(None, map(squashed, names)):
        role = _by_name().get(name)
        if role:
            return roles()[role]
    return None


_IN_LINES = {"total": "line_amount", "person": "description", "title": "description", "net": "line_amount"}
"""What names mean in a line of a bill, where they mean something else in the whole of it."""


def role_in_line(*names: str) -> Role | None:
    """The role that these names stand for in a line of a bill."""
    role = role_named(*names)
    return roles()[_IN_LINES.get(role.name, role.name)] if role else None


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts without repetitions, in their order."""
    return tuple(dict.fromkeys(texts))


_TELLING = 4
"""Shorter labels ("le", "an", "y") are names of anything."""


@cache
def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    shared = set()
    for role in roles().values():
        for label in {squashed(label) for label in role.labels if len(squashed(label)) >= _TELLING}:
            shared.update({label} & found.keys())
            found[label] = role.name
    alone = {label: role for label, role in found.items() if label not in shared}
    named = {squashed(name): role.name for role in roles().values() for name in (role.name, *role.names)}
    return alone | named
