"""Kinds of documents that can be made, and ways to wear them."""

from enum import StrEnum


class Kind(StrEnum):
    """What kind of document; the value is the Example's category."""

    RECEIPT = "receipt"
    INVOICE = "invoice"
    CONTRACT = "contract"
    TAX_FORM = "tax_form"


class Degradation(StrEnum):
    """How a clean sheet becomes a picture; MIXED is one none, two scans and two photos in five."""

    NONE = "none"
    SCAN = "scan"
    PHOTO = "photo"
    MIXED = "mixed"
