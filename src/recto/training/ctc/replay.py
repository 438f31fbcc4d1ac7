"""General lines against forgetting: mixed case, accents, digits and signs, rendered on the spot.

They are taught along with the lines of the documents, so that the model keeps what those don't show.
Deterministic by seed. Nothing is measured on them.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw, ImageFilter, ImageFont

from recto.documents.page import Image
from recto.errors import MissingPackage
from recto.training.ctc.recipe import CtcRecipe

_PROSE = (
    "the quick reader finds every word on paper before Monday London Bridge Street invoice payment within "
    "thirty days balance due customer number order shipped quantity unit price Thank you for shopping here "
    "please keep this receipt total discount change cash card visa debit January February March August "
    "für über schön grün müssen Käufer Gebühr Rechnung Lieferung Empfänger Österreich München Köln heiß "
    "außer Fußweg süß weiß Menge Stück Zwischensumme Mehrwertsteuer zuzüglich Überweisung gültig Ärzte "
    "été élève où français garçon hôtel forêt déjà reçu façade Noël cœur œuvre pièce quantité numéro crème "
    "brûlée âge île sûr très après vêtement référence échéance montant réglé société télévision "
    "año mañana señor niño ¿Cuándo? ¡Gracias! teléfono dirección español corazón número artículo día "
    "fecha importe total factura información compañía según pingüino città perché più così università "
    "quantità pagherò João coração São não informação às três ação pão smørrebrød blåbær Århus København "
    "łódka święto źródło żółty ćma příliš žluťoučký kůň güneş İstanbul şişe çağrı őszi tükör"
)
_WORDS = tuple(_PROSE.split())
_ACCENTED = {
    "a": "àáâãäåāăąæ", "c": "çćčĉ", "d": "ďđ", "e": "èéêëēėęě", "g": "ğģĝ", "i": "ìíîïīį",
    "l": "łľļ", "n": "ñńňņ", "o": "òóôõöøōőœ", "r": "řŕ", "s": "śşšșß", "t": "ťțţ",
    "u": "ùúûüūůűų", "y": "ýÿ", "z": "źżž",
}  # fmt: skip
_SIGNS = (
    "&",
    "/",
    "-",
    "+",
    "%",
    "*",
    ":",
    "=",
    "@",
    "#",
    "(a)",
    "[x]",
    "\u201cso\u201d",
    "\u2013",
    "§ 4",
    "°C",
    "€",
    "$",
    "£",
    "¥",
    "®",
    "™",
    "×",
    "·",
    "±",
    "²",
    "½",
    "…",
    "7–12",
    "°",
    "§§",
    "¿",
    "¡",
)
_PARTS = (1, 1, 2, 2, 3, 5)  # of a line; mostly few: the time that a line takes grows with its length
_FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "STIXGeneral",
    "STIXGeneralBol",
)
"""No italics: three of the canary pages have them, so that forgetting shows in print that isn't taught."""


_FEWEST = 300  # about what ten receipts leave time for in a minute


def general_lines_for(lines: int, recipe: CtcRecipe) -> int:
    """How many general lines go with so many lines of documents: half as many, but never very few."""
    return min(recipe.replay_lines, max(_FEWEST, lines // 2))


@dataclass(frozen=True, slots=True, eq=False)
class GeneralLine:
    """A rendered line, height × width × 3, and what it says."""

    image: Image
    text: str


def general_lines(count: int, *, seed: int) -> Iterator[GeneralLine]:
    """`count` lines with varied text, face, size, contrast and blur."""
    rng = random.Random(seed)
    fonts = _fonts()
    for _ in range(count):
        yield _line(_text(rng), rng.choice(fonts), rng)


def _text(rng: random.Random) -> str:
    parts = [_part(rng) for _ in range(rng.choice(_PARTS))]
    text = " ".join(parts)
    style = rng.random()
    if style < 0.12:
        return text.upper()
    return text.title() if style < 0.3 else text


def _part(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(_WORDS)
    if kind < 0.68:
        return _accented(rng.choice(_WORDS), rng)
    if kind < 0.78:
        return rng.choice(_SIGNS)
    if kind < 0.9:
        return f"{rng.randint(0, 4000)}{rng.choice('.,')}{rng.randint(0, 99):02d}"
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2010, 2039)
    return rng.choice(".-/").join((f"{day:02d}", f"{month:02d}", str(year)))


def _accented(word: str, rng: random.Random) -> str:
    """The word with accents that no language gives it, so that all of them are seen."""
    return "".join(
        rng.choice(_ACCENTED[char]) if char in _ACCENTED and rng.random() < 0.35 else char for char in word
    )


def _fonts() -> list[Path]:
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise MissingPackage(
            "the fonts for general lines come with matplotlib", hint="pip install matplotlib"
        )
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [folder / f"{face}.ttf" for face in _FACES]


def _line(text: str, face: Path, rng: random.Random) -> GeneralLine:
    font = ImageFont.truetype(str(face), rng.randint(18, 44))
    x0, y0, x1, y1 = (int(v) for v in font.getbbox(text))
    margin = rng.randint(2, 8)
    paper, ink = rng.randint(205, 255), rng.randint(0, 90)
    line = Pil.new("L", (x1 - x0 + 2 * margin, y1 - y0 + 2 * margin), paper)
    ImageDraw.Draw(line).text((margin - x0, margin - y0), text, fill=ink, font=font)
    line = line.filter(ImageFilter.GaussianBlur(rng.choice((0.0, 0.0, 0.5, 0.9))))
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(0, 9), line.size[::-1])
    grey = np.clip(np.asarray(line, np.float32) + noise, 0, 255).astype(np.uint8)
    return GeneralLine(np.repeat(grey[:, :, None], 3, axis=2), text)
