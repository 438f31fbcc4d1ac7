"""What `recto add` tells: what became of the documents, in sentences for people or as one JSON object."""

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from recto.datasets.corpus import Added, Counts
from recto.datasets.example import Example


@dataclass(frozen=True, slots=True)
class Addition:
    """What was added, `remeasured` as Examples, and what was refused, gathering's included."""

    added: Added
    remeasured: tuple[Example, ...]
    refused: Sequence[str]


def print_addition(addition: Addition, total: Counts) -> None:
    """Say what became of everything; what was refused goes to stderr."""
    for sentence in sentences(addition):
        typer.echo(sentence)
    splits = ", ".join(f"{name} {total.splits.get(name, 0)}" for name in ("train", "val", "test"))
    waiting = f", {total.queued} waiting for a text" if total.queued else ""
    typer.echo(f"The workspace holds {counted(total.trusted, 'trusted page')} ({splits}){waiting}.")
    if addition.refused:
        typer.echo(f"{len(addition.refused)} refused:", err=True)
        for line in addition.refused:
            typer.echo(f"  {line}", err=True)


def sentences(addition: Addition) -> list[str]:
    """How many were added, known, moved; what is zero is left out."""
    added = addition.added
    told = [
        (len(added.trusted), "with a trusted text"),
        (len(added.queued), "without text: queued"),
        (len(added.updated), "known, with a new label"),
        (len(added.known), "known as they are"),
    ]
    out = ["; ".join(f"{counted(n, 'page')} {words}" for n, words in told if n) or "Nothing was added"]
    if addition.remeasured:
        out.append(
            f"{counted(len(addition.remeasured), 'test page')} got another text: "
            "figures measured before don't count it so."
        )
        out += [f"  {name_of_page(example)}" for example in addition.remeasured]
    if added.moved:
        out.append(
            f"{counted(len(added.moved), 'page')} went to a stricter split: a document of the "
            "same group, or one that looks alike, stands there."
        )
    if added.aside:
        out.append(
            f"{counted(len(added.aside), 'page')} set aside: kin of documents that measure, and learnt from "
            "before. They neither train nor measure any more."
        )
    if added.uncompared:
        out.append(
            f"{added.uncompared} pairs of pages on one common form weren't compared: "
            "give documents that belong together the same `group`."
        )
    return out


def addition_json(addition: Addition) -> dict[str, object]:
    """Ids of pages by what became of them, and what was refused."""
    added = addition.added
    again = zip(added.remeasured, addition.remeasured, strict=True)
    return {
        "trusted": added.trusted,
        "queued": added.queued,
        "updated": added.updated,
        "remeasured": [{"id": i, "document": e.image, "page": e.page} for i, e in again],
        "known": added.known,
        "moved": added.moved,
        "aside": added.aside,
        "uncompared": added.uncompared,
        "refused": addition.refused,
    }


def name_of_page(example: Example) -> str:
    """`letter.pdf, page 2`."""
    return f"{example.image}, page {example.page}" if example.page else example.image


def counted(number: int, noun: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
