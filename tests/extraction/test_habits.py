"""How dates of figures and $ alone are meant, by what else stands on the page."""

import pytest

from recto.documents.transcript import Transcript
from recto.extraction.habits import Habits, habits_of, most_common, order_shown
from recto.extraction.loading import load_schema
from recto.extraction.sheet import lines_of_text, sheet_of
from recto.extraction.tagger import Tagger
from recto.extraction.values.dates import Order

INVOICE = load_schema("invoice")


def page(text: str) -> Transcript:
    return Transcript("page.txt", 1, 700, 900, text, lines_of_text(text), "text")


def habits(text: str, learnt: Order | None = None) -> Habits:
    return habits_of(sheet_of([page(text)]), learnt)


def said(text: str, order: Order | None = None) -> dict[str, str]:
    found = Tagger(INVOICE, order=order).extract([page(text)]).fields
    return {one.name: one.value for one in found} | {
        f"currency of {one.name}": one.currency for one in found if one.currency
    }


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("Date 03/04/2020", "dmy"),
        ("Date 03/04/2020\nDue 12/31/2020", "mdy"),
        ("Date 03/04/2020\nDue 31/12/2020", "dmy"),
        ("Fremont CA 94538\nUnited States\nDate 03/04/2020", "mdy"),
        ("Bellevue, WA, 98005\nTotal $ 5.00\nDate 03/04/2020", "mdy"),
        ("Department of the Treasury\nForm W-9\nDate 03/04/2020", "mdy"),
        ("All charges and prices are in US Dollars\nDate 03/04/2020", "mdy"),
        ("United States\nDue 31/12/2020\nDate 03/04/2020", "dmy"),
        ("DE 80333 München\nDatum 03.04.2020", "dmy"),
        ("Order ID 12345\nDate 03/04/2020", "dmy"),
        ("Acme, Seattle, WA 98109\nTotal £5.00\nDate 03/04/2020", "dmy"),
        ("1 Queen Street, Toronto M5V 2T6, Canada\nDate 03/04/2020", "dmy"),
    ],
)
def test_the_order_of_day_and_month(text: str, order: str) -> None:
    assert habits(text).order == order


@pytest.mark.parametrize(
    ("text", "dollar"),
    [
        ("Total $5.00", "USD"),
        ("Toronto ON M5V 2T6\nTotal $5.00", "CAD"),
        ("Vancouver, Canada\nGST/HST 0.65\nTotal $5.00", "CAD"),
        ("ABN: 51 824 753 556\nTotal $5.00", "AUD"),
        ("Singapore 048616\nTotal $5.00", "SGD"),
        ("Auckland, New Zealand\nTotal $5.00", "NZD"),
        ("Acme Inc, Seattle, WA 98109\nBill to: Maple Ltd, Canada\nTotal $5.00", "USD"),
        ("SW1A 1AA London\nTotal $5.00", "USD"),
        ("HARBOUR LIGHTS SDN BHD\n81750 MASAI, JOHOR\nTotal $5.00", "MYR"),
        ("Harbour Lights Sdn.Bhd.\nTotal $5.00", "MYR"),
    ],
)
def test_the_dollar_that_is_meant(text: str, dollar: str) -> None:
    assert habits(text).dollar == dollar


def test_what_a_document_shows_goes_before_what_was_learnt() -> None:
    assert habits("Date 03/04/2020", "mdy").order == "mdy"
    assert habits("Date 03/04/2020\nDue 31/12/2020", "mdy").order == "dmy"
    assert habits("United States\nDate 03/04/2020", "dmy").order == "dmy"


@pytest.mark.parametrize(
    ("text", "order"),
    [("1.2.2020 12/31/2019", "mdy"), ("31/12/2019 12/31/2019", None), ("32/13/2019", None), ("1-2-3", None)],
)
def test_dates_that_can_be_read_in_one_way(text: str, order: Order | None) -> None:
    assert order_shown(text) == order


def test_the_order_that_most_have() -> None:
    assert most_common(["mdy", None, "dmy", "mdy"]) == "mdy"
    assert most_common(["mdy", "dmy"]) is None
    assert most_common([None]) is None


def test_the_tagger_says_dates_and_amounts_as_they_are_meant() -> None:
    text = (
        "Acme Ltd\n1 King St, Toronto M5V 2T6\nInvoice No 7\nDate: 04/13/2020\nDue date: 05/04/2020\n"
        "Currency: $\nTotal   $12.00"
    )
    found = said(text)
    assert (found["date"], found["due_date"]) == ("2020-04-13", "2020-05-04")
    assert (found["total"], found["currency of total"], found["currency"]) == ("12.00", "CAD", "CAD")
    assert said("Total   US$12.00\nToronto, Canada, CAD, M5V 2T6")["currency of total"] == "USD"
    assert said("Date: 05/04/2020", order="mdy")["date"] == "2020-05-04"
    assert said("Date: 05/04/2020")["date"] == "2020-04-05"
