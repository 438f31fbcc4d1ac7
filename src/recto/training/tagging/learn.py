"""Learn: labelled Examples in, the model folder of a tagger out.

    pages read → candidates and labels → a ranker for each field, its penalty chosen on val → folder

Where what was learnt of a field finds less in val than the patterns alone, the patterns stay.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.engine import Engine
from recto.engines.reading import PageFailure, read_pages
from recto.errors import RectoError, TrainingError
from recto.extraction.ranker import Ranker, choices
from recto.extraction.schema import Schema
from recto.extraction.tagger import AT_LEAST, UNTRAINED, Tagger
from recto.extraction.tagger_folder import write_tagger
from recto.training.chronicle import Chronicle
from recto.training.run import Run
from recto.training.tagging.fit import Settings, fit, log_loss, tried
from recto.training.tagging.lesson import FieldLesson, TaggerLesson
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.tagging.samples import Labelled, Sample, order_of, samples_of

READING = "reading pages"


def learn(
    what: tuple[Schema, TaggerRecipe, Engine],
    examples: tuple[Sequence[Example], Sequence[Example]],
    fingerprint: str,
    run: Run,
    chronicle: Chronicle,
) -> TaggerLesson:
    """Fit on the first of `examples`, choose by the second, then fit on both, and write the model of `run`.

    Raises TrainingError where no page can be read or no field is labelled, OutputError.
    """
    schema, recipe, reader = what
    chronicle.stage(READING, sum(map(len, examples)))
    left_out: Counter[str] = Counter()
    train, val = (_documents(reader, part, chronicle, left_out) for part in examples)
    chronicle.stage("fitting", 1)
    tagger, fields = fit_tagger(schema, (train, val), recipe)
    chronicle.advance(1)
    if not fields:
        why = "; ".join(f"{count} × {reason}" for reason, count in left_out.items())
        raise TrainingError(f"there is nothing to learn from: {why or 'no field is labelled'}")
    write_tagger(
        run.model,
        tagger,
        recipe=recipe.model_dump(mode="json"),
        data_fingerprint=fingerprint,
        metrics={"val_f1": {name: one.after for name, one in fields.items()}},
    )
    run.log("fields", **{name: asdict(one) for name, one in fields.items()})
    return TaggerLesson(schema.name, len(train), len(val), dict(left_out), fields)


def fit_tagger(
    schema: Schema, documents: tuple[Sequence[Labelled], Sequence[Labelled]], recipe: TaggerRecipe
) -> tuple[Tagger, dict[str, FieldLesson]]:
    """The tagger that learns from the first of `documents` and chooses by the second, and what it learnt.

    Where nothing is labelled, nothing is learnt.
    """
    order = order_of(schema, [one for part in documents for one in part])
    taught, held = (samples_of(schema, part, order) for part in documents)
    tuned = {name: _tuned(samples, held.get(name, ()), recipe) for name, samples in taught.items()}
    rankers = {name: one.ranker for name, one in tuned.items() if one.lesson.is_kept}
    tagger = Tagger(schema, rankers, "tagger, just trained", order)
    return tagger, {name: one.lesson for name, one in tuned.items()}


@dataclass(frozen=True, slots=True)
class _Tuned:
    """The ranker of one field, and what is told of it."""

    ranker: Ranker
    lesson: FieldLesson


def _tuned(train: Sequence[Sample], val: Sequence[Sample], recipe: TaggerRecipe) -> _Tuned:
    """The penalty that surprises least on val (the first without one), then a fit on all documents."""
    penalties = recipe.penalties[: None if val else 1]
    trials = [tried(train, Settings(penalty, recipe.seed)) for penalty in penalties] if val else []
    best = min(range(len(trials)), key=lambda place: log_loss(trials[place], val), default=0)
    before, after = (f1(ranker, val) for ranker in (UNTRAINED, trials[best] if trials else UNTRAINED))
    is_kept = before is None or after is None or after >= before
    penalty = recipe.penalties[best]
    ranker = fit([*train, *val], Settings(penalty, recipe.seed)) if is_kept else UNTRAINED
    lesson = FieldLesson(_labelled(train), _labelled(val), penalty, before, after, is_kept)
    return _Tuned(ranker, lesson)


def _labelled(samples: Sequence[Sample]) -> int:
    return sum(bool(sample.wanted) for sample in samples)


def f1(ranker: Ranker, samples: Sequence[Sample]) -> float | None:
    """F1 of what is said where a label is; None without labels. Of lists only the likeliest value counts."""
    right = said = wanted = 0
    for sample in samples:
        scores = ranker.scores(sample.features, sample.patterns)
        likely = [one for one in choices(sample.found, scores, ranker.known) if one.chance >= AT_LEAST][:1]
        wanted += bool(sample.wanted)
        said += bool(likely)
        right += bool(likely) and likely[0].key in sample.wanted
    return 2 * right / (said + wanted) if wanted else None


def _documents(
    reader: Engine, examples: Sequence[Example], chronicle: Chronicle, left_out: Counter[str]
) -> list[Labelled]:
    """Each Example as it is read; those that can't be opened or read are counted."""
    found = []
    readings = read_pages(reader, map(_open, examples))
    for example, reading in zip(examples, readings, strict=True):
        chronicle.advance(1)
        if isinstance(reading, Transcript):
            group = example.group or example.image
            found.append(Labelled(example.image, [reading], example.fields or {}, group))
        else:
            left_out[reading.error.what] += 1
    return found


def _open(example: Example) -> Page | PageFailure:
    try:
        return open_example(example)
    except RectoError as error:
        return PageFailure(example.image, example.page or 1, error)
