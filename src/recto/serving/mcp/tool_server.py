"""The tools, as the protocol asks for them; `stdio` and `http` are the two ways to them.

What recto can't do yet (search) isn't listed. An error of ours is a result that says so, which
an agent can act on; of anything unforeseen it learns nothing but that.
"""

import logging
from asyncio import to_thread
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType

import mcp_types as protocol
from mcp.server import Server, ServerRequestContext
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from recto import __version__
from recto.errors import RectoError, RequestRefused
from recto.serving.mcp.arguments import Arguments, mistakes
from recto.serving.mcp.call import Call
from recto.serving.mcp.extract_fields import EXTRACT_FIELDS
from recto.serving.mcp.folders import NO_FOLDERS, Folders
from recto.serving.mcp.read_document import READ_DOCUMENT
from recto.serving.mcp.tool import Tool
from recto.serving.outcomes import Failed
from recto.serving.problems import problem_of

TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in (READ_DOCUMENT, EXTRACT_FIELDS)}

log = logging.getLogger(__name__)

Context = ServerRequestContext[dict[str, object], object]

Calling = Callable[[Context, str], AbstractContextManager[Call]]
"""One call of the tool of this name, while the block runs, for whoever sent the request.

Over HTTP that is the holder of a key, on stdio the user.
"""

ToolServer = Server[dict[str, object]]


def tool_server(
    calling: Calling, failed: Callable[[BaseException], None], folders: Folders = NO_FOLDERS
) -> ToolServer:
    """A server with all tools; `failed` counts their errors.

    `folders` are for stdio only, where client and files are of one user.
    """
    listed = [tool.described(folders) for tool in TOOLS.values()]

    async def list_tools(
        ctx: Context, params: protocol.PaginatedRequestParams | None
    ) -> protocol.ListToolsResult:
        return protocol.ListToolsResult(tools=listed)

    async def call_tool(ctx: Context, params: protocol.CallToolRequestParams) -> protocol.CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            raise MCPError(protocol.INVALID_PARAMS, f"there is no such tool; there are: {', '.join(TOOLS)}")
        async with _Sealed(tool, failed):
            try:
                with calling(ctx, tool.name) as call:
                    asked = await to_thread(_asked, tool.kind(folders), params.arguments or {})
                    return await asked.answer(call, folders)
            except RectoError as error:
                failed(error)
                return _mistake(words_of(error))

    return Server("recto", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool)


def words_of(error: RectoError) -> str:
    """The error as an agent may see it: what it is, and the hint."""
    problem = problem_of(error)
    return "\n".join(filter(None, (problem["detail"], problem.get("hint"))))


def _asked(kind: type[Arguments], arguments: Mapping[str, object]) -> Arguments:
    """What is asked: in a thread, since it may be large. Raises RequestRefused."""
    try:
        return kind.model_validate(arguments)
    except ValidationError as error:
        raise RequestRefused(mistakes(error)) from None


def _mistake(text: str) -> protocol.CallToolResult:
    return protocol.CallToolResult(content=[protocol.TextContent(type="text", text=text)], is_error=True)


class _Sealed:
    """An error that nobody foresaw is logged, and the client learns only that there was one."""

    def __init__(self, tool: Tool, failed: Callable[[BaseException], None]) -> None:
        self._tool, self._failed = tool, failed

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, MCPError):
            log.error("%s failed: %s", self._tool.name, Failed(error))
            self._failed(error)
            raise MCPError(protocol.INTERNAL_ERROR, "something went wrong that isn't your fault") from None
