"""The official client of the Model Context Protocol against real servers: over stdio, and over HTTP."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select

from recto.serving.app import create_app
from recto.serving.keys import Terms, add_key
from recto.serving.routes.extract import ExtractModel
from recto.serving.service import Service
from recto.settings import AgentSettings, ServingSettings, Settings
from recto.workspace.folder import create_workspace
from recto.workspace.tables import AccessRow

from .live import live
from .test_openai import Measuring, picture

RECTO = ["-c", "from recto.cli import main; main()", "mcp"]
MODES = ["auto", "legacy"]
"""The newest revision of the protocol, and the handshake that older clients begin with."""

Use = Callable[[Client], Awaitable[None]]


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


def over_stdio(use: Use, *flags: str, cwd: Path, mode: str = "auto") -> None:
    async def main() -> None:
        command = StdioServerParameters(
            command=sys.executable, args=[*RECTO, *flags], cwd=cwd, env=dict(os.environ)
        )
        async with asyncio.timeout(100), Client(command, mode=mode) as client:
            await use(client)

    asyncio.run(main())


def over_http(use: Use, url: str, *, key: str = "", mode: str = "auto") -> None:
    async def main() -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with (
            asyncio.timeout(100),
            httpx2.AsyncClient(headers=headers, timeout=60) as connection,
            Client(streamable_http_client(f"{url}/mcp", http_client=connection), mode=mode) as client,
        ):
            await use(client)

    asyncio.run(main())


TEXT = "Corner Shop Ltd\nDate: 2019-03-01\nTotal: EUR 12.00"
TOTAL = {
    "type": "object",
    "properties": {"total": {"type": "string", "x-recto": {"kind": "money", "role": "total"}}},
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with live(create_app(Service(Settings(), load=lambda release: Measuring()))) as address:
        yield address


@pytest.mark.parametrize("mode", MODES)
def test_http_lists_what_there_is_and_reads(url: str, mode: str) -> None:
    async def use(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["read_document", "extract_fields"]
        assert all("path" not in tool.input_schema["properties"] for tool in tools)
        assert [tool.input_schema["title"] for tool in tools] == ["read_document", "extract_fields"]
        assert client.server_capabilities.resources is None
        assert client.server_capabilities.prompts is None
        result = await client.call_tool(
            "read_document", {"content": base64_of(picture(31)), "name": "shot.png", "output": "pages"}
        )
        assert not result.is_error
        assert text_of(result) == "31 wide"
        answer = result.structured_content
        assert answer["release"] is None and answer["document"] == "shot.png"
        assert answer["pages"][0]["transcript"]["width"] == 31

    over_http(use, url, mode=mode)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "the document is missing"),
        ({"content": "no base64!"}, "isn't base64"),
        ({"content": base64_of(b"no image")}, "the file is of another type"),
        ({"content": "", "pages": 3}, "pages: "),
        ({"content": base64_of(b"x"), "agent": "nobody"}, "there is no agent 'nobody'"),
        ({"content": base64_of(b"x"), "path": "/etc/passwd"}, "path: "),
    ],
)
def test_an_agent_is_told_what_is_wrong(url: str, arguments: dict[str, object], said: str) -> None:
    async def use(client: Client) -> None:
        result = await client.call_tool("read_document", arguments)
        assert result.is_error
        assert said in text_of(result)

    over_http(use, url)


def test_http_finds_the_fields_of_a_text_and_of_a_document(url: str) -> None:
    async def use(client: Client) -> None:
        of_text = await client.call_tool("extract_fields", {"text": TEXT, "schema": "receipt", "name": "t-1"})
        answer = of_text.structured_content
        ExtractModel.model_validate(answer)
        assert json.loads(text_of(of_text)) == answer["values"]
        assert answer["values"]["total"] == {"amount": "12.00", "currency": "EUR"}
        assert (answer["document"], answer["engine"], answer["failed_pages"]) == ("t-1", "text", [])
        wanted = {"content": base64_of(picture(31)), "schema": {**TOTAL, "required": ["total"]}}
        of_document = await client.call_tool("extract_fields", wanted)
        assert of_document.structured_content["missing"] == ["total"]
        assert of_document.structured_content["document"] == "upload"
        assert text_of(of_document) == "{}"

    over_http(use, url)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"text": TEXT}, "no schema is named"),
        ({"schema": "receipt"}, "the document is missing"),
        ({"text": TEXT, "schema": "none-such"}, "no schema of this name"),
        ({"text": TEXT, "schema": {"type": "string"}}, "mistake"),
        ({"text": TEXT, "schema": 7}, "schema"),
        ({"text": TEXT, "content": "", "schema": "receipt"}, "two documents"),
        ({"text": TEXT, "schema": "receipt", "agent": "nobody"}, "there is no agent 'nobody'"),
        ({"text": TEXT, "schema": "receipt", "output": "text"}, "output: "),
    ],
)
def test_an_agent_is_told_why_there_are_no_fields(url: str, arguments: dict[str, object], said: str) -> None:
    async def use(client: Client) -> None:
        result = await client.call_tool("extract_fields", arguments)
        assert result.is_error
        assert said in text_of(result)

    over_http(use, url)


def test_an_agents_profile_says_which_schema() -> None:
    agents = {"shop": AgentSettings(schema=json.dumps(TOTAL))}

    async def use(client: Client) -> None:
        result = await client.call_tool("extract_fields", {"text": TEXT, "agent": "shop"})
        assert json.loads(text_of(result)) == {"total": "12.00"}
        assert result.structured_content["schema_from"] == "agent"

    with live(create_app(Service(Settings(agents=agents), load=lambda release: Measuring()))) as address:
        over_http(use, address)


def test_pages_of_both_tools_are_in_the_log_of_accesses(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "work")

    async def use(client: Client) -> None:
        await client.call_tool("extract_fields", {"content": base64_of(picture(31)), "schema": "receipt"})

    with live(create_app(Service(workspace.settings, workspace, lambda release: Measuring()))) as address:
        over_http(use, address)
    with workspace.read() as session:
        rows = session.scalars(select(AccessRow).order_by(AccessRow.id)).all()
    assert [row.pages for row in rows if row.action == "POST /mcp" and row.pages] == [1]


def test_there_is_no_other_tool(url: str) -> None:
    async def use(client: Client) -> None:
        with pytest.raises(MCPError, match="read_document, extract_fields"):
            await client.call_tool("search", {})

    over_http(use, url)


def test_http_needs_a_key_once_there_is_one(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "work")
    key = add_key(workspace, "agent", Terms(scopes=("read",)))

    async def use(client: Client) -> None:
        result = await client.call_tool("read_document", {"content": base64_of(picture(31))})
        assert text_of(result) == "31 wide"

    with live(create_app(Service(workspace.settings, workspace, lambda release: Measuring()))) as address:
        over_http(use, address, key=key)
        refused = httpx2.post(f"{address}/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        assert refused.status_code == 401
        assert "a key is needed" in refused.text


def test_http_looks_for_room_before_the_body() -> None:
    serving = ServingSettings(max_queue_pages=1)
    service = Service(Settings(serving=serving), load=lambda release: Measuring())
    with live(create_app(service)) as address, service.batcher.entrance.admit("another"):
        refused = httpx2.post(f"{address}/mcp", content=iter([b"{", b"}"]))
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:recto:problem:queue-full")


def test_errors_of_the_tool_are_counted() -> None:
    service = Service(Settings(), load=lambda release: Measuring())

    async def use(client: Client) -> None:
        assert (await client.call_tool("read_document", {"content": "no base64!"})).is_error
        assert (await client.call_tool("read_document", {"pages": 3})).is_error
        service.read = broken  # type: ignore[method-assign, assignment]
        with pytest.raises(MCPError, match="isn't your fault"):
            await client.call_tool("read_document", {"content": base64_of(picture(31))})

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    with live(create_app(service)) as address:
        over_http(use, address)
    told = service.metrics.render().decode()
    assert 'recto_errors_total{type="RequestRefused"} 2.0' in told
    assert 'recto_errors_total{type="unforeseen"} 1.0' in told


def test_http_has_no_sessions_to_get_or_delete(url: str) -> None:
    assert httpx2.get(f"{url}/mcp").status_code == 405
    assert httpx2.delete(f"{url}/mcp").status_code == 405


@pytest.fixture
def receipt(tmp_path: Path) -> Path:
    page = Image.new("RGB", (700, 200), "white")
    ImageDraw.Draw(page).text((40, 60), "TOTAL 12.50", fill="black", font=ImageFont.load_default(64))
    (tmp_path / "in").mkdir()
    page.save(tmp_path / "in" / "receipt.png")
    return tmp_path / "in" / "receipt.png"


@pytest.mark.parametrize("mode", MODES)
def test_stdio_reads_for_real(receipt: Path, mode: str) -> None:
    async def use(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert all("path" in tool.input_schema["properties"] for tool in tools)
        by_path = await client.call_tool("read_document", {"path": str(receipt)})
        by_bytes = await client.call_tool("read_document", {"content": base64_of(receipt.read_bytes())})
        assert text_of(by_path) == text_of(by_bytes) == "TOTAL 12.50"
        assert by_path.structured_content["document"] == "receipt.png"

    over_stdio(use, "--allow", str(receipt.parent), cwd=receipt.parent, mode=mode)


def test_stdio_extracts_for_real(receipt: Path) -> None:
    async def use(client: Client) -> None:
        by_path = await client.call_tool("extract_fields", {"path": str(receipt), "schema": TOTAL})
        assert json.loads(text_of(by_path)) == {"total": "12.50"}
        answer = by_path.structured_content
        assert (answer["document"], answer["schema"], answer["schema_from"]) == (
            "receipt.png",
            "own",
            "request",
        )
        assert answer["fields"][0]["box"] and answer["extractor"] == "tagger, not trained"

    over_stdio(use, "--allow", str(receipt.parent), cwd=receipt.parent)


def test_stdio_reads_only_in_allowed_folders(receipt: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(receipt.read_bytes())
    (receipt.parent / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(receipt.parent / "pipe.png")
    refused = {
        str(tmp_path / "secret.png"): "isn't in a folder that may be read",
        str(receipt.parent / ".." / "secret.png"): "isn't in a folder that may be read",
        str(receipt.parent / "link.png"): "isn't in a folder that may be read",
        str(receipt.parent / "pipe.png"): "there is no such file",
        str(receipt.parent / "other.png"): "there is no such file",
        "a\0b": "there is no such file",
    }

    async def use(client: Client) -> None:
        for path, said in refused.items():
            result = await client.call_tool("read_document", {"path": path})
            assert result.is_error and said in text_of(result), path

    over_stdio(use, "--engine", "fake", "--allow", str(receipt.parent), cwd=tmp_path)


def test_stdio_takes_no_paths_unless_a_folder_is_allowed(receipt: Path) -> None:
    async def use(client: Client) -> None:
        for tool in (await client.list_tools()).tools:
            assert "path" not in tool.input_schema["properties"]
            result = await client.call_tool(tool.name, {"path": str(receipt)})
            assert result.is_error and "path: " in text_of(result)

    over_stdio(use, "--engine", "fake", cwd=receipt.parent)


def test_stdio_calls_are_in_the_access_log(receipt: Path, tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "work")

    async def use(client: Client) -> None:
        await client.call_tool("read_document", {"content": base64_of(receipt.read_bytes())})
        await client.call_tool("read_document", {"content": base64_of(b"no image")})
        await client.call_tool(
            "extract_fields", {"content": base64_of(receipt.read_bytes()), "schema": "receipt"}
        )
        await client.call_tool("extract_fields", {"text": TEXT, "schema": "receipt"})
        await client.call_tool("extract_fields", {"text": TEXT})

    over_stdio(use, "--engine", "fake", "--workspace", str(workspace.path), cwd=tmp_path)
    with workspace.read() as session:
        rows = session.scalars(select(AccessRow).order_by(AccessRow.id)).all()
    told = [(row.tenant, row.action, row.status, row.pages) for row in rows]
    assert told == [
        ("local", "mcp read_document", 200, 1),
        ("local", "mcp read_document", 415, 0),
        ("local", "mcp extract_fields", 200, 1),
        ("local", "mcp extract_fields", 200, 0),
        ("local", "mcp extract_fields", 422, 0),
    ]
