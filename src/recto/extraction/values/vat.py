"""VAT numbers of DE, FR, ES, GB, IT, NL, AT and BE: their forms and check digits.

The rules are those of the European Commission's VIES and of HMRC. A right check digit says that a number
was read well, not that it was ever given to somebody.
"""

import re
from collections.abc import Callable

from recto.extraction.values.identifiers import normal_id
from recto.extraction.values.kind import Kind, Occurrence, same_squashed

_FORM = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:DE|IT|GB|FR|NL|AT|BE|ES)[ .:-]{0,2}(?=[A-Z0-9]{0,3}[ .-]?[0-9])[A-Z0-9](?:[ .-]?[A-Z0-9]){7,11}"
    r"|[A-Z]{2}[0-9][A-Z0-9]{7,11})(?![A-Za-z0-9])"
)
_FORMS = {
    "DE": r"[1-9]\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}",
    "ES": r"[A-Z0-9]\d{7}[A-Z0-9]",
    "GB": r"(?:\d{9}|\d{12}|GD[0-4]\d\d|HA[5-9]\d\d)",
    "IT": r"\d{11}",
    "NL": r"\d{9}B\d\d",
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
}


def find_vat_numbers(text: str) -> list[Occurrence]:
    """All numbers of one line that begin with a country and go on like a VAT number."""
    return [Occurrence(m.start(), m.end(), re.sub(r"[\W_]", "", m[0])) for m in _FORM.finditer(text)]


def parse_vat_number(text: str) -> str | None:
    """A VAT number without blanks, points and hyphens; None if there are no figures in it."""
    value = re.sub(r"[\W_]", "", normal_id(text))
    return value if any(c.isdigit() for c in value) and len(value) <= 20 else None


def valid_vat(value: str) -> bool | None:
    """Whether form and check digits are right; None for countries whose rule isn't known here."""
    country, number = value[:2], value[2:]
    if country not in _FORMS:
        return None
    return bool(re.fullmatch(_FORMS[country], number, re.ASCII)) and _RULES[country](number)


def _digits(number: str) -> list[int]:
    return [int(c) for c in number]


def _luhn(number: str) -> bool:
    doubled = [d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(reversed(_digits(number)))]
    return sum(doubled) % 10 == 0


def _german(number: str) -> bool:
    """ISO 7064, mod 11, 10."""
    product = 10
    for digit in _digits(number[:8]):
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(number[8])


def _french(number: str) -> bool:
    """The SIREN by Luhn, and its key where the key is in figures."""
    key, siren = number[:2], number[2:]
    return _luhn(siren) and (not key.isdigit() or int(key) == (12 + 3 * (int(siren) % 97)) % 97)


def _spanish(number: str) -> bool:
    """NIF and NIE by letter, CIF by figure or letter."""
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    first, middle, last = number[0], number[1:8], number[8]
    if first.isdigit() or first in "XYZKLM":
        leading = first if first.isdigit() else {"X": "0", "Y": "1", "Z": "2"}.get(first, "")
        return letters[int(leading + middle) % 23] == last
    control = (
        10 - sum(d if i % 2 else sum(divmod(2 * d, 10)) for i, d in enumerate(_digits(middle))) % 10
    ) % 10
    return last in (str(control), "JABCDEFGHI"[control])


def _british(number: str) -> bool:
    """Mod 97, or mod 97 less 55; numbers of government and health have no check digits."""
    if not number.isdigit():
        return True
    total = sum(w * d for w, d in zip(range(8, 1, -1), _digits(number[:7]), strict=True)) + int(number[7:9])
    return total % 97 == 0 or (total + 55) % 97 == 0


def _dutch(number: str) -> bool:
    """Mod 11 of the old numbers, or mod 97 of those of sole traders since 2020."""
    old = sum(w * d for w, d in zip(range(9, 1, -1), _digits(number[:8]), strict=True)) % 11 == int(number[8])
    return old or int("".join(str(int(c, 36)) for c in "NL" + number)) % 97 == 1


def _austrian(number: str) -> bool:
    digits = _digits(number[1:])
    total = sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits[:7]))
    return (10 - (total + 4) % 10) % 10 == digits[7]


def _belgian(number: str) -> bool:
    return 97 - int(number[:8]) % 97 == int(number[8:])


_RULES: dict[str, Callable[[str], bool]] = {
    "DE": _german,
    "FR": _french,
    "ES": _spanish,
    "GB": _british,
    "IT": _luhn,
    "NL": _dutch,
    "AT": _austrian,
    "BE": _belgian,
}

VAT = Kind(find_vat_numbers, parse_vat_number, same_squashed)
