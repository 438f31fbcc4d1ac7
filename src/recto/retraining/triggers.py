"""Triggers: pure rules that say whether a Cycle is due, and why. Each answers in every case.

What they look at is gathered in `retraining/facts`; nothing is read, measured or started here.
The rules and their numbers are settings (`[triggers]` of recto.toml).
"""

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from recto.settings import TriggerSettings

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What a Trigger may know of one scope.

    `trusted` counts documents with trusted text by split; `new` those that became trusted since the last
    run looked, and `new_train` those of them that may be trained on. `last_run` is the moment of that look
    (None: no Cycle came to a verdict yet). `accuracy` (0–1) is that of the current model on `measured`
    validation documents, None where it isn't measured. `refusal` is what the gates are sure to say, whatever
    is trained, for want of test documents ("": nothing). `mix` is the count of trusted documents by category,
    `business` are the business types among the documents for training, `known_business` those of the last
    run. `of_fields` says that it is a tagger's loop: what is trusted are then fields, and there is no mix.
    """

    scope: str
    now: datetime
    trusted: Mapping[str, int] = field(default_factory=dict)
    new: int = 0
    new_train: int = 0
    last_run: datetime | None = None
    accuracy: float | None = None
    measured: int = 0
    mix: Mapping[str, int] = field(default_factory=dict)
    refusal: str = ""
    business: frozenset[str] = frozenset()
    known_business: frozenset[str] = frozenset()
    of_fields: bool = False

    @property
    def train(self) -> int:
        """Trusted documents that may be trained on."""
        return self.trusted.get("train", 0)


@dataclass(frozen=True, slots=True)
class Reason:
    """What one Trigger says: whether a Cycle is due, in words for people."""

    trigger: str
    due: bool
    words: str


Trigger = Callable[[Facts, TriggerSettings], Reason]


def first_run(facts: Facts, settings: TriggerSettings) -> Reason:
    """Enough documents to train on, at least one to measure on, and no run so far."""
    name, wanted = "first_run", settings.first_run_documents
    if facts.last_run is not None:
        return Reason(
            name, due=False, words=f"the first run is done (the last was on {_day(facts.last_run)})"
        )
    labelled = " with trusted fields" if facts.of_fields else ""
    have = f"no run yet, {_documents(facts.train)}{labelled} to train on, {wanted} wanted"
    if facts.train < wanted:
        return Reason(name, due=False, words=f"{have}: {wanted - facts.train} more are missing")
    if not facts.trusted.get("test", 0):
        return Reason(name, due=False, words=f"{have}, but none to measure on (split test)")
    return Reason(name, due=True, words=have)


def new_documents(facts: Facts, settings: TriggerSettings) -> Reason:
    """Enough new trusted documents since the last run; balanced ones only if `require_balance`."""
    name, wanted = "new_documents", settings.new_documents
    if facts.last_run is None:
        return _waits(name)
    what = "documents with new fields" if facts.of_fields else "new trusted documents"
    words = (
        f"{facts.new} {what} since {_day(facts.last_run)} ({facts.new_train} to train on), {wanted} wanted"
    )
    enough = facts.new >= wanted and facts.new_train > 0
    if facts.of_fields:
        return Reason(name, due=enough, words=words)
    words += f"; {mix_in_words(facts, settings)}"
    if enough and settings.require_balance and not is_balanced(facts, settings):
        return Reason(name, due=False, words=f"{words}, and require_balance is set")
    return Reason(name, due=enough, words=words)


def low_accuracy(facts: Facts, settings: TriggerSettings) -> Reason:
    """The current model reads the validation documents too badly, and there is something new to learn."""
    name, wanted = "low_accuracy", f"{settings.min_accuracy:.1%}"
    if facts.last_run is None:
        return _waits(name)
    if not facts.trusted.get("val", 0):
        return Reason(name, due=False, words=f"no validation documents to measure on, {wanted} wanted")
    if facts.accuracy is None:
        return Reason(name, due=False, words=f"validation accuracy isn't measured yet, {wanted} wanted")
    words = f"validation accuracy {facts.accuracy:.1%} over {_documents(facts.measured)}, {wanted} wanted"
    low = facts.accuracy < settings.min_accuracy
    if low and not facts.new_train:  # the same documents would teach the same again, for ever
        return Reason(name, due=False, words=f"{words}, but nothing new to train on since the last run")
    return Reason(name, due=low, words=words)


def new_business(facts: Facts, settings: TriggerSettings) -> Reason:
    """Documents for training of a business type that the last run didn't have."""
    name = "new_business"
    if not settings.new_business:
        return Reason(name, due=False, words="turned off (new_business = false)")
    if facts.last_run is None:
        return _waits(name)
    unknown = sorted(facts.business - facts.known_business)
    if not unknown:
        return Reason(name, due=False, words="no business type that the last run didn't have")
    listed = ", ".join(unknown[:_SHOWN]) + (" …" if len(unknown) > _SHOWN else "")
    return Reason(name, due=True, words=f"new since the last run: {listed}")


