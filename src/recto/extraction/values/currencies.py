"""Currencies: the codes of ISO 4217, and the signs and names that stand for them.

"$" alone is read as USD and "¥" as JPY; which dollar a document means, `habits` says.
"""

import re

from recto.extraction.values.kind import Kind, Occurrence

_ISO_4217 = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
    "GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD "
    "KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD "
    "XCG XOF XPF YER ZAR ZMW ZWG "
)
CODES = frozenset(_ISO_4217.split())
"""ISO 4217 as of 2025, with the codes of Croatia and Curaçao that were given up lately."""

_COMMON = (
    "AED AUD BDT BGN BRL CAD CHF CNY CZK DKK EGP EUR GBP HKD HRK HUF IDR ILS INR ISK JPY KRW MXN MYR NGN "
    "NOK NZD PHP PKR PLN RON RSD RUB SAR SEK SGD THB TWD UAH USD VND ZAR "
)
"""Codes that are looked for in texts; "ALL", "TOP", "CUP" and "TRY" are words of every receipt."""

_SIGNS = {
    "€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "￥": "JPY", "₹": "INR", "₩": "KRW",
    "₽": "RUB", "₺": "TRY", "₫": "VND", "₪": "ILS", "฿": "THB", "₱": "PHP", "₴": "UAH",
    "zł": "PLN", "Kč": "CZK", "RM": "MYR", "US$": "USD", "S$": "SGD", "A$": "AUD", "AU$": "AUD",
    "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "HK$": "HKD", "NT$": "TWD", "R$": "BRL", "Rs.": "INR",
    "Rs": "INR", "Rp": "IDR", "SFr.": "CHF", "Fr.": "CHF",
}  # fmt: skip

_NAMES = {
    "euro": "EUR", "euros": "EUR", "dollar": "USD", "dollars": "USD", "sterling": "GBP", "franken": "CHF",
    "francs": "CHF", "ringgit": "MYR", "rupees": "INR", "yen": "JPY",
}  # fmt: skip

_MEANT = {
    **{name.casefold(): code for name, code in (_SIGNS | _NAMES).items()},
    **{c.casefold(): c for c in _COMMON.split()},
}


_SIGN = "[€$£¥￥₹₩₽₺₫₪฿₱₴]"

MARK = rf"(?:(?<![^\W\d_])[^\W\d_]{{1,3}}[$.]?|{_SIGN})"
"""A pattern of what may stand at an amount as its currency; `mark_at_amount` says whether it is one."""

GAP = r"[ \u00a0\u202f]{0,2}"
"""A pattern of what may stand between an amount and its mark."""

_WORD = re.compile(rf"[^\W\d_]+[$.]?|{_SIGN}")


def currency_of(mark: str) -> str:
    """The ISO code that a sign, a name or a code stands for, whatever its case; "" if none."""
    bare = mark.strip()
    return _MEANT.get(bare.casefold()) or (bare.upper() if bare.upper() in CODES else "")


def mark_at_amount(mark: str) -> str:
    """The ISO code of a sign or a common code; "" for words that are only codes elsewhere."""
    return _MEANT.get(mark.casefold(), "")


def find_currencies(text: str) -> list[Occurrence]:
    """All signs, names and common codes of one line."""
    found = []
    for match in _WORD.finditer(text):
        word = match[0].casefold()
        for mark in (word, word.rstrip("."), word[-1]):
            if mark in _MEANT:
                start = match.end() - 1 if mark == "$" else match.start()
                found.append(Occurrence(start, start + len(mark), _MEANT[mark]))
                break
    return found


CURRENCY = Kind(find_currencies, lambda text: currency_of(text) or None, lambda a, b: a == b)
