"""Checks: what arithmetic, checksums and calendars say of the fields that were found, each under its name.

A check changes nothing: it passes, fails, or doesn't apply, and says why. Only those are made whose roles the
schema has. Amounts are Decimals.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from recto.extraction.fields import Check, Found
from recto.extraction.naming import spec_of, split
from recto.extraction.schema import Schema
from recto.extraction.values.currencies import CODES
from recto.extraction.values.identifiers import valid_iban
from recto.extraction.values.vat import valid_vat

_CENT = Decimal("0.01")
_COIN = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class _Values:
    """The found values by role: those of the document, and those of each line."""

    of_role: Mapping[str, list[Found]]
    lines: Sequence[Mapping[str, Found]]
    currencies: tuple[str, ...]

    def amount(self, role: str) -> Decimal | None:
        """The one amount of a role; None if it wasn't found or isn't a number."""
        found = self.of_role.get(role, [])
        return _decimal(found[0]) if found else None

    def lacking(self, *roles: str) -> str:
        """The roles that have no amount, in words."""
        return " and ".join(f"no {role}" for role in roles if self.amount(role) is None)


_Outcome = tuple[bool | None, str]


def run_checks(schema: Schema, fields: Sequence[Found]) -> tuple[Check, ...]:
    """The outcome of every check that the schema's roles allow, in the order of `CHECKS`."""
    values = _values(schema, fields)
    known = {spec.role for spec in schema.fields} | {one.role for spec in schema.fields for one in spec.items}
    return tuple(
        Check(name, *check(values)) for name, (needed, check) in CHECKS.items() if set(needed) <= known
    )


def _values(schema: Schema, fields: Iterable[Found]) -> _Values:
    of_role: dict[str, list[Found]] = defaultdict(list)
    lines: dict[int, dict[str, Found]] = defaultdict(dict)
    currencies = []
    for found in fields:
        spec = spec_of(found.name, schema)
        if spec is None:
            continue
        _, index, within = split(found.name)
        if index is not None and within:
            lines[index][spec.role] = found
        else:
            of_role[spec.role].append(found)
        currencies += [found.currency] if found.currency else [found.value] if spec.role == "currency" else []
    return _Values(of_role, [lines[at] for at in sorted(lines)], tuple(dict.fromkeys(currencies)))


def _lines_sum_to_net(values: _Values) -> _Outcome:
    amounts = [_decimal(line["line_amount"]) for line in values.lines if "line_amount" in line]
    wanted = {role: amount for role in ("net", "total") if (amount := values.amount(role)) is not None}
    tax = values.amount("tax")
    if "net" not in wanted and "total" in wanted and tax:
        wanted["total without tax"] = wanted["total"] - tax
    known = [amount for amount in amounts if amount is not None]
    if not known or len(known) < len(values.lines) or not wanted:
        return (
            None,
            "there are lines without an amount" if known and wanted else "no lines, or nothing to sum to",
        )
    total = sum(known, Decimal(0))
    for role, amount in wanted.items():
        if abs(total - amount) <= _CENT * len(known):
            return True, f"the lines come to {total}, the {role} is {amount}"
    told = " and ".join(f"the {role} is {amount}" for role, amount in wanted.items())
    return False, f"the lines come to {total}, {told}"


def _lines_multiply(values: _Values) -> _Outcome:
    wrong, checked = [], 0
    for number, line in enumerate(values.lines, start=1):
        parts = [
            _decimal(line[role]) if role in line else None
            for role in ("quantity", "unit_price", "line_amount")
        ]
        quantity, price, amount = parts
        if quantity is None or price is None or amount is None:
            continue
        checked += 1
        if abs(quantity * price - amount) > _CENT * max(abs(quantity), Decimal(1)):
            wrong.append(f"line {number}: {quantity} × {price} isn't {amount}")
    if not checked:
        return None, "no line has a quantity, a price and an amount"
    return not wrong, "; ".join(wrong) or f"{checked} of {len(values.lines)} lines checked"


