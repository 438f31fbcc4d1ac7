"""THE preprocessing: a page and a prompt into a model's inputs, for reading and for training alike.

Nothing else makes pixels or prompt tokens, so that what a model is taught on is, bit for bit, what it reads.
Pixels stay in float32 until a batch goes to its device. Several prepared pages become a batch by padding: on
the left for generating (all answers begin at the same place), on the right with labels for training.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image as PillowImage

from recto.documents.page import Image
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.modes import Mode
from recto.engines.vlm.packages import torch
from recto.engines.vlm.version_one import gathered
from recto.errors import EngineError

Input = torch.Tensor | list[tuple[torch.Tensor, torch.Tensor]]
"""What a model takes: a tensor, or for version 1 of DeepSeek-OCR a list of pairs (tiles, whole page)."""

IGNORED = -100
"""The label of a token that isn't learnt: prompt, picture and padding."""


@dataclass(frozen=True, eq=False, slots=True)
class Prepared:
    """One page, ready for the model.

    `input_ids` (one dimension) is the prompt with as many image tokens as the picture takes. `pixels` are the
    processor's tensors, whose first dimension counts views, tiles or patches, never pages, or is 1.
    `size` is width and height of the page in pixels. A prompt without a picture has no `mode`, and no size.
    """

    input_ids: torch.Tensor
    pixels: Mapping[str, torch.Tensor]
    mode: Mode | None
    size: tuple[int, int]

    @property
    def prompt_tokens(self) -> int:
        """Tokens before the answer."""
        return int(self.input_ids.numel())


@dataclass(frozen=True, eq=False, slots=True)
class Batch:
    """Pages side by side. `inputs` is all that the model is called with: `model(**batch.inputs)`.

    `labels` has the shape of `input_ids` and is IGNORED outside answers; it is no part of `inputs`, since
    training takes the loss over answers only and not the model's own.
    """

    inputs: dict[str, Input] = field(repr=False)
    labels: torch.Tensor | None = field(default=None, repr=False)

    @property
    def input_ids(self) -> torch.Tensor:
        """Pages × tokens."""
        return _tensor(self.inputs["input_ids"])

    @property
    def attention_mask(self) -> torch.Tensor:
        """Pages × tokens: 1, and 0 for padding."""
        return _tensor(self.inputs["attention_mask"])

    @property
    def answer_tokens(self) -> int:
        """Tokens that are learnt from."""
        return 0 if self.labels is None else int((self.labels != IGNORED).sum())

    def to(self, device: str | torch.device, dtype: torch.dtype) -> "Batch":
        """The batch on `device`, with pixels as `dtype`; whole numbers stay what they are."""
        moved = {name: _moved(value, device, dtype) for name, value in self.inputs.items()}
        return Batch(moved, None if self.labels is None else self.labels.to(device, non_blocking=True))


def prepare(loaded: Loaded, image: Image, prompt: str, mode: str = "") -> Prepared:
    """The page `image` with `prompt` (from `tasks.prompt_of`) in the mode called `mode`, "" for the default.

    Raises EngineError for a mode that the architecture hasn't, and for a prompt without exactly one image.
    """
    chosen = loaded.architecture.mode(mode)
    height, width = image.shape[:2]
    pixels = loaded.processor(PillowImage.fromarray(image), chosen.options)
    ids = prompt_ids(loaded, prompt, chosen.prompt_tokens(width, height))
    return Prepared(ids, pixels, chosen, (width, height))


def without_picture(tokens: Sequence[int]) -> Prepared:
    """A prompt that is text alone, from its tokens."""
    return Prepared(torch.tensor(tokens, dtype=torch.long), {}, None, (0, 0))


def prompt_ids(loaded: Loaded, prompt: str, image_tokens: int) -> torch.Tensor:
    """The tokens of `prompt`, its one image token repeated `image_tokens` times."""
    tokenizer, architecture = loaded.tokenizer, loaded.architecture
    ids = _encoded(loaded, prompt)
    image = _image_id(loaded)
    if ids.count(image) != 1:
        raise EngineError(
            f"the prompt has {ids.count(image)} images instead of one: {prompt!r}",
            hint="recto.engines.vlm.tasks.framed puts an instruction into the model's own frame",
        )
    at = ids.index(image)
    opening = [tokenizer.bos_token_id] if architecture.opens else []
    return torch.tensor([*opening, *ids[:at], *[image] * image_tokens, *ids[at + 1 :]], dtype=torch.long)


