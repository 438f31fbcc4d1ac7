"""Lesson of a tagger: what was learnt of each field from how many documents. It imports nothing heavy."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class FieldLesson:
    """One field: how many documents label it in train and val, the penalty that val chose, and F1 on val.

    `before` is that of the patterns alone, `after` that of what was learnt from train; None where val has no
    label to measure by. `is_kept` is False where learning made it worse: then the patterns find this field.
    """

    train: int
    val: int
    penalty: float
    before: float | None
    after: float | None
    is_kept: bool


@dataclass(frozen=True, slots=True)
class TaggerLesson:
    """What was learnt from what; `left_out` are pages that couldn't be read, by reason."""

    schema: str
    train_documents: int
    val_documents: int
    left_out: dict[str, int]
    fields: dict[str, FieldLesson]
    kind: Literal["tagger"] = "tagger"
    epochs: int = 1
    """All documents are learnt from at once."""

    @property
    def improved(self) -> bool:
        """Whether anything was learnt that is kept."""
        return any(one.is_kept for one in self.fields.values())
