"""Documents that recto makes itself, with exact text, boxes and fields: for starting without data.

`synthesise` streams Examples by a `Wish`. `houses` says who issues a document and in which style,
`languages` what it is filled with, `templates` what stands where; `composing` lays it out (reportlab),
`printing` makes pixels and lines of it (PDFium), `wear` the picture that somebody took. `needle` is another
way: till and needle printers that are hard to read. `canary` are fixed pages that show forgetting.
"""

from recto.datasets.synthesis.kinds import Degradation, Kind
from recto.datasets.synthesis.synthesise import Wish, synthesise

__all__ = ["Degradation", "Kind", "Wish", "synthesise"]
