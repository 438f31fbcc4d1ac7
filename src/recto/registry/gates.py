"""Gates: pure rules that say whether a candidate may become current, and why. Each answers in every case.

Evidence is Reports and times, measured elsewhere; nothing is read, measured or promoted here. The numbers
are settings (`[gates]` of recto.toml), the rules and why they are so stand in docs/releases.md.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from recto.evaluation.compare import Bootstrap, Pair, cluster, compare, differences, too_few
from recto.evaluation.report import Comparison, Report
from recto.evaluation.scoring import headline, micro
from recto.settings import GateSettings

FEWEST_CHARACTERS = 5
"""So many more wrong characters are allowed in any category: in a tiny one the margin is less than that."""
UNNOTICED_S = 0.01
"""Nobody waits for 10 ms more per page: below that a clock measures itself."""


class Timing(NamedTuple):
    """Seconds that both models took for the same page, one right after the other."""

    candidate_s: float
    current_s: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured: `candidate` and `current` on the same frozen test documents, and on the canaries.

    `timings` are what speed is judged by: the Reports' own seconds are of different minutes, in which other
    work may have slowed one of the two. `canary_base` is what the base weights make of the canaries, and
    `first` what the model that the first Release of the scope replaced made of the documents, or of those
    of them that there were. With both, a chain of Releases can't lose a margin's worth each time. `no_first`
    says why there is no `first` where there should be.
    """

    candidate: Report
    current: Report
    canary: Report
    canary_current: Report
    timings: Sequence[Timing]
    canary_base: Report | None = None
    first: Report | None = None
    no_first: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate says: whether the candidate passes, with the reason in plain words and numbers."""

    gate: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """The Evidence with its paired comparisons (candidate − current), and the settings to judge by."""

    evidence: Evidence
    settings: GateSettings
    test: Comparison
    canary: Comparison
    canary_base: Comparison | None

    @property
    def pairs(self) -> list[Pair]:
        """Each test document as the candidate and as the current model read it."""
        return list(zip(self.evidence.candidate.documents, self.evidence.current.documents, strict=True))


Answer = tuple[bool, str]
"""Whether it passes, and why."""

Gate = Callable[[Case], Answer]

Named = tuple[str, str | None]
"""A test document: its name, which the pages of one file share, and its group if it has one."""


def judge(evidence: Evidence, settings: GateSettings) -> tuple[Verdict, ...]:
    """The Verdict of every gate, in the order of GATES; the candidate passes where all do.

    Raises EvaluationError unless candidate and current were measured on the same documents.
    """
    case = _case(evidence, settings)
    return tuple(Verdict(name, *gate(case)) for name, gate in GATES.items())


def all_passed(verdicts: Sequence[Verdict]) -> bool:
    """Whether the candidate may become current."""
    return all(verdict.passed for verdict in verdicts)


def enough_documents(case: Case) -> Answer:
    """So many test documents were really read; pages of one file are one document."""
    wanted = case.settings.min_test_documents
    read = {a.document for a, b in case.pairs if a.failure is None or b.failure is None}
    failed = {a.document for a, _ in case.pairs} - read
    unread = f" ({len(failed)} more could be opened or read by neither model)" if failed else ""
    return _enough(len(read), wanted, unread)


def foresee(documents: Collection[Named], settings: GateSettings) -> Verdict | None:
    """What a gate is sure to say if it refuses even where all test documents can be read; None: all may pass.

    No training can change it: `enough_documents`, and `better` where they are of too few groups.
    """
    files, clusters = len({name for name, _ in documents}), len({cluster(*named) for named in documents})
    passed, words = _enough(files, settings.min_test_documents)
    if not passed:
        return Verdict("enough_documents", passed=False, reason=words)
    missing = too_few((files, clusters), Bootstrap(confidence=settings.confidence))
    if missing:
        together = f" in {_count(clusters, 'group')}" if clusters < files else ""
        reason = f"{_count(files, 'test document')}{together}, {missing}"
        return Verdict("better", passed=False, reason=reason)
    return None


def _enough(read: int, wanted: int, unread: str = "") -> Answer:
    told = f"{_count(read, 'test document')}{unread}, {wanted} wanted"
    if read >= wanted:
        return True, told
    missing = wanted - read
    return False, f"{told}: {missing} more {'is' if missing == 1 else 'are'} missing"


def better(case: Case) -> Answer:
    """The headline error rate fell, and the whole paired interval lies below zero."""
    change = case.test.overall[case.evidence.candidate.headline]
    if change.verdict == "better":
        return True, f"better with confidence: {change.words}"
    if change.verdict == "worse":
        return False, f"worse: {change.words}"
    if change.baseline == 0:
        return False, f"the current model makes no mistake here, nothing can be better: {change.words}"
    return False, f"not better with confidence: {change.words}"


def categories(case: Case) -> Answer:
    """No category's error rate rose beyond the margin; how sure the rise is doesn't excuse it.

    What counts is the rise from the current model, and that from where the scope began.
    """
    seen = _categories(case, case.pairs)
    since = _categories(case, _common(case.evidence))
    margin = _points(case.settings.category_margin)
    worse = [words for passed, words in seen if not passed]
    worse += [f"than before the first Release: {words}" for passed, words in since if not passed]
    why = case.evidence.no_first
    unknown = f"; it isn't known what was before the first Release: {why}" if why else ""
    if worse:
        return False, f"worse beyond the margin of {margin}: {'; '.join(worse)}{unknown}"
    kept = "; nor than before the first Release" if since else unknown
    return True, f"no category is worse beyond the margin of {margin}: {'; '.join(w for _, w in seen)}{kept}"


def canary(case: Case) -> Answer:
    """General lines are read as well as by the current model, and as by the base model, but for a margin.

    Case counts here, whatever the test documents' labels know of it: to shout is a way to forget.
    """
    against = {"the current model": case.canary}
    if case.canary_base and case.evidence.canary_base is not case.evidence.canary_current:
        against["the base model"] = case.canary_base
    margin = case.settings.canary_margin
    told = {name: made.overall["cer"] for name, made in against.items()}
    forgot = [name for name, change in told.items() if not _within(change.difference, margin)]
    words = "; ".join(f"against {name}, {change.words}" for name, change in told.items())
    if forgot:
        who = " and ".join(forgot)
        return False, f"general lines are forgotten: more than {_points(margin)} worse than {who}: {words}"
    return True, f"general lines are kept, {_points(margin)} allowed: {words}"


def repetition(case: Case) -> Answer:
    """The share of test pages with a repetition loop didn't rise beyond the margin."""
    pages = len(case.pairs)
    new, old = (sum(d.repeating for d in side) for side in zip(*case.pairs, strict=True))
    margin = case.settings.repetition_margin
    passed = _within((new - old) / pages, margin)
    told = f"{new} of {_count(pages, 'page')} with a repetition loop, {old} before"
    allowed = f"a rise of {_points(margin)} is allowed" if margin else "no rise is allowed"
    return passed, told if new <= old else f"{told}: {allowed}"


