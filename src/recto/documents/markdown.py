"""Markdown of a Transcript: headings, paragraphs, lists and tables, with what Markdown would swallow escaped.

Where the engine wrote Markdown itself, that is kept as it is.
What is a heading or a table, `documents/layout` says from the boxes. The dialect is GitHub's.
"""

import re
from collections.abc import Sequence

from recto.documents.layout import Block, Heading, Item, Paragraph, Table, blocks_of
from recto.documents.transcript import Transcript

_ANYWHERE = re.compile(r"([\\`*_\[\]<>|~$])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_AT_START = re.compile(r"^(\s*)(#{1,6}(?=\s|$)|[-+=](?=\s|$|[-=+]))")
_NUMBER_AT_START = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)")
_HARD_BREAK = "\\\n"


def to_markdown(transcript: Transcript) -> str:
    """The transcript as Markdown; one without places gives its text, one paragraph line per text line."""
    if transcript.is_markdown:
        return f"{transcript.text}\n" if transcript.text else ""
    if not transcript.has_places:
        lines = [line for line in transcript.text.splitlines() if line.strip()]
        return _paragraph(Paragraph(tuple(lines))) + "\n" if lines else ""
    blocks = blocks_of(transcript.lines)
    out = ""
    for before, block in zip([None, *blocks], blocks, strict=False):
        in_list = isinstance(before, Item) and isinstance(block, Item)
        same_list = in_list and _is_numbered(before) == _is_numbered(block)
        out += ("" if before is None else "\n" if same_list else "\n\n") + _rendered(block)
    return out + "\n" if out else ""


def escape(text: str) -> str:
    """Text as Markdown shows it, for the middle or the start of a line."""
    text = _ENTITY.sub(r"\\&", _ANYWHERE.sub(r"\\\1", text))
    text = _AT_START.sub(lambda found: f"{found[1]}\\{found[2]}", text)
    return _NUMBER_AT_START.sub(r"\1\\\2", text)


def _is_numbered(block: Block | None) -> bool:
    return isinstance(block, Item) and block.number is not None


def _rendered(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {_ending_escaped(escape(text.strip()))}"
        case Item(number, text):
            return f"{'-' if number is None else f'{number}.'} {escape(text.strip())}"
        case Table(rows):
            return _table(rows)
        case Paragraph():
            return _paragraph(block)


def _paragraph(block: Paragraph) -> str:
    return _HARD_BREAK.join(escape(line.strip()) for line in block.lines)


def _ending_escaped(text: str) -> str:
    """A heading may end in #, which Markdown would drop."""
    return re.sub(r"(#+)$", r"\\\1", text)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """The first row heads the table: Markdown knows none without."""
    head, *body = rows
    rule = ["---:" if _is_numeric([row[i] for row in body]) else "---" for i in range(len(head))]
    lines = [[escape(cell) for cell in row] for row in (head, *body)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (lines[0], rule, *lines[1:]))


def _is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column holds figures only, so that it stands to the right."""
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(re.fullmatch(r"\D{0,4}[\d.,' -]*\d\D{0,4}", cell) for cell in filled)