def answer_ids(loaded: Loaded, text: str) -> torch.Tensor:
    """The tokens of an answer as the model is to write it, its end included.

    Marks of the model's own language in `text` (`<|ref|>`, `<td>`) become its tokens: so it writes them.
    Those that steer it (image, beginning and end of text) become plain letters: a page may well show them.
    """
    ids = [token for piece in _plain(loaded, text) for token in _encoded(loaded, piece)]
    return torch.tensor([*ids, end_id(loaded)], dtype=torch.long)


def end_id(loaded: Loaded) -> int:
    """The token that closes an answer."""
    if not loaded.architecture.end:
        return int(loaded.tokenizer.eos_token_id)
    return int(loaded.tokenizer.convert_tokens_to_ids(loaded.architecture.end))


def pad_id(loaded: Loaded) -> int:
    """The token that fills up a batch; that of the end where the tokenizer has none."""
    found = loaded.tokenizer.pad_token_id
    return end_id(loaded) if found is None else int(found)


def gather(
    items: Sequence[Prepared],
    answers: Sequence[torch.Tensor] | None = None,
    *,
    pad: Literal["left", "right"],
    loaded: Loaded,
) -> Batch:
    """One batch of `items`, each followed by its answer (from `answer_ids`) where there are `answers`.

    Left is for generating, right for training; labels are there only with answers. The batch is on the CPU.
    """
    rows = [item.input_ids for item in items]
    labels = None
    if answers is not None:
        pairs = list(zip(rows, answers, strict=True))
        labels = _padded([torch.cat([torch.full_like(p, IGNORED), a]) for p, a in pairs], IGNORED, pad)
        rows = [torch.cat(pair) for pair in pairs]
    ids = _padded(rows, pad_id(loaded), pad)
    mask = _padded([torch.ones_like(row) for row in rows], 0, pad)
    inputs: dict[str, Input] = {"input_ids": ids, "attention_mask": mask}
    if loaded.architecture.needs_remote_code:
        return Batch(
            {**inputs, **gathered([item.pixels for item in items], ids == _image_id(loaded))}, labels
        )
    if loaded.architecture.marks_images:
        inputs["mm_token_type_ids"] = (ids == _image_id(loaded)).int()
    return Batch({**inputs, **_joined(items)}, labels)


def _encoded(loaded: Loaded, text: str) -> list[int]:
    return list(loaded.tokenizer.encode(text, add_special_tokens=False))


def _plain(loaded: Loaded, text: str) -> list[str]:
    """`text`, cut after the first letter of every steering token, so that no piece holds one."""
    tokenizer = loaded.tokenizer
    ends = (loaded.architecture.image_token, loaded.architecture.end)
    steering = {*ends, tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token} - {None}
    cuts = "|".join(f"(?<={re.escape(token[0])})(?={re.escape(token[1:])})" for token in sorted(steering))
    return re.split(cuts, text)


def _joined(items: Sequence[Prepared]) -> dict[str, torch.Tensor]:
    """Pixels of all pages one after the other; a page without tiles has none to add."""
    names = dict.fromkeys(name for item in items for name in item.pixels)
    return {name: torch.cat([item.pixels[name] for item in items if name in item.pixels]) for name in names}


def _padded(rows: Sequence[torch.Tensor], value: int, side: Literal["left", "right"]) -> torch.Tensor:
    return torch.nn.utils.rnn.pad_sequence(
        list(rows), batch_first=True, padding_value=value, padding_side=side
    )


def _image_id(loaded: Loaded) -> int:
    return int(loaded.tokenizer.convert_tokens_to_ids(loaded.architecture.image_token))


def _tensor(value: Input) -> torch.Tensor:
    assert isinstance(value, torch.Tensor)
    return value


def _moved(value: Input, device: str | torch.device, dtype: torch.dtype) -> Input:
    if isinstance(value, list):
        return [(tiles.to(device, dtype), whole.to(device, dtype)) for tiles, whole in value]
    wanted = dtype if value.is_floating_point() else value.dtype
    return value.to(device, wanted, non_blocking=True)