def speed(case: Case) -> Answer:
    """The candidate isn't slower by more than the share allowed, in the middle of all timings.

    The median: what else the machine does slows single timings, a slower model slows them all.
    """
    timings, share = (
        [timing for timing in case.evidence.timings if min(timing) > 0],
        case.settings.max_slowdown,
    )
    if not timings:
        return False, "no page was read by both models, so that nothing is known of their speed"
    step = median(t.candidate_s / t.current_s for t in timings) - 1
    more_s = median(t.candidate_s - t.current_s for t in timings)
    new, old = (median(side) for side in zip(*timings, strict=True))
    read = _count(len(timings), "reading")
    told = f"{new:.2f} s per page, {old:.2f} s with the current model (medians of {read} by turns)"
    if abs(step) >= 0.005:
        told += f", page beside page {100 * abs(step):.0f} % {'slower' if step > 0 else 'faster'}"
    if _within(step, share) or _within(more_s, UNNOTICED_S):
        return True, f"{told}; {100 * share:.0f} % slower is allowed"
    return False, f"{told}, and only {100 * share:.0f} % slower is allowed"


GATES: dict[str, Gate] = {
    "enough_documents": enough_documents,
    "better": better,
    "categories": categories,
    "canary": canary,
    "repetition": repetition,
    "speed": speed,
}
"""Every gate by name, in the order in which they are told."""


def _case(evidence: Evidence, settings: GateSettings) -> Case:
    how = Bootstrap(confidence=settings.confidence)
    base = evidence.canary_base
    return Case(
        evidence=evidence,
        settings=settings,
        test=compare(evidence.candidate, evidence.current, how),
        canary=compare(evidence.canary, evidence.canary_current, how),
        canary_base=compare(evidence.canary, base, how) if base else None,
    )


def _common(evidence: Evidence) -> list[Pair]:
    """The documents that the candidate and the first model read, with the same text as their truth."""
    then = {document.key: document for document in evidence.first.documents} if evidence.first else {}
    return [(d, then[d.key]) for d in evidence.candidate.documents if d.key in then]


def _categories(case: Case, pairs: Sequence[Pair]) -> list[Answer]:
    """What became of each category from the second model of the pairs to the first."""
    names = dict.fromkeys(ours.category for ours, _ in pairs)
    return [_category(case, name, [pair for pair in pairs if pair[0].category == name]) for name in names]


def _category(case: Case, name: str, pairs: Sequence[Pair]) -> Answer:
    """One category by its own headline figure: labels of one may know case, and those of another not."""
    sides = [ours for ours, _ in pairs], [theirs for _, theirs in pairs]
    metric = headline(sides[0])
    change = differences(pairs, Bootstrap(confidence=case.settings.confidence))[metric]
    (new, characters), (old, _) = (micro(side, metric) for side in sides)
    margin = case.settings.category_margin
    floor = FEWEST_CHARACTERS if margin else 0  # a margin of zero is meant as it is written
    passed = _within(new - old, max(margin * characters, floor))
    if not passed:
        return False, f"{name}: {change.words}"
    words = f"{name} {_signed_points(change.difference)}, {_count(change.documents, 'document')}"
    if change.difference > margin:
        words += f" ({new - old:.0f} more wrong characters, {floor} are allowed in so small a category)"
    return True, words


def _within(rise: float, allowed: float) -> bool:
    """Whether a rise is allowed; what only rounding adds doesn't count."""
    return rise <= allowed + 1e-12


def _points(share: float) -> str:
    return f"{100 * share:.2f} points"


def _signed_points(share: float) -> str:
    text = f"{100 * share:+.2f}".replace("-", "−")
    return f"{text[1:] if text in ('+0.00', '−0.00') else text} points"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
