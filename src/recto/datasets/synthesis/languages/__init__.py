"""The languages of the synthetic documents, by ISO 639-1 code."""

from recto.datasets.synthesis.languages.de import GERMAN
from recto.datasets.synthesis.languages.en import ENGLISH
from recto.datasets.synthesis.languages.es import SPANISH
from recto.datasets.synthesis.languages.fr import FRENCH
from recto.datasets.synthesis.languages.language import Language

LANGUAGES: dict[str, Language] = {one.code: one for one in (ENGLISH, GERMAN, FRENCH, SPANISH)}

__all__ = ["LANGUAGES", "Language"]
