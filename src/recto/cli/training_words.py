"""What a training did, in sentences for people; `recto train` and `recto improve` print them."""

from recto.training.ctc.lesson import CtcLesson
from recto.training.lora.lesson import LoraLesson
from recto.training.tagging.lesson import TaggerLesson
from recto.training.train import Taught, comparison


def sentences(taught: Taught) -> list[str]:
    """What was learnt from what, scores on validation, time and memory against the estimate."""
    lesson = taught.lesson
    match lesson:
        case CtcLesson():
            told, scores = _of_lines(lesson), _scores(lesson)
        case LoraLesson():
            told, scores = _of_pages(lesson), _scores(lesson)
        case TaggerLesson():
            told, scores = _of_fields(lesson), []
    told[0] += " held out of train." if taught.held_out else "."
    told += [*scores, _spent(taught)]
    if compared := comparison(taught):
        told.append(compared)
    return told


def cost_sentence(amount: float | None, seconds: float) -> list[str]:
    """One sentence where a price is set."""
    return [] if amount is None else [f"Cost: {amount:.3f} ({seconds:.0f} s, hours × price)."]


def _of_lines(lesson: CtcLesson) -> list[str]:
    """Lines and their case."""
    out = [f"Learnt from {lesson.train_lines} lines, chose the epoch by {lesson.val_lines} others"]
    if lesson.aligned_lines:
        out.append(f"{lesson.aligned_lines} of the lines took their labels from page text.")
    if lesson.left_out:
        reasons = ", ".join(f"{count} × {why}" for why, count in sorted(lesson.left_out.items()))
        out.append(f"Left out: {reasons}.")
    if lesson.letters_read:
        out.append(
            f"The labels know no case: {lesson.letters_read} letters took theirs from the base model's "
            f"reading, {lesson.letters_guessed} from their neighbours."
        )
    return out


def _of_pages(lesson: LoraLesson) -> list[str]:
    """Pages, and who trained what."""
    unit = "documents" if lesson.kind == "text" else "pages"
    share = lesson.trainable_parameters / max(lesson.total_parameters, 1)
    return [
        f"Learnt from {lesson.train_pages} {unit}, chose the best step by {lesson.val_pages} others",
        f"Method {lesson.method}: {lesson.trainable_parameters:,} of {lesson.total_parameters:,} parameters "
        f"({share:.2%}) learnt, on {lesson.device} in {lesson.dtype}.",
        f"Trained by {lesson.why.removeprefix('backend ')}.",
    ]


def _of_fields(lesson: TaggerLesson) -> list[str]:
    """Documents, and each field's F1 on validation before and after."""
    out = [
        f"Learnt the fields of {lesson.schema} from {lesson.train_documents} documents, chose the "
        f"penalties by {lesson.val_documents} others"
    ]
    if lesson.left_out:
        reasons = ", ".join(f"{count} × {why}" for why, count in sorted(lesson.left_out.items()))
        out.append(f"Left out: {reasons}.")
    for name, one in lesson.fields.items():
        told = f"{name}: labelled in {one.train} and {one.val} documents"
        if one.before is not None and one.after is not None:
            told += f", F1 on validation {one.before:.3f} → {one.after:.3f}"
        out.append(f"{told}{'.' if one.is_kept else '; not learnt, the rules alone find more.'}")
    return out


def _scores(lesson: CtcLesson | LoraLesson) -> list[str]:
    """CER on validation before and after."""
    unit = lesson.after.unit
    if not lesson.improved:
        return [f"No epoch beat the base model on validation {unit}: its weights were kept unchanged."]
    when = f"in epoch {lesson.best_epoch} of {lesson.epochs}"
    if isinstance(lesson, LoraLesson):
        when = f"after step {lesson.best_step} of {lesson.steps}"
    out = [f"{unit.capitalize()} of validation: CER {lesson.before.cer:.2%} → {lesson.after.cer:.2%} {when}."]
    if lesson.after.cer >= lesson.before.cer:
        out.append(
            f"These are too few {unit} to judge by: the newest epoch was kept. Measure on test documents."
        )
    return out


def _spent(taught: Taught) -> str:
    """Time, memory, and speed."""
    lesson = taught.lesson
    peak = f", {taught.peak_memory_mb / 1024:.1f} GiB at most" if taught.peak_memory_mb else ""
    speed = ""
    if isinstance(lesson, CtcLesson):
        speed = f", {lesson.lines_per_s:.0f} lines a second"
    elif isinstance(lesson, LoraLesson):
        speed = f", {lesson.tokens_per_s:.0f} tokens a second"
    return f"Training took {taught.total_s:.0f} s{peak}{speed}."
