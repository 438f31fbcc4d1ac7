"""What `recto add` tells: what became of the documents, in sentences for people or as one JSON object."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from textwrap import indent

import typer

from recto.datasets.corpus import Added, Counts
from recto.datasets.example import Example


@dataclass(frozen=True, slots=True)
class Addition:
    """What was added, `remeasured` as Examples, and what was refused, gathering's included.

    `new_categories` were in neither the workspace nor the settings' mix; each with the known one that it
    resembles, if any.
    """

    added: Added
    remeasured: tuple[Example, ...]
    refused: Sequence[str]
    new_categories: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class QueueRead:
    """How many pages without text were read, and couldn't be; those that wait on because of `errors`."""

    read: int = 0
    failed: int = 0
    waiting: int = 0
    errors: tuple[str, ...] = ()

    def __add__(self, other: "QueueRead") -> "QueueRead":
        """Both; the same error is told once."""
        errors = tuple(dict.fromkeys(self.errors + other.errors))
        waiting = self.waiting + other.waiting
        return QueueRead(self.read + other.read, self.failed + other.failed, waiting, errors)


def resembling(new: Set[str], known: Set[str]) -> dict[str, str | None]:
    """Each of the new words with the known one that it may be a slip of; None where it's like none."""
    close = {word: get_close_matches(word, sorted(known), n=1, cutoff=0.8) for word in sorted(new)}
    return {word: found[0] if found else None for word, found in close.items()}


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


def print_reading(read: QueueRead) -> None:
    """Say how many pages were read; what went wrong goes to stderr."""
    if read.read or read.failed:
        failed = f"; {read.failed} couldn't be read" if read.failed else ""
        typer.echo(f"{counted(read.read, 'page')} read, to be corrected or accepted{failed}")
    if read.errors:
        verb = "stays" if read.waiting == 1 else "stay"
        listed = "".join(f"\n{indent(error, '  ')}" for error in read.errors)
        typer.echo(f"{counted(read.waiting, 'page')} {verb} queued, unread:{listed}", err=True)


def sentences(addition: Addition) -> list[str]:
    """How many were added, known, moved; what is zero is left out."""
    added = addition.added
    told = [
        (len(added.trusted), "with a trusted text"),
        (len(added.queued), "without text: queued"),
        (len(added.updated), "known, with a new label"),
        (len(added.known), "known as they are"),
        (len(added.corrected), "corrected by a person, whose text stays"),
    ]
    out = ["; ".join(f"{counted(n, 'page')} {words}" for n, words in told if n) or "Nothing was added"]
    if addition.remeasured:
        out.append(
            f"{counted(len(addition.remeasured), 'test page')} got another text: "
            "figures measured before don't count it so."
        )
        out += [f"  {name_of_page(example)}" for example in addition.remeasured]
    if new := addition.new_categories:
        words = [f"{word} (did you mean {known}?)" if known else word for word, known in new.items()]
        out.append(f"New {'category' if len(new) == 1 else 'categories'}: {', '.join(words)}")
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


def addition_json(addition: Addition, read: QueueRead) -> dict[str, object]:
    """Ids of pages by what became of them, what was refused, and how the reading went."""
    added = addition.added
    again = zip(added.remeasured, addition.remeasured, strict=True)
    return {
        "trusted": added.trusted,
        "queued": added.queued,
        "updated": added.updated,
        "remeasured": [{"id": i, "document": e.image, "page": e.page} for i, e in again],
        "known": added.known,
        "corrected": added.corrected,
        "moved": added.moved,
        "aside": added.aside,
        "uncompared": added.uncompared,
        "new_categories": addition.new_categories,
        "refused": addition.refused,
        "read": read.read,
        "unreadable": read.failed,
        "waiting": read.waiting,
        "reading_error": "\n".join(read.errors) or None,
    }


def name_of_page(example: Example) -> str:
    """`letter.pdf, page 2`."""
    return f"{example.image}, page {example.page}" if example.page else example.image


def counted(number: int, noun: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
