"""Report: what evaluating an Engine on a Dataset measured, and its documented JSON (docs/evaluation.md).

Only the shape is here: `scoring` computes it, `compare` adds a baseline, `report_html` shows it.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, computed_field

from recto.documents.transcript import Box

SCHEMA_VERSION = 1

Score = tuple[float, float]
"""Numerator and denominator of one document's figure, see `metrics/ratio`."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Metrics(_Frozen):
    """The figures of a group of documents. Shares and rates are 0–1 (error rates can exceed 1)."""

    documents: int = Field(description="Documents (Examples) measured, failed ones included")
    failed: int = Field(description="Documents that couldn't be opened or read: scored as empty text")
    case_blind: int = Field(description="Documents whose labels say nothing about case")
    reference_characters: int = Field(description="Characters of the truth, as `cer` counts them")
    reference_words: int = Field(description="Words of the truth")
    cer: float = Field(description="Character error rate, micro: NFC, each run of white space as one blank")
    cer_casefold: float = Field(description="`cer` ignoring case")
    cer_raw: float = Field(description="`cer` with line breaks and runs of blanks compared as they are")
    cer_median: float = Field(description="Median of the documents' `cer`, each at most 1")
    cer_p90: float = Field(description="90th percentile of the documents' `cer`, each at most 1")
    cer_casefold_median: float = Field(description="Median of the documents' `cer_casefold`, each at most 1")
    cer_casefold_p90: float = Field(description="90th percentile of `cer_casefold`, each at most 1")
    wer: float = Field(description="Word error rate, micro; words are what white space separates")
    wer_casefold: float = Field(description="`wer` ignoring case")
    word_f1: float = Field(description="F1 of the bags of words, micro: order-free")
    word_f1_casefold: float = Field(description="`word_f1` ignoring case")
    ned: float = Field(description="Normalised edit distance, mean of the documents")
    accuracy: float = Field(description="1 − `cer`, at least 0")
    accuracy_casefold: float = Field(description="1 − `cer_casefold`, at least 0")
    exact_match: float = Field(description="Share of documents without any error (as `cer` compares)")
    exact_match_casefold: float = Field(description="`exact_match` ignoring case")
    rouge_1: float = Field(description="ROUGE-1 F1, mean of the documents, ignoring case")
    rouge_2: float = Field(description="ROUGE-2 F1, mean of the documents, ignoring case")
    rouge_l: float = Field(description="ROUGE-L F1, mean of the documents, ignoring case")
    bleu: float = Field(description="Corpus BLEU-4, case kept, marks as words of their own")
    seconds_per_page: float = Field(description="Reading time per page that was read, opening not included")
    peak_memory_mb: float | None = Field(
        description="Largest resident memory of this process while reading, in MiB; null for groups"
    )
    repetitions: int = Field(description="Pages that ended in, or contain, a repetition loop the truth lacks")
    blank_pages: int = Field(description="Pages whose truth is blank")
    blank_page_hallucinations: int = Field(description="Blank pages that were answered with text")


class Group(Metrics):
    """Metrics whose JSON holds them twice: `group.cer` and `group.metrics.cer` are the same number."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def metrics(self) -> Metrics:
        """The same figures again, so that a path ends alike in the whole report."""
        return Metrics(**{name: getattr(self, name) for name in Metrics.model_fields})


class Confusion(_Frozen):
    """`wanted` in the truth was read as `said`, `count` times; `before` and `after` it stood one time."""

    wanted: str
    said: str
    count: int
    before: str
    after: str


class ErrorSources(_Frozen):
    """Where the edits of `cer` come from: edited characters by kind, and the commonest confusions."""

    edits: dict[str, int]
    confusions: list[Confusion]


class ReadLine(_Frozen):
    """One line that was read: its place in pixels of the upright page, and confidence 0–1 or null."""

    text: str
    box: Box
    confidence: float | None


class DocumentResult(_Frozen):
    """One document: what it should say, what was read, and its share of every figure.

    `scores` has [numerator, denominator] for each additive figure; `failure` is the error's message where
    it couldn't be opened or read.
    """

    document: str
    page: int
    category: str
    business: str | None
    group: str | None
    language: str | None
    case_blind: bool
    reference: str
    text: str
    lines: list[ReadLine]
    finish: str
    seconds: float
    repeating: bool
    failure: str | None
    cer: float
    cer_casefold: float
    wer: float
    wer_casefold: float
    scores: dict[str, Score]

    @property
    def key(self) -> tuple[str, int, str]:
        """Equal in two Reports where both measured the same page against the same truth."""
        return self.document, self.page, self.reference


class DatasetInfo(_Frozen):
    """Which data was measured; `skipped_without_truth` counts Examples without trusted text."""

    root: str
    split: str
    fingerprint: str
    measured: int = 0
    skipped_without_truth: int = 0


class Machine(_Frozen):
    """Where it was measured."""

    system: str
    cpu: str
    cores: int
    memory_gb: float | None
    python: str
    packages: dict[str, str]


class Difference(_Frozen):
    """Candidate minus baseline of one metric, paired by document, with its bootstrap interval.

    `clusters` counts what was drawn for it: groups, or files without one (None: an older report).
    """

    metric: str
    baseline: float
    candidate: float
    difference: float
    low: float
    high: float
    documents: int
    clusters: int | None = None
    verdict: Literal["better", "worse", "undecided"]
    words: str


class Comparison(_Frozen):
    """All differences: over everything, by category, by business type; and how many documents moved."""

    confidence: float
    resamples: int
    seed: int
    documents: int
    improved: int
    unchanged: int
    worsened: int
    overall: dict[str, Difference]
    by_category: dict[str, dict[str, Difference]]
    by_business: dict[str, dict[str, Difference]]


class Baseline(Group):
    """What the engine to compare with measured on the same documents: its figures, flat, and the rest."""

    engine: str
    settings: dict[str, JsonValue]
    by_category: dict[str, Group]
    by_business: dict[str, Group]
    errors: ErrorSources
    document_results: list[DocumentResult]


class Report(_Frozen):
    """What was measured of one engine, and where `baseline` is set, of the other one beside it."""

    schema_version: int = SCHEMA_VERSION
    recto_version: str
    created_at: str
    engine: str
    settings: dict[str, JsonValue]
    dataset: DatasetInfo
    machine: Machine
    headline: Literal["cer", "cer_casefold"]
    metrics: Metrics
    by_category: dict[str, Group]
    by_business: dict[str, Group]
    errors: ErrorSources
    documents: list[DocumentResult]
    baseline: Baseline | None = None
    comparison: Comparison | None = None

    @property
    def failures(self) -> list[DocumentResult]:
        """The documents that couldn't be opened or read."""
        return [d for d in self.documents if d.failure is not None]

    def to_json(self) -> str:
        """The documented JSON, indented."""
        return self.model_dump_json(indent=1) + "\n"


def report_from_json(text: str) -> Report:
    """A Report from its JSON. Raises pydantic.ValidationError on another shape."""
    return Report.model_validate_json(text)
