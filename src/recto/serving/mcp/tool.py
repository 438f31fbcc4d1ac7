"""The tool read_document, as the protocol sees it; `stdio` and `http` are the two ways to it.

What recto can't do yet (search, extraction) isn't listed. An error of ours is a result that says so, which
an agent can act on; of anything unforeseen it learns nothing but that.
"""

import logging
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType

import mcp_types as protocol
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from recto import __version__
from recto.errors import RectoError, RequestRefused
from recto.serving.answers import ReadAnswer
from recto.serving.mcp.arguments import Arguments, LocalArguments, mistakes
from recto.serving.mcp.folders import NO_FOLDERS, Folders
from recto.serving.outcomes import Failed
from recto.serving.problems import problem_of
from recto.serving.routing import RouteRequest
from recto.serving.service import Upload
from recto.settings.serving import Output

TOOL = "read_document"

log = logging.getLogger(__name__)

Context = ServerRequestContext[dict[str, object], object]

Read = Callable[[Context, Upload, RouteRequest], Awaitable[ReadAnswer]]
"""Reads for whoever sent this request: over HTTP the holder of a key, on stdio the user."""

ToolServer = Server[dict[str, object]]


def tool_server(
    read: Read, failed: Callable[[BaseException], None], folders: Folders = NO_FOLDERS
) -> ToolServer:
    """A server with this tool; `failed` counts its errors.

    `folders` are for stdio only, where client and files are of one user.
    """
    kind = LocalArguments if folders.allowed else Arguments
    tool = _tool(kind, folders)

    async def list_tools(
        ctx: Context, params: protocol.PaginatedRequestParams | None
    ) -> protocol.ListToolsResult:
        return protocol.ListToolsResult(tools=[tool])

    async def call_tool(ctx: Context, params: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        if params.name != TOOL:
            raise MCPError(protocol.INVALID_PARAMS, f"there is no such tool; this one is: {TOOL}")
        async with _Sealed(failed):
            try:
                asked, upload = await to_thread(_asked, kind, params.arguments or {}, folders)
                return _result(await read(ctx, upload, asked.route), asked.output)
            except RectoError as error:
                failed(error)
                return _mistake(words_of(error))

    return Server("recto", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool)


def words_of(error: RectoError) -> str:
    """The error as an agent may see it: what it is, and the hint."""
    problem = problem_of(error)
    return "\n".join(filter(None, (problem["detail"], problem.get("hint"))))


def _asked(
    kind: type[Arguments], arguments: Mapping[str, object], folders: Folders
) -> tuple[Arguments, Upload]:
    """What is asked, decoded: in a thread, since it may be large."""
    try:
        asked = kind.model_validate(arguments)
    except ValidationError as error:
        raise RequestRefused(mistakes(error)) from None
    return asked, asked.upload(folders)


def _tool(kind: type[Arguments], folders: Folders) -> protocol.Tool:
    where = f" Paths may lie in: {folders}." if folders.allowed else ""
    return protocol.Tool(
        name=TOOL,
        title="Read a document",
        description="Reads the text of an image (JPEG, PNG, TIFF, WebP) or a PDF, page by page, in reading "
        f"order. The answer names the Release of the model that read.{where}",
        input_schema=kind.model_json_schema(),
        annotations=protocol.ToolAnnotations(
            read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )


def _result(answer: ReadAnswer, output: Output) -> protocol.CallToolResult:
    text = answer.text("markdown" if output == "markdown" else "text")
    return protocol.CallToolResult(
        content=[protocol.TextContent(type="text", text=text)],
        structured_content=dict(answer.to_json(output)),
    )


def _mistake(text: str) -> protocol.CallToolResult:
    return protocol.CallToolResult(content=[protocol.TextContent(type="text", text=text)], is_error=True)


class _Sealed:
    """An error that nobody foresaw is logged, and the client learns only that there was one."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, MCPError):
            log.error("%s failed: %s", TOOL, Failed(error))
            self._failed(error)
            raise MCPError(protocol.INTERNAL_ERROR, "something went wrong that isn't your fault") from None
