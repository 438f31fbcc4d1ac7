"""The field `schema` of forms: a schema's name, or a JSON Schema as text."""

from typing import Annotated

from fastapi.exceptions import RequestValidationError
from pydantic import Field

from recto.extraction.schema import BUILT_IN
from recto.serving.extracting.wanted import Wanted, wanted_of
from recto.serving.mistakes import OURS

SCHEMA_BYTES = 65_536
"""So long a JSON Schema may be in a form."""

SCHEMA_SAYS = f"what is wanted: {', '.join(BUILT_IN)}; or a JSON Schema; else what the agent's profile says"

SchemaText = Annotated[str, Field(min_length=1)] | None


def wanted_in(text: SchemaText) -> Wanted | None:
    """What it names or holds. Raises RequestValidationError where it is neither a name nor JSON."""
    try:
        return None if text is None else wanted_of(text)
    except ValueError:
        mistake = {"loc": ("schema",), "msg": "is neither a name nor JSON", "type": OURS}
        raise RequestValidationError([mistake]) from None
