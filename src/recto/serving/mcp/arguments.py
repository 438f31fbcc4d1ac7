"""What calls of the tools take: who should read, and for those of a document, where its bytes are."""

from abc import ABC, abstractmethod

from mcp_types import CallToolResult
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recto.errors import RequestRefused
from recto.serving.inline import decoded
from recto.serving.mcp.call import Call
from recto.serving.mcp.folders import Folders
from recto.serving.mistakes import fields_of
from recto.serving.routing import RouteRequest
from recto.serving.service import Upload


class Arguments(BaseModel, ABC):
    """What any call takes; each tool has its own kind, which knows how it is answered."""

    model_config = ConfigDict(extra="forbid")
    agent: str | None = Field(default=None, max_length=100, description="an agent profile of the service")
    business: str | None = Field(default=None, max_length=100, description="business type of the document")
    category: str | None = Field(default=None, max_length=100, description="receipt, invoice, contract, …")

    @property
    def route(self) -> RouteRequest:
        """Who should read."""
        return RouteRequest(agent=self.agent, business=self.business, category=self.category)

    @abstractmethod
    async def answer(self, call: Call, folders: Folders) -> CallToolResult:
        """What the call comes to. Raises RectoErrors."""


class DocumentArguments(Arguments):
    """The bytes of a file."""

    content: str | None = Field(default=None, description="the file's bytes in base64: an image or a PDF")
    name: str = Field(default="upload", max_length=200, description="what the answer calls the document")

    @property
    def has_document(self) -> bool:
        """Whether there is a file at all."""
        return self.content is not None

    def upload(self, folders: Folders) -> Upload:
        """The document; it may be large. Raises RequestRefused for none, or for what isn't base64."""
        if self.content is None:
            raise RequestRefused("the document is missing", hint="give its bytes as content, in base64")
        try:
            return Upload(decoded(self.content), self.name)
        except ValueError:
            raise RequestRefused("content isn't base64", hint="encode the bytes, without line ends") from None


class LocalArguments(DocumentArguments):
    """On the user's own machine, where he allowed a folder: also a path."""

    path: str | None = Field(default=None, max_length=4096, description="the file's path, instead of content")

    @property
    def has_document(self) -> bool:
        """Whether there is a file, by either way."""
        return self.path is not None or self.content is not None

    def upload(self, folders: Folders) -> Upload:
        """The document, by one of both ways. Raises RequestRefused, DocumentNotFound."""
        if self.path is None:
            return super().upload(folders)
        if self.content is not None:
            raise RequestRefused("content and path are two documents", hint="give one of them")
        found = folders.file(self.path)
        return Upload(found, found.name)


def mistakes(error: ValidationError) -> str:
    """The first wrong arguments, without what was sent: it may be a whole document."""
    told = fields_of(error.errors(include_input=False, include_url=False))
    return "\n".join(f"{one['field'] or 'arguments'}: {one['detail']}" for one in told)
