from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.extraction.values import kind_of
from recto.extraction.values.dates import find_dates, parse_date

WRITTEN = [
    ("09/01/2019", "2019-01-09"),
    ("6/1/2018", "2018-01-06"),
    ("20/06/18", "2018-06-20"),
    ("12/31/2019", "2019-12-31"),
    ("2018-06-13", "2018-06-13"),
    ("25032018", "2018-03-25"),
    ("20180325", "2018-03-25"),
    ("27 03 2018", "2018-03-27"),
    ("27 032018", "2018-03-27"),
    ("05-05~18", "2018-05-05"),
    ("05 02-18", "2018-02-05"),
    ("04-20- 1976", "1976-04-20"),
    ("25.03.2018", "2018-03-25"),
    ("3. März 2018", "2018-03-03"),
    ("1er février 2018", "2018-02-01"),
    ("1 de marzo de 2018", "2018-03-01"),
    ("12 Ogos 2019", "2019-08-12"),
    ("16th day of August\n2018", "2018-08-16"),
    ("June 22,\n2016", "2016-06-22"),
    ("March 5, 2018", "2018-03-05"),
    ("Dec. 5th, 2009", "2009-12-05"),
    ("27/MAR/2018", "2018-03-27"),
    ("13-Mar-18", "2018-03-13"),
    ("2018年3月5日", "2018-03-05"),
    ("01/01/61", "1961-01-01"),
    ("01/01/60", "2060-01-01"),
]


@pytest.mark.parametrize(("written", "iso"), WRITTEN)
def test_dates_however_they_are_written(written: str, iso: str) -> None:
    assert parse_date(written) == iso
    found = find_dates(f"DATE: {written} 18:01")
    assert [(one.value, f"DATE: {written} 18:01"[one.start : one.end]) for one in found] == [(iso, written)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "31/02/2018",
        "31-feb-2018",
        "1.1.1",
        "12.30",
        "07-355 2616",
        "05 March 18:30",
        "Marcus 12 2018",
        "99/99/9999",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert find_dates(text) == []
    assert parse_date(text) is None


def test_a_time_may_be_glued_to_a_date() -> None:
    assert [one.value for one in find_dates("2019-01-0918:01 09/01/201908:01:11")] == [
        "2019-01-09",
        "2019-01-09",
    ]


def test_day_or_month_first() -> None:
    assert kind_of("date", order="dmy").parse("04/05/2019") == "2019-05-04"
    assert kind_of("date", order="mdy").parse("04/05/2019") == "2019-04-05"
    assert kind_of("date", order="mdy").parse("31/12/2019") == "2019-12-31"


def test_a_text_of_several_dates_is_none() -> None:
    assert parse_date("01/02/2019 - 03/02/2019") is None
    assert parse_date("Invoice 4711 of 01/02/2019") is None
    assert parse_date("Wed, 09/01/2019 8:01:11 PM") == "2019-01-09"


@given(st.dates(date(1961, 1, 1), date(2060, 12, 31)), st.sampled_from("-/."))
def test_every_day_is_read_back(day: date, mark: str) -> None:
    for written in (
        day.isoformat(),
        day.strftime(f"%d{mark}%m{mark}%Y"),
        day.strftime(f"%d{mark}%m{mark}%y"),
    ):
        assert parse_date(written) == day.isoformat()
