"""Frames: the tokens of a question in the words that a model's chat template puts around one.

Whatever a document says, its text becomes plain letters: no token that steers the model (a change of turns,
the end) can come from it. Of a reasoning model the thinking is closed before it begins: the answer starts
with the JSON.
"""

from dataclasses import dataclass, field

from recto.engines.text.writing import Question
from recto.engines.vlm.packages import transformers
from recto.errors import EngineError, QuestionRefused

_HERE = "RECTO QUESTION HERE"
_MOST_CHARACTERS = 64
"""No document of more characters per token is looked at: its end could never be seen."""
_THINKS = "<think>"
_DATE = "26 Jul 2024"
"""What Llama's template takes for today where nobody says: a prompt is the same every day."""


@dataclass(frozen=True, slots=True)
class Framed:
    """The tokens of a prompt, and how many characters of the document are in it."""

    tokens: tuple[int, ...] = field(repr=False)
    seen: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a question, as tokens."""

    tokenizer: transformers.PreTrainedTokenizerBase
    before: tuple[int, ...]
    after: tuple[int, ...]

    def of(self, question: Question, room: int) -> Framed:
        """The question in at most `room` tokens, the end of the document left away where it must be.

        Raises QuestionRefused where not even the question itself has room.
        """
        head = (*self.before, *plain_tokens(self.tokenizer, question.before))
        tail = (*plain_tokens(self.tokenizer, question.after), *self.after)
        left = room - len(head) - len(tail)
        if left < 1:
            raise QuestionRefused(
                f"the question alone takes {len(head) + len(tail)} tokens of {room}",
                where=question.where or None,
                hint="[text] max_prompt_tokens, or a smaller schema",
            )
        document = question.document[: left * _MOST_CHARACTERS]
        found = self.tokenizer(
            document, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True,
            verbose=False,
        )  # fmt: skip
        ids, places = found["input_ids"], found["offset_mapping"]
        seen = len(question.document) if len(ids) <= left and document == question.document else len(document)
        if len(ids) > left:
            seen = places[left][0]
        return Framed((*head, *ids[:left], *tail), seen)


def frame_of(tokenizer: transformers.PreTrainedTokenizerBase) -> Frame:
    """The frame of the tokenizer's chat template; without one a question stands alone.

    Raises EngineError for a template that loses the question.
    """
    if not tokenizer.chat_template:
        begin = () if tokenizer.bos_token_id is None else (int(tokenizer.bos_token_id),)
        return Frame(tokenizer, begin, ())
    shown = tokenizer.apply_chat_template(
        [{"role": "user", "content": _HERE}],
        tokenize=False,
        add_generation_prompt=True,
        enable_thinking=False,
        date_string=_DATE,
    )
    before, here, after = shown.partition(_HERE)
    if not here:
        raise EngineError("the chat template of these weights leaves the question away")
    if after.rstrip().endswith(_THINKS):
        after = f"{after.rstrip()}\n\n</think>\n\n"
    return Frame(tokenizer, _tokens(tokenizer, before), _tokens(tokenizer, after))


def plain_tokens(tokenizer: transformers.PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """The tokens of a text, none of which steers the model, whatever the text says."""
    found = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
    return tuple(found["input_ids"])


def _tokens(tokenizer: transformers.PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    return tuple(tokenizer.encode(text, add_special_tokens=False))