def _net_plus_tax_is_total(values: _Values) -> _Outcome:
    net, tax, total = (values.amount(role) for role in ("net", "tax", "total"))
    if net is None or tax is None or total is None:
        return None, values.lacking("net", "tax", "total")
    rounding = values.amount("rounding") or Decimal(0)
    difference = abs(net + tax + rounding - total)
    told = f"{net} + {tax}{f' + {rounding}' if rounding else ''} and {total}"
    if difference <= 2 * _CENT:
        return True, told
    to_coins = difference < _COIN and total % _COIN == 0
    return to_coins, f"{told}{', rounded to coins' if to_coins else f' differ by {difference}'}"


def _cash_less_total_is_change(values: _Values) -> _Outcome:
    cash, total, change = (values.amount(role) for role in ("cash", "total", "change"))
    if cash is None or total is None or change is None:
        return None, values.lacking("cash", "total", "change")
    return abs(cash - total - change) < _COIN, f"{cash} less {total} and {change}"


def _iban_checksum(values: _Values) -> _Outcome:
    return _each(values.of_role.get("iban", []), valid_iban, "IBAN")


def _vat_number_checksum(values: _Values) -> _Outcome:
    return _each(values.of_role.get("vat_number", []), valid_vat, "VAT number")


def _each(found: Sequence[Found], valid: Callable[[str], bool | None], what: str) -> _Outcome:
    """Whether all of them are valid; those whose rule isn't known don't count."""
    judged = [(one.value, valid(one.value)) for one in found]
    wrong = [value for value, right in judged if right is False]
    if not any(right is not None for _, right in judged):
        return None, f"the rule of {judged[0][0]} isn't known" if judged else f"no {what}"
    return (
        not wrong,
        f"wrong check digits or length: {', '.join(wrong)}" if wrong else "the check digits are right",
    )


_IN_ORDER = (("date", "due_date"), ("effective_date", "expiry_date"), ("date_of_birth", "date"))


def _dates_in_order(values: _Values) -> _Outcome:
    pairs = [
        (earlier, later, values.of_role[earlier][0].value, values.of_role[later][0].value)
        for earlier, later in _IN_ORDER
        if values.of_role.get(earlier) and values.of_role.get(later)
    ]
    if not pairs:
        return None, "no two dates to compare"
    wrong = [f"{earlier} {a} is after {later} {b}" for earlier, later, a, b in pairs if a > b]
    return not wrong, "; ".join(wrong) or ", ".join(f"{a} and {b}" for _, _, a, b in pairs)


def _currency_known(values: _Values) -> _Outcome:
    if not values.currencies:
        return None, "no currency"
    wrong = [code for code in values.currencies if code not in CODES]
    return not wrong, f"not in ISO 4217: {', '.join(wrong)}" if wrong else ", ".join(values.currencies)


def _one_currency(values: _Values) -> _Outcome:
    if not values.currencies:
        return None, "no currency"
    return len(values.currencies) == 1, ", ".join(values.currencies)


def _decimal(found: Found) -> Decimal | None:
    try:
        value = Decimal(found.value)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


CHECKS: Mapping[str, tuple[tuple[str, ...], Callable[[_Values], _Outcome]]] = {
    "lines_sum_to_net": (("line_amount",), _lines_sum_to_net),
    "lines_multiply": (("quantity", "unit_price", "line_amount"), _lines_multiply),
    "net_plus_tax_is_total": (("net", "tax", "total"), _net_plus_tax_is_total),
    "cash_less_total_is_change": (("cash", "total", "change"), _cash_less_total_is_change),
    "iban_checksum": (("iban",), _iban_checksum),
    "vat_number_checksum": (("vat_number",), _vat_number_checksum),
    "dates_in_order": ((), _dates_in_order),
    "currency_known": (("total",), _currency_known),
    "one_currency": (("total",), _one_currency),
}
"""Each check by its name, with the roles that a schema must have for it."""
