"""Learn: labelled documents in, a verified model folder out; the loop is that of `training/lora`.

read pages, or texts as they are → questions and right answers → adapters by the loop → folder → parity
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from recto.datasets.example import Example
from recto.engines.text.model import ENGINE, Tools, tools_of
from recto.errors import TrainingError
from recto.extraction.asked_folder import SETTINGS, asking_json
from recto.extraction.ranker import Calibration
from recto.extraction.schema import Schema
from recto.training.chronicle import Chronicle
from recto.training.lora.export import Told, card_of, check_written, write_taught
from recto.training.lora.fit import Work, fit
from recto.training.lora.footprint import expected, measured
from recto.training.lora.keeping import Follower, RunKeeper
from recto.training.lora.learn import lesson_of, longest_batch, some_of
from recto.training.lora.lesson import LoraLesson
from recto.training.lora.optimisers import chosen_optimiser
from recto.training.lora.parity import TOKENS, answers_of
from recto.training.lora.pupil import Pupil
from recto.training.lora.together import Together
from recto.training.memory import enough_memory
from recto.training.progress import Progress
from recto.training.run import Run
from recto.training.text.reading import Reader
from recto.training.text.recipe import TextRecipe
from recto.training.text.samples import TextSamples
from recto.training.text.trial import AnswerTrial
from recto.training.text.trust import calibrated

Examples = tuple[Sequence[Example], Sequence[Example]]
TASK = "extract"
_LESS = "a lower max_tokens, or method: qlora"
_PROBES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is taught: the fields of a schema, by a recipe, to a model; `reader` reads the pages."""

    schema: Schema
    recipe: TextRecipe
    pupil: Pupil
    reader: Reader


def learn(
    subject: Subject, examples: Examples, fingerprint: str, run: Run, chronicle: Chronicle
) -> LoraLesson:
    """Train on the first of `examples`, choose by the second, and write the model folder of `run`.

    Where no evaluation beat the base, what is written answers as the base does, and `improved` is False. The
    pupil is of no use afterwards. Raises TrainingError, ParityError, OutputError.
    """
    pupil, recipe, together = subject.pupil, subject.recipe, Together()
    with enough_memory(_LESS):
        chronicle.say(pupil.why)
        with together.to_the_end():
            work = work_on(subject, examples, chronicle, together)
            memory = expected(pupil, recipe, work.optimiser, longest_batch(work))
            fitted = fit(work, RunKeeper(run, chronicle), together)
        memory = measured(pupil, memory)
        chronicle.stage("writing and checking the model", 1)
        lesson = replace(lesson_of(work, fitted, memory), kind="text")
        metrics = {"val_answer_cer_before": lesson.before.cer, "val_answer_cer": lesson.after.cer}
        pupil.put(fitted.best)
        trust = _trust(subject, work, chronicle)
        parity = _write(subject, work, (Told(fingerprint, metrics), trust), run)
    chronicle.advance(1)
    return lesson.with_parity(parity)


def follow(subject: Subject, examples: Examples) -> None:
    """Take part in `learn` of the first process; nothing is written here."""
    together, keeper = Together(), Follower()
    with enough_memory(_LESS), together.to_the_end():
        fit(work_on(subject, examples, keeper, together), keeper, together)


def work_on(subject: Subject, examples: Examples, progress: Progress, together: Together) -> Work:
    """Documents read and made into questions, and an optimiser chosen and told."""
    pupil, recipe = subject.pupil, subject.recipe
    train, val = examples
    optimiser, why = chosen_optimiser(recipe.optimiser, pupil.loaded.placement.device)
    for remark in (*pupil.loaded.placement.why, why):
        progress.say(remark)
    tools = tools_of(pupil.loaded)
    taught = _studied(subject, tools, train, progress)
    if not taught.values:
        hint = (
            f"are they labelled with fields of {subject.schema.name}, and read well? recto extract shows it"
        )
        raise TrainingError("no labelled value stands in the text of its document", hint=hint)
    trial = AnswerTrial(
        pupil.loaded,
        tools,
        _studied(subject, tools, some_of(val, recipe), progress),
        together,
        recipe.max_new_tokens,
    )
    return Work(pupil, taught, trial, recipe, optimiser)


def _studied(subject: Subject, tools: Tools, examples: Sequence[Example], progress: Progress) -> TextSamples:
    """The documents as what is taught; what of them isn't taught is told."""
    made = TextSamples(subject.pupil.loaded, tools, subject.schema, subject.recipe)
    progress.stage("reading documents", len(examples))
    for read in subject.reader.read(examples):
        made.add(read)
        progress.advance(1)
    if made.left_out:
        labels = made.values + made.left_out
        progress.say(
            f"{made.left_out} of {labels} labelled values don't stand in the text: they aren't taught"
        )
    if made.cut:
        progress.say(
            f"{made.cut} of {len(examples)} texts are longer than max_tokens: their ends aren't seen"
        )
    return made


def _trust(subject: Subject, work: Work, progress: Progress) -> Calibration:
    """How the best model's probabilities are to be taken, by its answers about the validation documents."""
    trial, at_once = _trial_of(work), subject.recipe.batch_pages
    samples, tokens = trial.samples.samples, subject.recipe.max_new_tokens
    written = [
        answer
        for start in range(0, len(samples), at_once)
        for answer in trial.written(range(start, min(start + at_once, len(samples))), tokens)
    ]
    answers = [(sample.read, answer) for sample, answer in zip(samples, written, strict=True)]
    calibration, count = calibrated(subject.schema, answers)
    if count:
        progress.say(f"confidences are calibrated on {count} values in {len(samples)} validation documents")
    else:
        progress.say("confidences aren't calibrated: the model found too few labelled values in validation")
    return calibration


def _trial_of(work: Work) -> AnswerTrial:
    trial = work.trial
    assert isinstance(trial, AnswerTrial)
    return trial


def _write(subject: Subject, work: Work, told: tuple[Told, Calibration], run: Run) -> float:
    """Write the best, and compare what was written with what was trained; the largest difference."""
    pupil, trial = work.pupil, _trial_of(work)
    probes = [sample.prompt for sample in trial.samples.samples[:_PROBES]]
    answers = answers_of(pupil.loaded, probes, min(TOKENS, subject.recipe.max_new_tokens))
    card = card_of(pupil, subject.recipe, told[0], ("", TASK), ENGINE)
    beside = {SETTINGS: asking_json(subject.schema, told[1])}
    folder = write_taught(pupil, card, run.model, beside)
    pupil.release()
    return check_written(folder, pupil.loaded, answers, same_kernels=pupil.backend == "transformers")
