"""Identifiers: numbers of invoices, accounts, taxpayers and companies, in upper case without blanks.

What is found has the form only; whether a check digit is right, `valid_iban` here and `vat.valid_vat` say.
An id that engines have misread is found all the same, and a check of the Extraction tells of it.
"""

import re

from recto.extraction.values.kind import Kind, Occurrence, same_squashed

_LONGEST = 64
_TOKEN = re.compile(r"(?<![^\W_])[^\W_]+(?:[-/._#&]{1,2}[^\W_]+)*")
_BLANKS = re.compile(r"\s+")

_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 "
    "EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 "
    "IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 "
    "NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 "
    "SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 "
)
IBAN_LENGTHS = {code[:2]: int(code[2:]) for code in _LENGTHS.split()}
"""Characters of an IBAN by country, as in the registry of SWIFT (ISO 13616), release 99."""

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2} ?\d{2}(?:[ .-]?[A-Z0-9]){10,30}(?![a-z])")
_BIC = re.compile(r"(?<![A-Za-z0-9])[A-Z]{4} ?[A-Z]{2} ?[A-Z0-9]{2}(?: ?[A-Z0-9]{3})?(?![A-Za-z0-9])")
_TIN = re.compile(r"(?<![\w-])\d(?:[ -]{0,3}\d){7,8}(?![\w-])")
_YEAR = re.compile(r"(?<![\d.,/-])(?:19|20)\d\d(?!\d|[.,/-]\d)")


def normal_id(text: str) -> str:
    """An id in upper case without blanks."""
    return _BLANKS.sub("", text).upper()


def find_ids(text: str) -> list[Occurrence]:
    """All words of one line that have a figure, with the hyphens, slashes and points inside of them."""
    return [
        Occurrence(m.start(), m.end(), m[0].upper())
        for m in _TOKEN.finditer(text)
        if m.end() - m.start() <= _LONGEST and any(c.isdigit() for c in m[0])
    ]


def parse_id(text: str) -> str | None:
    """The text as an id; None if it is empty or longer than any id."""
    value = normal_id(text)
    return value if any(c.isalnum() for c in value) and len(value) <= _LONGEST else None


def find_ibans(text: str) -> list[Occurrence]:
    """All IBANs of one line, with a right checksum or a wrong one, as long as their country has them."""
    found = []
    for match in _IBAN.finditer(text):
        end = _end_of_iban(match)
        if end:
            found.append(Occurrence(match.start(), end, _bare(text[match.start() : end])))
    return found


def valid_iban(value: str) -> bool:
    """Whether an IBAN has its country's length and a right checksum (ISO 7064, mod 97-10)."""
    if len(value) != IBAN_LENGTHS.get(value[:2]) or not (
        value.isascii() and value.isalnum() and value.isupper()
    ):
        return False
    return int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1


def find_bics(text: str) -> list[Occurrence]:
    """All words of one line that have the form of a BIC (ISO 9362): many a word in capitals has it too."""
    return [Occurrence(m.start(), m.end(), _bare(m[0])) for m in _BIC.finditer(text)]


def find_tins(text: str) -> list[Occurrence]:
    """All taxpayer numbers of the United States in one line: 8 or 9 figures, in boxes or hyphenated."""
    return [Occurrence(m.start(), m.end(), re.sub(r"[ -]", "", m[0])) for m in _TIN.finditer(text)]


def find_years(text: str) -> list[Occurrence]:
    """All years from 1900 to 2099 of one line."""
    return [Occurrence(m.start(), m.end(), m[0]) for m in _YEAR.finditer(text)]


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).upper()


def _end_of_iban(match: re.Match[str]) -> int | None:
    """Where the IBAN ends that a match begins with: words in capitals may follow it."""
    wanted = IBAN_LENGTHS.get(match[0][:2])
    places = [place for place in range(match.start(), match.end()) if match.string[place].isalnum()]
    return places[wanted - 1] + 1 if wanted and len(places) >= wanted else None


ID = Kind(find_ids, parse_id, same_squashed)
IBAN = Kind(find_ibans, parse_id, same_squashed)
BIC = Kind(find_bics, parse_id, same_squashed)
TIN = Kind(find_tins, parse_id, same_squashed)
YEAR = Kind(
    find_years, lambda text: found[0].value if len(found := find_years(text)) == 1 else None, same_squashed
)
