"""What a training did, in sentences for people; `recto train` and `recto improve` print them."""

from recto.training.train import Taught, comparison


def sentences(taught: Taught) -> list[str]:
    """Lines, case, epochs, time and memory against the estimate."""
    lesson = taught.lesson
    out = [f"Learnt from {lesson.train_lines} lines, chose the epoch by {lesson.val_lines} others"]
    out[0] += " held out of train." if taught.held_out else "."
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
    if lesson.improved:
        out.append(
            f"Lines of validation: CER {lesson.before.cer:.2%} → {lesson.after.cer:.2%} "
            f"in epoch {lesson.best_epoch} of {lesson.epochs}."
        )
        if lesson.after.cer >= lesson.before.cer:
            out.append(
                "These are too few lines to judge by: the newest epoch was kept. Measure on test documents."
            )
    else:
        out.append("No epoch beat the base model on validation lines: its weights were kept unchanged.")
    peak = f", {taught.peak_memory_mb / 1024:.1f} GiB at most" if taught.peak_memory_mb else ""
    out.append(f"Training took {taught.total_s:.0f} s{peak}, {lesson.lines_per_s:.0f} lines a second.")
    if told := comparison(taught):
        out.append(told)
    return out


def cost_sentence(amount: float | None, seconds: float) -> list[str]:
    """One sentence where a price is set."""
    return [] if amount is None else [f"Cost: {amount:.3f} ({seconds:.0f} s, hours × price)."]