def monthly(facts: Facts, settings: TriggerSettings) -> Reason:
    """A day of the month has come since the last run; in shorter months their last day."""
    name = "monthly"
    if not settings.monthly_day:
        return Reason(name, due=False, words="turned off (monthly_day = 0)")
    if facts.last_run is None:
        return _waits(name)
    latest = latest_monthly(facts.now, settings.monthly_day)
    words = f"due on day {settings.monthly_day} of each month, last run {_day(facts.last_run)}"
    return Reason(name, due=facts.last_run < latest, words=words)


TRIGGERS: dict[str, Trigger] = {
    "first_run": first_run,
    "new_documents": new_documents,
    "low_accuracy": low_accuracy,
    "new_business": new_business,
    "monthly": monthly,
}

OF_FIELDS = ("first_run", "new_documents", "monthly")
"""Those that a tagger's loop has: nobody measures it between Cycles, and business types have no taggers."""


def ask_all(facts: Facts, settings: TriggerSettings) -> tuple[Reason, ...]:
    """What every Trigger of the loop says, due or not."""
    names = OF_FIELDS if facts.of_fields else tuple(TRIGGERS)
    return tuple(_measurable(TRIGGERS[name](facts, settings), facts) for name in names)


def _measurable(reason: Reason, facts: Facts) -> Reason:
    """A Cycle that the gates are sure to refuse, for want of test documents, isn't due."""
    if not reason.due or not facts.refusal:
        return reason
    return Reason(reason.trigger, due=False, words=f"{reason.words}, but {facts.refusal}")


def due(facts: Facts, settings: TriggerSettings) -> tuple[Reason, ...]:
    """The Reasons for which a Cycle is due now; empty: none is."""
    return tuple(reason for reason in ask_all(facts, settings) if reason.due)


def is_balanced(facts: Facts, settings: TriggerSettings) -> bool:
    """Each category of the wanted mix is within the tolerance of its share."""
    total = sum(facts.mix.values())
    off = [abs(facts.mix.get(name, 0) / total - share) for name, share in settings.mix.items() if total]
    return total > 0 and all(distance <= settings.mix_tolerance + 1e-9 for distance in off)


def mix_in_words(facts: Facts, settings: TriggerSettings) -> str:
    """`mix 40 % receipt (40 % wanted), …: balanced`."""
    total = sum(facts.mix.values())
    if not total:
        return "no mix yet"
    names = [*settings.mix, *sorted(facts.mix.keys() - settings.mix.keys())]
    parts = [f"{facts.mix.get(name, 0) / total:.0%} {name}{_wanted(name, settings)}" for name in names]
    return f"mix {', '.join(parts)}: {'balanced' if is_balanced(facts, settings) else 'not balanced'}"


def latest_monthly(now: datetime, day: int) -> datetime:
    """The last midnight at or before `now` that began day `day` of a month, in the zone of `now`."""
    this = _day_of(now, now.year, now.month, day)
    if this <= now:
        return this
    year, month = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
    return _day_of(now, year, month, day)


def _day_of(now: datetime, year: int, month: int, day: int) -> datetime:
    last = calendar.monthrange(year, month)[1]
    return datetime(year, month, min(day, last), tzinfo=now.tzinfo)


def _waits(name: str) -> Reason:
    return Reason(name, due=False, words="waits for the first run")


def _wanted(name: str, settings: TriggerSettings) -> str:
    return f" ({settings.mix[name]:.0%} wanted)" if name in settings.mix else ""


def _documents(count: int) -> str:
    return "1 document" if count == 1 else f"{count} documents"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
