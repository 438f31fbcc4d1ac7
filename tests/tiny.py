"""ONE tiny model for all tests of vision-language models, one of text: built once, never changed.

A conftest that wants it imports the fixtures: `from ..tiny import tiny_base, tiny_weights  # noqa: F401`.
"""

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw

from recto.documents.page import Image
from recto.engines.model_store import StoredModel, find_model
from recto.engines.text.tiny import build_tiny_text
from recto.engines.vlm.device import choose
from recto.engines.vlm.loading import Loaded, load_base
from recto.engines.vlm.tiny import build_tiny
from recto.settings import TextSettings, VlmSettings


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    """Base weights of the tiny model, in a folder of their own."""
    return find_model(str(build_tiny(tmp_path_factory.mktemp("weights") / "tiny")))


@pytest.fixture(scope="session")
def tiny_base(tiny_weights: StoredModel) -> Loaded:
    """The tiny model in memory. Don't train it: load another one from `tiny_weights` for that."""
    return load_base(tiny_weights, choose(VlmSettings(device="cpu")))


def page_image(text: str = "TOTAL 18.99", width: int = 400, height: int = 300) -> Image:
    """White, with one line of text."""
    picture = PillowImage.new("RGB", (width, height), "white")
    ImageDraw.Draw(picture).text((20, 20), text, fill="black")
    return np.asarray(picture, dtype=np.uint8)


@pytest.fixture(scope="session")
def text_weights(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    """Base weights of the tiny language model of text, in a folder of their own."""
    return find_model(str(build_tiny_text(tmp_path_factory.mktemp("weights") / "tiny-text")))


@pytest.fixture(scope="session")
def text_base(text_weights: StoredModel) -> Loaded:
    """That model in memory. Don't train it: load another one from `text_weights` for that."""
    return load_base(text_weights, choose(TextSettings(device="cpu")))
