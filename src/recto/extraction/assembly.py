"""Assembly: from what an extractor found to an Extraction that fits its Schema, or says why it doesn't."""

from collections.abc import Sequence

from recto.extraction.fields import Extraction, Found
from recto.extraction.schema import Schema


def assemble(schema: Schema, found: Sequence[Found], *, extractor: str, seconds: float) -> Extraction:
    """An Extraction of everything found: sorted out, nested, validated, checked."""
    raise NotImplementedError
