"""What every request and answer has round it: ids, headers, limits, problems, notes; and the OpenAPI."""

import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from recto.observability.logs import JsonLines
from recto.serving.app import create_app
from recto.serving.envelope import REQUEST_ID, SECURITY_HEADERS
from recto.serving.service import Service
from recto.workspace.folder import Workspace
from recto.workspace.tables import AccessRow

from .conftest import Reciting, Served, serving, settings_with
from .live import live


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    service = Service(settings_with(uploads={"max_upload_mb": 1}), load=lambda _: Reciting())
    with serving(service) as running:
        yield running


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/v1/releases", "/openapi.json", "/none"]
)
def test_every_answer_has_its_id_and_its_headers(served: Served, path: str) -> None:
    headers = served.client.get(path).headers
    assert len(headers[REQUEST_ID]) == 32
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "server" not in headers or "uvicorn" in headers["server"]  # `serve` itself sends none


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("-", False)]
)
def test_a_sane_id_is_kept(served: Served, given: str, kept: bool) -> None:
    assert (served.client.get("/healthz", headers={REQUEST_ID: given}).headers[REQUEST_ID] == given) is kept


def test_a_body_is_refused_by_its_declared_length(served: Served) -> None:
    answer = served.client.post("/v1/read", files={"file": ("a", b"x" * 1_100_000)})
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:recto:problem:document-too-large")


@pytest.mark.parametrize(
    ("limits", "setting"),
    [({"max_inline_mb": 1}, "uploads.max_inline_mb"), ({"max_upload_mb": 1}, "uploads.max_upload_mb")],
)
def test_bodies_with_files_in_base64_have_a_limit_of_their_own(limits: dict[str, int], setting: str) -> None:
    with serving(Service(settings_with(uploads=limits), load=lambda _: Reciting())) as running:
        for path in ("/mcp", "/v1/chat/completions"):
            answer = running.client.post(path, content=b"[" + b" " * 1_100_000 + b"]")
            assert answer.status_code == 413
            assert setting in answer.text
        answer = running.client.post("/v1/read", files={"file": ("a", b"x" * 1_100_000)})
        assert answer.status_code == (413 if "max_upload_mb" in limits else 415)


def test_a_body_without_a_length_is_refused_while_it_comes(served: Served) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while True:
            sent += 100_000
            yield b"x" * 100_000

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        answer = served.client.post("/v1/read", content=endless(), headers=headers)
        assert answer.status_code == 413
    except httpx.TransportError:
        pass  # the server hung up while we were sending: that is what counts
    assert sent < 20_000_000


def test_what_nobody_foresaw_is_told_by_its_id_alone() -> None:
    log = io.StringIO()
    told = logging.StreamHandler(log)
    told.setFormatter(JsonLines())
    logging.getLogger("uvicorn.error").addHandler(told)
    app: FastAPI = create_app(Service(settings_with(), load=lambda _: Reciting()))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a secret")

    with live(app) as url:
        answer = httpx.get(f"{url}/broken", headers={REQUEST_ID: "mine"})
    assert (answer.status_code, answer.headers[REQUEST_ID]) == (500, "mine")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == "mine" and "secret" not in answer.text
    logging.getLogger("uvicorn.error").removeHandler(told)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (line,) = [line for line in lines if line.get("error") == "RuntimeError"]
    assert line["request_id"] == "mine" and "secret" not in log.getvalue()


def test_visits_are_counted_and_noted_without_content(
    workspace: Workspace, samples: dict[str, bytes]
) -> None:
    with serving(Service(settings_with(), workspace, lambda _: Reciting())) as served:
        files = {"file": ("secret.png", samples["scan.png"])}
        served.client.post("/v1/read", files=files, headers={REQUEST_ID: "mine"})
        served.client.get("/some/secret")
        metrics = served.client.get("/metrics").text
        assert 'route="/v1/read",status="200"' in metrics and "secret" not in metrics
    with workspace.read() as session:
        rows = session.query(AccessRow).filter_by(request_id="mine").all()
        noted = [(row.tenant, row.action, row.status, row.pages) for row in rows]
    assert noted == [("local", "POST /v1/read", 200, 1)]


def test_the_openapi_describes_every_route_with_its_problems(served: Served) -> None:
    described = served.client.get("/openapi.json").json()
    for path in ("/v1/read", "/v1/jobs"):
        post = described["paths"][path]["post"]
        assert set(post["responses"]) >= {"413", "415", "422", "429", "503"}
        for status, answer in post["responses"].items():
            if int(status) >= 400:
                assert "application/problem+json" in answer["content"]
        schema = post["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert schema["required"] == ["file"]
    assert "examples" in described["components"]["schemas"]["Problem"]["properties"]["detail"]


def test_the_agents_say_what_they_are_for(served: Served) -> None:
    agents = {agent["name"]: agent for agent in served.client.get("/v1/agents").json()["agents"]}
    assert agents["legal"] == {
        "name": "legal",
        "about": "contracts and signatures",
        "scope": "legal",
        "output": "markdown",
        "min_confidence": 0.0,
        "task": "",
        "schema": "",
    }
    assert "/v1/agents" in served.client.get("/openapi.json").json()["paths"]


def test_every_reference_in_the_openapi_leads_somewhere(served: Served) -> None:
    whole = served.client.get("/openapi.json").json()

    def references(part: object) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(ref := part.get("$ref"), str):
                yield ref
            part = list(part.values())
        for one in part if isinstance(part, list) else []:
            yield from references(one)

    found = set(references(whole))
    assert found
    for reference in found:
        place = whole
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
