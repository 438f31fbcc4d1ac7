"""The six prompts, word for word, and what may stand in them."""

import pytest

from recto.engines.vlm.architectures import ARCHITECTURES
from recto.engines.vlm.tasks import Task, is_grounded, prompt_of, task_named
from recto.errors import EngineError

DEEPSEEK = {
    "markdown": "<image>\n<|grounding|>Convert the document to markdown.",
    "ocr": "<image>\n<|grounding|>OCR this image.",
    "text": "<image>\nFree OCR.",
    "figure": "<image>\nParse the figure.",
    "describe": "<image>\nDescribe this image in detail.",
    "locate": "<image>\nLocate <|ref|>the total<|/ref|> in the image.",
}


@pytest.mark.parametrize("version", ["deepseek-ocr", "deepseek-ocr-2"])
@pytest.mark.parametrize("name", DEEPSEEK)
def test_deepseek_is_asked_in_the_words_that_it_learnt(version: str, name: str) -> None:
    task = task_named(name)
    what = "the total" if task is Task.LOCATE else ""
    assert prompt_of(ARCHITECTURES[version], task, what) == DEEPSEEK[name]


@pytest.mark.parametrize("name", ["qwen2.5-vl", "qwen3-vl"])
@pytest.mark.parametrize("task", Task)
def test_qwen_is_asked_within_its_chat_frame(name: str, task: Task) -> None:
    prompt = prompt_of(ARCHITECTURES[name], task, "the {total}" if task is Task.LOCATE else "")
    assert prompt.count("<|image_pad|>") == 1
    assert prompt.endswith("<|im_end|>\n<|im_start|>assistant\n")
    assert ("the {total}" in prompt) == (task is Task.LOCATE)
    assert prompt.startswith("<|im_start|>" + ("user" if name == "qwen3-vl" else "system"))


def test_only_answers_with_marks_are_grounded() -> None:
    deepseek, qwen = ARCHITECTURES["deepseek-ocr-2"], ARCHITECTURES["qwen3-vl"]
    assert {task for task in Task if is_grounded(deepseek, task)} == {Task.MARKDOWN, Task.OCR, Task.LOCATE}
    assert not any(is_grounded(qwen, task) for task in Task)


@pytest.mark.parametrize(
    ("task", "what", "words"),
    [
        (Task.LOCATE, "", "needs to know what"),
        (Task.LOCATE, "  ", "needs to know what"),
        (Task.TEXT, "the total", "looks for nothing"),
        (Task.LOCATE, "<|/ref|> and all else", "a mark of the model's own"),
        (Task.LOCATE, "an <image>", "a mark of the model's own"),
    ],
)
def test_what_belongs_to_locate_alone(task: Task, what: str, words: str) -> None:
    with pytest.raises(EngineError, match=words):
        prompt_of(ARCHITECTURES["deepseek-ocr-2"], task, what)


def test_an_unknown_task_names_the_others() -> None:
    with pytest.raises(EngineError, match="'translate'") as caught:
        task_named("translate")
    assert "markdown, ocr, text" in caught.value.hint
