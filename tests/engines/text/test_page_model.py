import json
from pathlib import Path

import jsonschema
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Finish
from recto.engines.model_store import StoredModel, find_model
from recto.engines.text.page_model import PageModel, open_page_model
from recto.engines.text.writing import PageQuestion
from recto.errors import EngineError
from recto.settings import VlmSettings

from ...tiny import page_image, text_weights, tiny_base, tiny_weights  # noqa: F401
from ..vlm.tiny_qwen import build_qwen
from .shapes import SHAPE

WORDS = "Find the total and the kind. Answer with JSON."


def settings_of(weights: StoredModel, **more: object) -> VlmSettings:
    told = {"model": str(weights.path), "device": "cpu", "max_new_tokens": 40, "batch_pages": 3}
    return VlmSettings.model_validate(told | more)


def asked(text: str, width: int = 400, height: int = 300) -> PageQuestion:
    return PageQuestion(Page("a.png", 1, page_image(text, width, height)), WORDS, SHAPE)


@pytest.fixture(scope="module", params=["deepseek-ocr-2", "qwen2.5-vl", "qwen3-vl"])
def model(
    request: pytest.FixtureRequest,
    tiny_weights: StoredModel,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> PageModel:
    """The tiny models of all architectures that need no program of their own."""
    if request.param == "deepseek-ocr-2":
        return open_page_model(None, settings_of(tiny_weights))
    folder = build_qwen(tmp_path_factory.mktemp("qwen") / "weights", request.param)
    return open_page_model(None, settings_of(find_model(str(folder)), mode="tiny"))


def test_random_weights_write_json_of_the_shape_about_pages_in_a_batch_as_alone(model: PageModel) -> None:
    questions = [asked("A"), asked("TOTAL 9.99", 500, 420), asked("Receipt No. 4711", 300, 500)]
    together = model.write_about(questions)
    for question, written in zip(questions, together, strict=True):
        assert written.finish is Finish.COMPLETE
        jsonschema.validate(json.loads(written.text), SHAPE)
        assert written.ends[-1] == len(written.text) and max(written.logprobs) <= 0
        (alone,) = model.write_about([question])
        assert alone.text == written.text
        assert alone.logprobs == pytest.approx(written.logprobs, abs=1e-4)


def test_the_page_is_seen(tiny_weights: StoredModel) -> None:  # noqa: F811
    model = open_page_model(None, settings_of(tiny_weights))
    one, other = model.write_about([asked("A"), asked("TOTAL 18.99 EUR", 900, 200)])
    assert one.logprobs != pytest.approx(other.logprobs, abs=1e-6)


def test_a_long_answer_is_cut_and_says_so(tiny_weights: StoredModel) -> None:  # noqa: F811
    model = open_page_model(None, settings_of(tiny_weights, max_new_tokens=3))
    (written,) = model.write_about([asked("TOTAL 9.99")])
    assert written.finish is Finish.TRUNCATED and len(written.logprobs) == 3


def test_a_model_of_text_sees_nothing(text_weights: StoredModel, tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(EngineError, match="sees no pages"):
        open_page_model(None, settings_of(text_weights))
