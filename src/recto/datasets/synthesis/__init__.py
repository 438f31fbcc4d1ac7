"""Documents that recto makes itself, with exact text, boxes and fields: for starting without data.

`synthesise` streams Examples; `vendors` says who issues a document and in which style, `receipts` and
`invoices` what stands on it, `sheet` and `typefaces` print it, `weathering` makes it look used.
It knows receipts and simple invoices in English.
"""

from recto.datasets.synthesis.synthesise import Kind, synthesise

__all__ = ["Kind", "synthesise"]
