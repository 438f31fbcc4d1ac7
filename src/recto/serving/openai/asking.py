"""What a client of OpenAI's chat completions may ask: messages whose images and files are to be read.

The fields are those of OpenAI's own reference (`POST /v1/chat/completions`). Fields that steer a language
model (temperature, max_tokens, …) are let through and change nothing, because reading isn't sampling; those
whose promise can't be kept (several choices, tools, a JSON schema) are refused. Nothing is fetched here.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from recto.errors import RequestConflict, RequestRefused
from recto.serving.openai.model_names import DEFAULT, wanted
from recto.serving.routing import RouteRequest
from recto.settings import AgentSettings


class _Part(BaseModel):
    """Other keys than ours are a client's extras: they are let through."""

    model_config = ConfigDict(extra="ignore")


class TextPart(_Part):
    """Words to a model. They are accepted, since clients send them along, and they change nothing."""

    type: Literal["text"]
    text: str


class ImageUrl(_Part):
    """Where an image is: a data URL, or one that this service may fetch."""

    url: str = Field(min_length=1, examples=["data:image/png;base64,iVBORw0KGgo…"])


class ImagePart(_Part):
    """One image."""

    type: Literal["image_url"]
    image_url: ImageUrl


class FileData(_Part):
    """A file as a data URL, an image or a PDF."""

    file_data: str = Field(min_length=1, examples=["data:application/pdf;base64,JVBERi0…"])


class FilePart(_Part):
    """One file."""

    type: Literal["file"]
    file: FileData


Part = Annotated[TextPart | ImagePart | FilePart, Field(discriminator="type")]

MOST = 1000
"""Messages of a chat, and parts of a message. Of a list that is wrong only the first mistake is told: a body
of some megabytes has room for millions of them."""

Parts = Annotated[list[Part], Field(max_length=MOST, fail_fast=True)]


class Message(_Part):
    """One turn of the conversation."""

    role: Literal["developer", "system", "user", "assistant", "tool"]
    content: str | Parts | None = None


class ResponseFormat(_Part):
    """Only plain text is written here."""

    type: str


class ChatRequest(_Part):
    """A chat completion; `agent`, `business` and `category` are ours, and route as in `POST /v1/read`."""

    model: str = Field(max_length=200, examples=["recto"])
    messages: list[Message] = Field(min_length=1, max_length=MOST, fail_fast=True)
    stream: bool = False
    n: int | None = None
    tools: list[JsonValue] | None = Field(default=None, max_length=MOST)
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None
    agent: str | None = Field(default=None, max_length=100)
    business: str | None = Field(default=None, max_length=100)
    category: str | None = Field(default=None, max_length=100)


def documents_of(asked: ChatRequest, *, at_most: int) -> list[str]:
    """The URLs to read: all of the last user message that holds any, so that a chat may go on growing.

    Raises RequestRefused where there is none, there are more than `at_most`, or more is asked than reading.
    """
    _check_promises(asked)
    for message in reversed(asked.messages):
        if message.role == "user" and isinstance(message.content, list):
            urls = [url for part in message.content if (url := _url(part)) is not None]
            if len(urls) > at_most:
                raise RequestRefused(
                    f"one message may hold {at_most} images and files, not {len(urls)}",
                    where="messages",
                    hint="send several requests",
                )
            if urls:
                return urls
    raise RequestRefused(
        "no user message holds an image",
        where="messages",
        hint='add {"type": "image_url", "image_url": {"url": "data:image/png;base64,…"}}: this model reads '
        "documents, it doesn't chat",
    )


def route_of(asked: ChatRequest, agents: Mapping[str, AgentSettings]) -> RouteRequest:
    """Who should read: whom the model's name says, where it names a scope; else what the other fields say.

    Raises RequestConflict where both speak of different scopes, RequestRefused for a name that isn't ours.
    """
    scope = wanted(asked.model).scope
    if scope is None:
        return RouteRequest(asked.agent, asked.business, asked.category)
    agent = agents.get(asked.agent) if asked.agent is not None else None
    for field, other in (("business", asked.business), ("agent", agent.scope if agent else None)):
        if other not in (None, scope):
            raise RequestConflict(
                f"the model {asked.model!r} reads for {scope!r}, the {field} for {other!r}",
                where=field,
                hint=f"leave {field} out, or ask the model {DEFAULT!r}",
            )
    return RouteRequest(asked.agent, scope)  # whatever is known of the category: the model was named


def _url(part: TextPart | ImagePart | FilePart) -> str | None:
    match part:
        case ImagePart():
            return part.image_url.url
        case FilePart():
            return part.file.file_data
        case TextPart():
            return None


def _check_promises(asked: ChatRequest) -> None:
    """Raise RequestRefused for what would be silently missing from the answer."""
    if asked.n not in (None, 1):
        raise RequestRefused("there is one reading of a page", where="n", hint="leave n out")
    if asked.tools:
        raise RequestRefused("this model calls no tools", where="tools", hint="leave tools out")
    if asked.logprobs:
        raise RequestRefused(
            "there are no log probabilities of tokens",
            where="logprobs",
            hint="POST /v1/read gives the confidence of each line",
        )
    if asked.response_format is not None and asked.response_format.type != "text":
        raise RequestRefused(
            f"the answer can't be {asked.response_format.type!r}",
            where="response_format",
            hint="POST /v1/read answers in JSON, with lines and boxes",
        )
