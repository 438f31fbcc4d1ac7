"""A language model's part in finding fields, as far as it is done in the process that extracts.

Of an order comes first the question that a model is to be asked (elsewhere: `model_child`), and with what it
wrote come the fields. So strangers' schemas and what models say of them meet in no other process.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from recto.documents.transcript import Finish, Transcript
from recto.engines.text.writing import Question, Written
from recto.extraction.asked import asked_fields, asked_label, question_about
from recto.extraction.asking import page_words, shape_of
from recto.extraction.fields import Extraction
from recto.extraction.ranker import Calibration
from recto.extraction.schema import Schema
from recto.extraction.vision import seen_fields, vision_label
from recto.serving.extracting.protocol import Asked, InUse, QuestionJson, WrittenJson

Pages = Sequence[Transcript]


def question_or_fields(
    what: tuple[Schema, Calibration], pages: Pages, asked: Asked, in_use: InUse
) -> QuestionJson | Extraction:
    """What a model is to be asked, where it wasn't yet, and else the fields; these too where there is nothing
    to ask.
    """
    part: Callable[[tuple[Schema, Calibration], Pages, Asked], QuestionJson | Extraction]
    part = _seen if asked["sees"] else _read
    found = part(what, pages, asked)
    return replace(found, extractor=_label(asked, in_use)) if isinstance(found, Extraction) else found


def _read(what: tuple[Schema, Calibration], pages: Pages, asked: Asked) -> QuestionJson | Extraction:
    schema, calibration = what
    if asked["written"] is None and (question := question_about(schema, pages)):
        return _question_json(question)
    written = [_written(one) for one in asked["written"] or ()]
    return asked_fields(schema, pages, written[0] if written else None, calibration)


def _seen(what: tuple[Schema, Calibration], pages: Pages, asked: Asked) -> QuestionJson | Extraction:
    schema, calibration = what
    shown = [page for page in pages if page.lines]
    if asked["written"] is None and shown:
        return {
            "before": page_words(schema),
            "document": "",
            "after": "",
            "shape": shape_of(schema.fields),
            "pages": [page.page for page in shown],
        }
    written = [_written(one) for one in asked["written"] or ()]
    return seen_fields(schema, list(zip(shown, written, strict=True)), calibration)


def _label(asked: Asked, in_use: InUse) -> str:
    if not asked["model"]:
        return "language model, not asked: nothing was read"
    label = (vision_label if asked["sees"] else asked_label)(asked["model"])
    number = f", Release {in_use['release']}" if in_use["folder"] else ""
    why_not = f" ({in_use['why_not']})" if in_use["why_not"] else ""
    return f"{label}{number}{why_not}"


def _question_json(question: Question) -> QuestionJson:
    return {
        "before": question.before,
        "document": question.document,
        "after": question.after,
        "shape": dict(question.shape),
        "pages": [],
    }


def _written(told: WrittenJson) -> Written:
    finish, ends, logprobs = Finish(told["finish"]), tuple(told["ends"]), tuple(told["logprobs"])
    return Written(told["text"], finish, told["seen"], ends, logprobs)
