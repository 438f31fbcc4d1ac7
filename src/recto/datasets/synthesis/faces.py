"""Faces: the families of type that documents are laid out in, as reportlab knows them.

Three come with every PDF reader (Helvetica, Times, Courier), the others with matplotlib (DejaVu, STIX): no
files of our own. All of them have the accents of Western Europe.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont


@dataclass(frozen=True, slots=True)
class Faces:
    """A family: the names of its upright, bold and italic face; `breadth` of its letters against Times."""

    regular: str
    bold: str
    italic: str
    breadth: float


HELVETICA = Faces("Helvetica", "Helvetica-Bold", "Helvetica-Oblique", 1.1)
TIMES = Faces("Times-Roman", "Times-Bold", "Times-Italic", 1.0)
COURIER = Faces("Courier", "Courier-Bold", "Courier-Oblique", 1.35)
DEJAVU_SANS = Faces("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", 1.25)
DEJAVU_SERIF = Faces("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", 1.25)
DEJAVU_MONO = Faces("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", 1.35)
STIX = Faces("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", 1.0)

OFFICE = (HELVETICA, TIMES, DEJAVU_SANS, STIX, DEJAVU_SERIF, HELVETICA)
TILL = (COURIER, DEJAVU_MONO, HELVETICA, DEJAVU_SANS, COURIER)
LAW = (TIMES, STIX, DEJAVU_SERIF, HELVETICA, COURIER)

MONOSPACED = 1.3
"""The breadth of faces whose letters are all as wide as each other."""

_OURS = (DEJAVU_SANS, DEJAVU_SERIF, DEJAVU_MONO, STIX)


@cache
def register_faces() -> None:
    """Tell reportlab of matplotlib's fonts, and which face of a family is its bold and its italic one."""
    folder = files("matplotlib") / "mpl-data/fonts/ttf"
    for faces in _OURS:
        for name in (faces.regular, faces.bold, faces.italic):
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
        pdfmetrics.registerFontFamily(
            faces.regular, normal=faces.regular, bold=faces.bold, italic=faces.italic, boldItalic=faces.bold
        )


def width_pt(text: str, face: str, size_pt: float) -> float:
    """How wide `text` is set in `face`."""
    register_faces()
    return float(pdfmetrics.stringWidth(text, face, size_pt))
