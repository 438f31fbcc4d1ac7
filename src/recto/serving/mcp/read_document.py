"""The tool read_document: the text of a file."""

from asyncio import to_thread

from mcp_types import CallToolResult, TextContent
from pydantic import Field

from recto.serving.mcp.arguments import DocumentArguments, LocalArguments
from recto.serving.mcp.call import Call
from recto.serving.mcp.folders import Folders
from recto.serving.mcp.tool import Tool
from recto.settings.serving import Output


class ReadArguments(DocumentArguments):
    """A file, and how its text is wanted."""

    output: Output = Field(
        default="text", description="text, markdown, or pages: all lines with boxes and confidences"
    )

    async def answer(self, call: Call, folders: Folders) -> CallToolResult:
        """The text; the structured content is that of POST /v1/read. Raises what `Service.read` raises."""
        upload = await to_thread(self.upload, folders)
        answer = await call.service.read(upload, call.asking(self.route))
        call.pages = len(answer.pages)
        text = answer.text("markdown" if self.output == "markdown" else "text")
        return CallToolResult(
            content=[TextContent(type="text", text=text)],
            structured_content={**answer.to_json(self.output)},
        )


class LocalReadArguments(ReadArguments, LocalArguments):
    """The same, also by path."""


READ_DOCUMENT = Tool(
    name="read_document",
    title="Read a document",
    about="Reads the text of an image (JPEG, PNG, TIFF, WebP) or a PDF, page by page, in reading order. "
    "The answer names the Release of the model that read.",
    takes=ReadArguments,
    takes_locally=LocalReadArguments,
)
