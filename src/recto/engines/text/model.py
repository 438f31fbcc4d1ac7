"""TextModel: a language model on this machine that answers questions about documents in JSON.

Several may share one base, each with an adapter of its own; whoever writes waits for its turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recto.engines.model_folder import open_model
from recto.engines.model_store import StoredModel, find_model
from recto.engines.text.answering import Answering
from recto.engines.text.constraint import Grammars
from recto.engines.text.frames import Frame, Framed, frame_of
from recto.engines.text.generating import Bounds, Prompt, room_of
from recto.engines.text.writing import Question, Written
from recto.engines.vlm.adapters import Adapter, SharedWeights, shared_base
from recto.engines.vlm.device import choose
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.opening import base_of, bits_for, full_weights, vlm_card
from recto.engines.vlm.preparing import end_id, without_picture
from recto.errors import EngineError
from recto.settings import TextSettings

ENGINE = "text"
"""The engine of model folders that hold language models of text."""
_LESS_MEMORY = '[text] bits = 4, a smaller max_prompt_tokens, or device = "cpu"'


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """What a model's prompts and answers are made with."""

    frame: Frame
    grammars: Grammars

    def prompt(self, question: Question, room: int) -> Prompt:
        """The question in at most `room` tokens. Raises EngineError."""
        framed: Framed = self.frame.of(question, room)
        return Prompt(without_picture(framed.tokens), self.grammars.matcher(question.shape), framed.seen)


def tools_of(loaded: Loaded) -> Tools:
    """The tools for a loaded model. Raises EngineError for one whose tokenizer won't do."""
    width = int(loaded.model.config.get_text_config(decoder=True).vocab_size)
    return Tools(frame_of(loaded.tokenizer), Grammars(loaded.tokenizer, end_id(loaded), width))


class TextModel:
    """A Writer: `base` with `adapter` (None: as it is), asked as the settings say."""

    def __init__(
        self, base: SharedWeights, adapter: Adapter | None, settings: TextSettings, label: str
    ) -> None:
        self._tools = tools_of(base.loaded)
        positions, answer = room_of(base.loaded), settings.max_new_tokens
        self._room = min(settings.max_prompt_tokens, positions - min(answer, positions // 2))
        bounds = Bounds(answer, settings.timeout_s)
        self._answering = Answering(
            base, adapter, self._tools.grammars, bounds, settings.batch_documents, _LESS_MEMORY
        )
        self.label = label

    def write(self, questions: Sequence[Question]) -> list[Written]:
        """One answer per question, those of like length together. Raises EngineError."""
        return self._answering.write([self._tools.prompt(one, self._room) for one in questions])


def open_text(model: Path | None, settings: TextSettings) -> TextModel:
    """The language model in the model folder `model`, or the one that the settings name.

    Raises ModelNotFound (with the command that gets it), ModelFolderError, EngineError, MissingPackage.
    """
    if model is None:
        source = find_model(settings.model)
        return TextModel(_base(source, settings, bits_for(settings)), None, settings, source.name)
    folder = open_model(model, engine=ENGINE)
    card = vlm_card(folder)
    bits = bits_for(settings, card)
    label = f"{folder.label}{f' on {bits} bits' if bits != card.bits else ''}"
    if card.kind == "full":
        whole = full_weights(folder, settings.model)
        return TextModel(_base(whole, settings, bits), None, settings, label)
    base = _base(base_of(folder.card, settings.model), settings, bits)
    return TextModel(base, base.attach(folder), settings, label)


def _base(source: StoredModel, settings: TextSettings, bits: int) -> SharedWeights:
    base = shared_base(source, choose(settings), bits=bits)
    if base.loaded.architecture.sees:
        raise EngineError(
            f"{source.name} ({source.architecture}) reads pages: it isn't a language model of text",
            where="[text] model",
            hint="recto models list shows what is here; recto models pull qwen3-1.7b",
        )
    return base
