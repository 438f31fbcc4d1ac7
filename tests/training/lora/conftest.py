"""Single printed lines as pages, and the tiny model as what learns."""

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from recto.datasets.example import Example
from recto.engines.model_store import StoredModel
from recto.engines.vlm.device import choose
from recto.engines.vlm.loading import Loaded
from recto.settings import VlmSettings
from recto.training.lora import peft_backend
from recto.training.lora.pupil import Pupil
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.samples import Samples
from recto.training.progress import Silent

from ...tiny import tiny_base, tiny_weights  # noqa: F401

Make = Callable[[VlmRecipe], Pupil]


def line_text(rng: random.Random) -> str:
    price = f"{rng.randint(1, 99)}.{rng.randint(10, 99)}"
    return f"Item {rng.randint(100, 999)} x {rng.randint(1, 9)}  {price} EUR"


def line_page(text: str, width: int = 600) -> bytes:
    picture = Image.new("RGB", (width, 60), "white")
    ImageDraw.Draw(picture).text((10, 15), text, fill="black", font=ImageFont.load_default(28))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def line_examples(count: int, seed: int = 0, width: int = 600) -> list[Example]:
    rng = random.Random(seed)
    texts = [line_text(rng) for _ in range(count)]
    return [Example(f"line_{n}.png", line_page(text, width), text, "receipt") for n, text in enumerate(texts)]


def write_lines(root: Path, counts: dict[str, int], seed: int = 0) -> Path:
    """A dataset of single lines; each split has the same ones, on paper of another width."""
    rows = []
    for number, (split, count) in enumerate(counts.items()):
        (root / split).mkdir(parents=True, exist_ok=True)
        for example in line_examples(count, seed, 600 + number):
            assert isinstance(example.source, bytes)
            (root / split / example.image).write_bytes(example.source)
            name = f"{split}/{example.image}"
            rows.append({"image": name, "text": example.text, "category": "receipt", "split": split})
    (root / "annotations.json").write_text(json.dumps(rows))
    return root


def recipe_of(**changed: object) -> VlmRecipe:
    small: dict[str, object] = {
        "preset": "language", "rank": 8, "alpha": 8, "dropout": 0.1, "batch_pages": 2, "accumulation": 1,
        "epochs": 2, "learning_rate": 5e-3, "max_new_tokens": 8, "checkpoint_every_steps": 0, "trackers": (),
    }  # fmt: skip
    return VlmRecipe.model_validate(small | changed)


@pytest.fixture(scope="session")
def pages(tiny_base: Loaded) -> Samples:  # noqa: F811
    """Four pages that were seen once; they serve every pupil whose vision layers don't learn."""
    made = Samples(tiny_base, line_examples(4), recipe_of())
    made.study(Silent())
    return made


def seen_by(pupil: Pupil, recipe: VlmRecipe) -> Samples:
    """Pages as a pupil of other numbers than `pages` sees them."""
    made = Samples(pupil.loaded, line_examples(4), recipe)
    made.study(Silent())
    return made


@pytest.fixture
def make_pupil(tiny_weights: StoredModel) -> Make:  # noqa: F811
    """A tiny model of its own, with what learns by a recipe."""

    def make(recipe: VlmRecipe) -> Pupil:
        placement = choose(VlmSettings(device="cpu", dtype=recipe.dtype))
        loaded = peft_backend.load(tiny_weights, placement, recipe)
        return peft_backend.make_pupil(loaded, recipe, "for a test")

    return make
