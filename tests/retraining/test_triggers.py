"""Every Trigger at and beside its threshold, with words that carry the numbers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.retraining.triggers import TRIGGERS, Facts, ask_all, due, is_balanced, latest_monthly
from recto.settings import TriggerSettings

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
DEFAULTS = TriggerSettings()
BALANCED = {"receipt": 40, "invoice": 30, "contract": 30}
FRESH = Facts(scope="general", now=NOW, trusted={"train": 10, "val": 1, "test": 2})
RAN = Facts(
    scope="general",
    now=NOW,
    trusted={"train": 80, "val": 10, "test": 10},
    last_run=datetime(2026, 3, 2, tzinfo=UTC),
    accuracy=0.97,
    measured=10,
    mix=BALANCED,
    business=frozenset({"shop"}),
    known_business=frozenset({"shop"}),
)


def settings(**changes: object) -> TriggerSettings:
    return TriggerSettings.model_validate(DEFAULTS.model_dump() | changes)


FIELDS = replace(FRESH, of_fields=True)
FIELDS_RAN = replace(RAN, of_fields=True, mix={}, accuracy=None, business=frozenset())

TABLE = [
    ("first_run", FIELDS, {}, True, "10 documents with trusted fields to train on, 10 wanted"),
    ("new_documents", replace(FIELDS_RAN, new=50, new_train=40), {}, True, "50 documents with new fields"),
    ("new_documents", replace(FIELDS_RAN, new=49, new_train=40), {}, False, "49 documents with new fields"),
    ("new_documents", replace(FIELDS_RAN, new=50), {}, False, "(0 to train on), 50 wanted"),
    ("first_run", FRESH, {}, True, "10 documents to train on, 10 wanted"),
    ("first_run", replace(FRESH, trusted={"train": 9, "test": 2}), {}, False, "1 more are missing"),
    ("first_run", replace(FRESH, trusted={"train": 10}), {}, False, "none to measure on"),
    ("first_run", FRESH, {"first_run_documents": 11}, False, "11 wanted"),
    ("first_run", RAN, {}, False, "2026-03-02"),
    ("new_documents", replace(RAN, new=50, new_train=40), {}, True, "50 new trusted documents"),
    ("new_documents", replace(RAN, new=49, new_train=40), {}, False, "49 new trusted documents"),
    ("new_documents", replace(RAN, new=50, new_train=0), {}, False, "(0 to train on)"),
    ("new_documents", replace(RAN, new=50, new_train=40), {"new_documents": 51}, False, "51 wanted"),
    ("new_documents", replace(FRESH, new=500, new_train=400), {}, False, "waits for the first run"),
    ("new_documents", replace(RAN, new=50, new_train=9, mix={"receipt": 9}), {}, True, "not balanced"),
    (
        "new_documents",
        replace(RAN, new=50, new_train=9, mix={"receipt": 9}),
        {"require_balance": True},
        False,
        "100% receipt (40% wanted), 0% invoice (30% wanted), 0% contract (30% wanted): not balanced",
    ),
    ("new_documents", replace(RAN, new=50, new_train=9), {"require_balance": True}, True, ": balanced"),
    ("low_accuracy", replace(RAN, accuracy=0.949, new=1, new_train=1), {}, True, "94.9% over 10 documents"),
    ("low_accuracy", replace(RAN, accuracy=0.95, new=1, new_train=1), {}, False, "95.0% wanted"),
    ("low_accuracy", replace(RAN, accuracy=0.95, new_train=1), {"min_accuracy": 0.96}, True, "96.0% wanted"),
    ("low_accuracy", replace(RAN, accuracy=0.5), {}, False, "nothing new to train on"),
    ("low_accuracy", replace(RAN, accuracy=None, new_train=1), {}, False, "isn't measured"),
    ("low_accuracy", replace(RAN, trusted={"train": 9}, accuracy=None), {}, False, "no validation documents"),
    ("low_accuracy", replace(FRESH, accuracy=0.1, new_train=9), {}, False, "waits"),
    ("new_business", replace(RAN, business=frozenset({"shop", "law"})), {}, True, "law"),
    ("new_business", RAN, {}, False, "no business type"),
    ("new_business", replace(RAN, business=frozenset()), {}, False, "no business type"),
    ("new_business", replace(RAN, business=frozenset({"law"})), {"new_business": False}, False, "turned off"),
    ("new_business", replace(FRESH, business=frozenset({"law"})), {}, False, "waits"),
    ("monthly", RAN, {}, False, "day 1 of each month"),
    ("monthly", replace(RAN, last_run=datetime(2026, 2, 28, 23, tzinfo=UTC)), {}, True, "2026-02-28"),
    ("monthly", replace(RAN, last_run=datetime(2026, 3, 1, tzinfo=UTC)), {}, False, "2026-03-01"),
    ("monthly", replace(RAN, last_run=datetime(2025, 1, 1, tzinfo=UTC)), {"monthly_day": 0}, False, "off"),
    ("monthly", RAN, {"monthly_day": 14}, True, "day 14"),
    ("monthly", RAN, {"monthly_day": 15}, False, "day 15"),
    ("monthly", FRESH, {}, False, "waits"),
]


@pytest.mark.parametrize(("trigger", "facts", "changes", "is_due", "words"), TABLE)
def test_each_trigger(
    trigger: str, facts: Facts, changes: dict[str, object], is_due: bool, words: str
) -> None:
    reason = TRIGGERS[trigger](facts, settings(**changes))
    assert (reason.trigger, reason.due) == (trigger, is_due)
    assert words in reason.words


def test_the_table_shows_every_trigger_due_and_not() -> None:
    assert {(row[0], row[3]) for row in TABLE} == {(name, due) for name in TRIGGERS for due in (True, False)}


@pytest.mark.parametrize(
    ("now", "day", "latest"),
    [
        (datetime(2026, 3, 1, tzinfo=UTC), 1, datetime(2026, 3, 1, tzinfo=UTC)),
        (datetime(2026, 2, 28, 23, 59, tzinfo=UTC), 1, datetime(2026, 2, 1, tzinfo=UTC)),
        (datetime(2026, 1, 10, tzinfo=UTC), 15, datetime(2025, 12, 15, tzinfo=UTC)),
        (datetime(2026, 2, 28, 1, tzinfo=UTC), 31, datetime(2026, 2, 28, tzinfo=UTC)),
        (datetime(2024, 2, 29, 1, tzinfo=UTC), 30, datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_the_day_of_the_month(now: datetime, day: int, latest: datetime) -> None:
    assert latest_monthly(now, day) == latest


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
COUNTS = st.integers(0, 500)
NAMES = st.sets(st.sampled_from(["shop", "law", "saas", "press"]))


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    new = draw(COUNTS)
    return Facts(
        scope="general",
        now=draw(MOMENTS),
        trusted={split: draw(COUNTS) for split in ("train", "val", "test")},
        new=new,
        new_train=draw(st.integers(0, new)),
        last_run=draw(st.none() | MOMENTS),
        accuracy=draw(st.none() | st.floats(0, 1)),
        measured=draw(COUNTS),
        mix=draw(st.dictionaries(st.sampled_from(["receipt", "invoice", "contract", "other"]), COUNTS)),
        business=frozenset(draw(NAMES)),
        known_business=frozenset(draw(NAMES)),
    )


@given(facts())
def test_every_trigger_answers_in_one_line(seen: Facts) -> None:
    reasons = ask_all(seen, DEFAULTS)
    assert [reason.trigger for reason in reasons] == list(TRIGGERS)
    assert all(reason.words and "\n" not in reason.words for reason in reasons)
    assert due(seen, DEFAULTS) == tuple(reason for reason in reasons if reason.due)


@given(facts())
def test_only_the_first_run_is_due_before_the_first_run(seen: Facts) -> None:
    triggers = {reason.trigger for reason in due(replace(seen, last_run=None), DEFAULTS)}
    assert triggers <= {"first_run"}


@given(facts(), st.integers(1, 100))
def test_more_documents_never_call_a_cycle_off(seen: Facts, more: int) -> None:
    before = {reason.trigger for reason in due(seen, DEFAULTS)}
    grown = replace(
        seen,
        new=seen.new + more,
        new_train=seen.new_train + more,
        trusted=dict(seen.trusted) | {"train": seen.train + more},
    )
    assert before <= {reason.trigger for reason in due(grown, DEFAULTS)}


@given(facts())
def test_a_run_just_now_leaves_nothing_due(seen: Facts) -> None:
    """Whatever the facts were: after a run that saw everything, no Trigger asks for the same again."""
    after = replace(
        seen, last_run=seen.now, new=0, new_train=0, known_business=seen.business | seen.known_business
    )
    assert due(after, DEFAULTS) == ()


@given(MOMENTS, st.integers(1, 31))
def test_monthly_comes_once_a_month(now: datetime, day: int) -> None:
    latest = latest_monthly(now, day)
    assert latest <= now < latest + timedelta(days=32)
    assert latest_monthly(latest, day) == latest
    assert latest_monthly(latest - timedelta(microseconds=1), day) < latest


@given(st.dictionaries(st.sampled_from(["receipt", "invoice", "contract", "other"]), COUNTS))
def test_balance_is_about_shares(mix: dict[str, int]) -> None:
    once = replace(RAN, mix=mix)
    thrice = replace(RAN, mix={name: 3 * count for name, count in mix.items()})
    assert is_balanced(once, DEFAULTS) == is_balanced(thrice, DEFAULTS)


def test_nothing_is_due_that_the_gates_are_sure_to_refuse() -> None:
    few = replace(FRESH, refusal="2 test documents, 20 wanted: 18 more are missing")
    assert due(few, DEFAULTS) == ()
    assert ask_all(few, DEFAULTS)[0].words.endswith(
        "10 wanted, but 2 test documents, 20 wanted: 18 more are missing"
    )
    assert due(replace(few, refusal=""), DEFAULTS)


def test_a_taggers_loop_has_its_own_triggers_and_no_mix() -> None:
    facts = replace(FIELDS_RAN, new=50, new_train=40)
    told = ask_all(facts, settings(require_balance=True))
    assert [reason.trigger for reason in told] == ["first_run", "new_documents", "monthly"]
    assert [reason.trigger for reason in told if reason.due] == ["new_documents"]
