"""What the tool read_document takes, and what it makes of that. Nothing is read here."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recto.errors import RequestRefused
from recto.serving.inline import decoded
from recto.serving.mcp.folders import Folders
from recto.serving.mistakes import fields_of
from recto.serving.routing import RouteRequest
from recto.serving.service import Upload
from recto.settings.serving import Output


class Arguments(BaseModel):
    """The bytes of a file, and who should read it."""

    model_config = ConfigDict(extra="forbid", title="read_document")
    content: str | None = Field(default=None, description="the file's bytes in base64: an image or a PDF")
    name: str = Field(default="upload", max_length=200, description="what the answer calls the file")
    agent: str | None = Field(default=None, max_length=100, description="an agent profile of the service")
    business: str | None = Field(default=None, max_length=100, description="business type of the document")
    category: str | None = Field(default=None, max_length=100, description="receipt, invoice, contract, …")
    output: Output = Field(
        default="text", description="text, markdown, or pages: all lines with boxes and confidences"
    )

    @property
    def route(self) -> RouteRequest:
        """Who should read."""
        return RouteRequest(agent=self.agent, business=self.business, category=self.category)

    def upload(self, folders: Folders) -> Upload:
        """The document. Raises RequestRefused for none, or for what isn't base64."""
        if self.content is None:
            raise RequestRefused("the document is missing", hint="give its bytes as content, in base64")
        try:
            return Upload(decoded(self.content), self.name)
        except ValueError:
            raise RequestRefused("content isn't base64", hint="encode the bytes, without line ends") from None


class LocalArguments(Arguments):
    """On the user's own machine, where he allowed a folder: also a path."""

    path: str | None = Field(default=None, max_length=4096, description="the file's path, instead of content")

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
