"""Written: a labelled value as text, whether a file said it or a person in the form of the review page."""

from recto.datasets.example import JsonValue


def written(value: JsonValue) -> str:
    """A label as a text; money may be an object of amount and currency. "" for what is no single value."""
    if isinstance(value, dict):
        value = value.get("amount")
    return str(value).strip() if isinstance(value, str | int | float) else ""
