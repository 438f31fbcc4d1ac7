"""RemoteWriter: a language model in a server, asked for JSON of a shape (OpenAI's `response_format`).

vLLM, SGLang and OpenAI's own servers keep to the shape while they write. What comes back is taken for an
answer all the same, whatever it is: whoever asked looks closely.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from pydantic import JsonValue

from recto.documents.transcript import Finish
from recto.engines.remote.answering import Completion
from recto.engines.remote.asking import Body
from recto.engines.remote.server import Server, only_model
from recto.engines.text.writing import Question, Written
from recto.settings import RemoteSettings

MOST_CHARACTERS = 100_000
"""Of a longer document the rest isn't sent; what a server has room for, it says itself."""

_NOT_OPENAIS = ("minLength", "maxLength")
"""What OpenAI's own servers refuse in a schema."""


class RemoteWriter:
    """A Writer: the model that `settings.model` names, on `server`. One request for each question."""

    def __init__(self, server: Server, settings: RemoteSettings) -> None:
        """Raises EngineError where no model is named and the server has several, or can't be asked."""
        self._server, self._settings = server, settings
        self._model = settings.model or only_model(server)
        self.label = f"remote {self._model}"

    def write(self, questions: Sequence[Question]) -> list[Written]:
        """One answer per question, one after the other. Raises EngineError."""
        return [self._written(question) for question in questions]

    def _written(self, question: Question) -> Written:
        shown = question.document[:MOST_CHARACTERS]
        completion = self._server.complete(self._body(question, shown), where=question.where)
        finish = Finish.TRUNCATED if completion.was_cut else Finish.COMPLETE
        ends, logprobs = _tokens(completion)
        return Written(completion.text, finish, len(shown), ends, logprobs)

    def _body(self, question: Question, shown: str) -> Body:
        plain = self._settings.preset == "plain"
        shape = _without(dict(question.shape), _NOT_OPENAIS) if plain else dict(question.shape)
        wanted: JsonValue = {"name": "answer", "schema": shape, "strict": True}
        words = f"{question.before}{shown}{question.after}"
        return {
            "model": self._model,
            "messages": [{"role": "user", "content": words}],
            "max_tokens": self._settings.max_new_tokens,
            "temperature": self._settings.temperature,
            "logprobs": True,
            "response_format": {"type": "json_schema", "json_schema": wanted},
        }


def _tokens(completion: Completion) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Where in the text each token ends, and its log-probability; none where they don't make up the text."""
    raw = [bytes(one.bytes) if one.bytes is not None else one.token.encode() for one in completion.tokens]
    text = completion.text
    offset = b"".join(raw).find(text.encode()) if raw and text else -1
    if offset < 0:
        return (), ()
    starts = list(accumulate(len(character.encode()) for character in text))
    ends = (end - offset for end in accumulate(map(len, raw)))
    return tuple(bisect_right(starts, end) for end in ends), tuple(one.logprob for one in completion.tokens)


def _without(value: JsonValue | Mapping[str, JsonValue], names: Sequence[str]) -> JsonValue:
    """The same schema without these keywords, wherever they stand."""
    if isinstance(value, Mapping):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(one, names) for one in value] if isinstance(value, list) else value
