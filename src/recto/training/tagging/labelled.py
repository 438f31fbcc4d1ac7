"""Labelled: which documents of a workspace teach what finds a schema's fields; Cycles, Triggers, exports ask.

`review.schemas` of the settings says which schema a category has. So the date of a receipt teaches nobody how
invoices say theirs. A schema that no category has learns from all documents that label one of its fields.
"""

from recto.datasets.corpus.labelled import Labels
from recto.extraction.schema import Schema
from recto.settings import Settings
from recto.training.tagging.samples import labels_of
from recto.workspace.tables import GENERAL


def labels_for(schema: Schema, settings: Settings) -> Labels:
    """The pages that teach it; those of business types with a loop of their own aren't among them."""
    schemas = settings.review.schemas.items()
    categories = frozenset(category for category, name in schemas if name == schema.name)
    return Labels(GENERAL, categories or None, lambda fields: bool(labels_of(schema, fields)))
