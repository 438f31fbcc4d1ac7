"""Documents that recto makes itself, with exact text, boxes and fields: for starting without data.

`synthesise` streams Examples. `needle` prints the hard ones.
"""

from recto.datasets.synthesis.needle.stream import Kind, synthesise

__all__ = ["Kind", "synthesise"]
