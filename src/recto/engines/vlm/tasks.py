"""Tasks: what a vision-language model is asked to do with a page, and the prompt that asks for it.

DeepSeek-OCR was trained on six fixed prompts, word for word; other words read worse. Qwen-VL understands
plain instructions, here put into its chat frame. A prompt is the whole text before the answer, with one image
token; how many places that one takes is a matter of the mode.
"""

from enum import StrEnum
from types import MappingProxyType

from recto.engines.vlm.architectures import Architecture
from recto.errors import EngineError


class Task(StrEnum):
    """What is asked for; `locate` needs to know what."""

    MARKDOWN = "markdown"
    OCR = "ocr"
    TEXT = "text"
    FIGURE = "figure"
    DESCRIBE = "describe"
    LOCATE = "locate"


_DEEPSEEK = MappingProxyType(
    {
        Task.MARKDOWN: "<|grounding|>Convert the document to markdown.",
        Task.OCR: "<|grounding|>OCR this image.",
        Task.TEXT: "Free OCR.",
        Task.FIGURE: "Parse the figure.",
        Task.DESCRIBE: "Describe this image in detail.",
        Task.LOCATE: "Locate <|ref|>{what}<|/ref|> in the image.",
    }
)
_PLAIN = MappingProxyType(
    {
        Task.MARKDOWN: "Convert the document in this image to Markdown. Answer with the Markdown only.",
        Task.OCR: "Read all text in this image, line by line. Answer with the text only.",
        Task.TEXT: "Read all text in this image. Answer with the text only.",
        Task.FIGURE: "Convert the figure in this image to a Markdown table. Answer with the table only.",
        Task.DESCRIBE: "Describe this image in detail.",
        Task.LOCATE: "Where in this image is {what}? Answer with its box in pixels as JSON.",
    }
)
_WITH_BOXES = frozenset({Task.MARKDOWN, Task.OCR, Task.LOCATE})


def task_named(name: str) -> Task:
    """The task called `name`. Raises EngineError that names those that exist."""
    try:
        return Task(name)
    except ValueError:
        raise EngineError(f"no task is called {name!r}", hint=f"tasks: {', '.join(Task)}") from None


def is_grounded(architecture: Architecture, task: Task) -> bool:
    """Whether the answer carries boxes in marks (`<|ref|>…<|det|>…`) that recto understands."""
    return architecture.grounds and task in _WITH_BOXES


def prompt_of(architecture: Architecture, task: Task, what: str = "") -> str:
    """The whole prompt of a task. `what` is the thing to locate, and belongs to that task only.

    Raises EngineError where it is missing, superfluous, or holds marks of the model's own language.
    """
    if bool(what.strip()) != (task is Task.LOCATE):
        raise EngineError(
            f"the task {task} needs to know what"
            if task is Task.LOCATE
            else f"the task {task} looks for nothing",
            hint='task locate, what "the total"'
            if task is Task.LOCATE
            else "only the task locate has a `what`",
        )
    if "<|" in what or architecture.image_token in what:
        raise EngineError(f"{what!r} holds a mark of the model's own", hint="say it in plain words")
    words = _DEEPSEEK if architecture.grounds else _PLAIN
    return framed(architecture, words[task].format(what=what.strip()) if what else words[task])


def framed(architecture: Architecture, instruction: str) -> str:
    """`instruction` in the words that stand around it in this architecture, image token included."""
    return f"{architecture.before}{instruction}{architecture.after}"
