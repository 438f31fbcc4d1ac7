"""What a server is asked: one page as an image, the words of the task, and what its kind of server takes.

OpenAI's reference (`POST /v1/chat/completions`) has the plain fields. vLLM and SGLang know more: that marks
of places stay in the text, and (vLLM) the guard against loops that DeepSeek-OCR's own programs use. Without
`ngram_size` in `vllm_xargs` that guard does nothing, even where the server was started with it.
"""

import base64
import io
from typing import Literal

from PIL import Image as PillowImage
from pydantic import JsonValue

from recto.documents.page import Page
from recto.engines.vlm.architectures import Architecture
from recto.engines.vlm.tasks import Task, prompt_of
from recto.settings import RemoteSettings

Body = dict[str, JsonValue]

TABLE_CELLS: tuple[int, int] = (128821, 128822)
"""`<td>` and `</td>` in DeepSeek-OCR's tokenizer: what tables repeat by right."""

NGRAM_SIZE, NGRAM_WINDOW = 30, 90
_JPEG_QUALITY = 95


def instruction(architecture: Architecture, task: Task, what: str) -> str:
    """The words of a task without what stands around them: the server's chat template has that."""
    prompt = prompt_of(architecture, task, what)
    return prompt.removeprefix(architecture.before).removesuffix(architecture.after)


def question(page: Page, words: str, model: str, settings: RemoteSettings) -> Body:
    """The body of one request. The image comes first: DeepSeek-OCR reads it only there."""
    image: JsonValue = {"type": "image_url", "image_url": {"url": data_url(page, settings.image_format)}}
    return {
        "model": model,
        "messages": [{"role": "user", "content": [image, {"type": "text", "text": words}]}],
        "max_tokens": settings.max_new_tokens,
        "temperature": settings.temperature,
        **_extras(settings),
    }


def data_url(page: Page, form: Literal["png", "jpeg"]) -> str:
    """The page as a data URL (RFC 2397)."""
    stream = io.BytesIO()
    image = PillowImage.fromarray(page.image)
    if form == "png":
        image.save(
            stream, "PNG", compress_level=1
        )  # pages go to a machine nearby: time matters more than size
    else:
        image.save(stream, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return f"data:image/{form};base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


def _extras(settings: RemoteSettings) -> Body:
    if settings.preset == "plain":
        return {}
    extras: Body = {"skip_special_tokens": False, "logprobs": True}
    if settings.preset == "vllm" and settings.architecture.startswith("deepseek-ocr"):
        allowed = list[JsonValue](TABLE_CELLS)
        extras["vllm_xargs"] = {
            "ngram_size": NGRAM_SIZE, "window_size": NGRAM_WINDOW, "whitelist_token_ids": allowed
        }  # fmt: skip
    return extras
