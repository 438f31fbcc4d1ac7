"""The tool extract_fields: typed values of a file, or of a text that was read already."""

import json
from asyncio import to_thread

from mcp_types import CallToolResult, TextContent
from pydantic import Field

from recto.errors import RequestRefused
from recto.extraction.schema import BUILT_IN
from recto.serving.extracting.answer import FieldsAnswer
from recto.serving.extracting.asking import fields_of_document, fields_of_text
from recto.serving.extracting.wanted import Wanted
from recto.serving.mcp.arguments import DocumentArguments, LocalArguments
from recto.serving.mcp.call import Call
from recto.serving.mcp.folders import Folders
from recto.serving.mcp.tool import Tool


class ExtractArguments(DocumentArguments):
    """A file or a text, and what is wanted of it."""

    text: str | None = Field(
        default=None, description="the document as a text, instead of a file; form feeds between its pages"
    )
    schema_: Wanted | None = Field(
        default=None,
        alias="schema",
        description=f"{', '.join(BUILT_IN)}; or a JSON Schema; else what the agent's profile says",
    )

    async def answer(self, call: Call, folders: Folders) -> CallToolResult:
        """The values; the structured content is that of POST /v1/extract.

        Raises what `fields_of_document` and `fields_of_text` raise.
        """
        found = await self._found(call, folders)
        call.pages = len(found.pages)
        values = json.dumps(found.found["values"], ensure_ascii=False)
        return CallToolResult(
            content=[TextContent(type="text", text=values)], structured_content={**found.to_json()}
        )

    async def _found(self, call: Call, folders: Folders) -> FieldsAnswer:
        service, asking = call.service, call.asking(self.route)
        if self.text is None:
            upload = await to_thread(self.upload, folders)
            return await fields_of_document(service, asking, self.schema_, upload)
        if self.has_document:
            raise RequestRefused("a text and a file are two documents", hint="give one of them")
        return await fields_of_text(service, asking, self.schema_, self.text, self.name)


class LocalExtractArguments(ExtractArguments, LocalArguments):
    """The same, also by path."""


EXTRACT_FIELDS = Tool(
    name="extract_fields",
    title="Find the fields of a document",
    about="Finds typed values (a total, a date, names) in an image, a PDF, or a text that was read already, "
    "as a schema says what is wanted. It says only what stands in the document. The text of the answer is "
    "JSON of the values; beside it are where each stands, how sure it is, and what is missing.",
    takes=ExtractArguments,
    takes_locally=LocalExtractArguments,
)
