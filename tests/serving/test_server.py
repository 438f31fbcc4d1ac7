"""The server as a process: kill -9 in the middle of a job, SIGTERM in the middle of a request."""

import base64
import json
import signal
import threading
from pathlib import Path

import httpx
import pytest

from recto.errors import ServingError
from recto.serving.jobs import field_rows, store
from recto.serving.jobs.jobs import ATTEMPTS
from recto.serving.keys import add_key
from recto.serving.server import check_address
from recto.workspace.folder import Workspace

from ..conftest import Make
from .engines import LIMIT_S
from .stepping import Steps, lose, process, wait_until


def test_a_job_goes_on_where_a_killed_service_stopped(
    workspace: Workspace, tmp_path: Path, make_pdf: Make
) -> None:
    steps = Steps(tmp_path / "first")
    steps.allow(3)
    with process(workspace, steps) as (running, client):
        job_id = client.post("/v1/jobs", files={"file": ("a.pdf", make_pdf(6))}).json()["id"]
        wait_until(lambda: client.get(f"/v1/jobs/{job_id}").json()["pages_read"] == 3)
        running.send_signal(signal.SIGKILL)
        running.wait(LIMIT_S)
    lose(workspace, job_id)
    again = Steps(tmp_path / "again")
    again.allow(100)
    with process(workspace, again) as (running, client):
        wait_until(lambda: client.get(f"/v1/jobs/{job_id}").json()["state"] == "done")
        pages = client.get(f"/v1/jobs/{job_id}/pages").json()["pages"]
    assert [page["transcript"]["text"] for page in pages] == [f"a.pdf page {n}" for n in range(1, 7)]
    assert again.read() == ["a.pdf 4", "a.pdf 5", "a.pdf 6"]


def test_fields_are_found_again_where_a_killed_service_stopped(
    workspace: Workspace, tmp_path: Path, make_pdf: Make
) -> None:
    """Those of the second document take for ever: the first service is killed while it looks for them."""
    vendor = {"type": "string", "pattern": "^(.|..|...)*~$", "x-recto": {"role": "vendor"}}
    schema = json.dumps({"type": "object", "properties": {"name": vendor}})
    slow = f"{'A' * 60} Trading Company Ltd"
    steps = Steps(tmp_path / "steps")
    steps.allow(100)
    files = [("file", (name, make_pdf(1))) for name in ("a.pdf", slow, "c.pdf")]
    with process(workspace, steps) as (running, client):
        job_id = client.post("/v1/jobs", files=files, data={"schema": schema}).json()["id"]
        wait_until(lambda: client.get(f"/v1/jobs/{job_id}").json()["pages_read"] == 2)
        wait_until(lambda: len(client.get(f"/v1/jobs/{job_id}/fields").json()["documents"]) == 1)
        running.send_signal(signal.SIGKILL)
        running.wait(LIMIT_S)
    (first,) = field_rows.fields_of(workspace, job_id, 0, 9)
    lose(workspace, job_id)
    (workspace.path / "recto.toml").write_text("[extraction]\ntimeout_s = 3\n")
    with process(workspace, steps) as (_, client):
        wait_until(lambda: client.get(f"/v1/jobs/{job_id}").json()["state"] == "done")
        told = client.get(f"/v1/jobs/{job_id}/fields").json()
    assert field_rows.fields_of(workspace, job_id, 0, 9)[0] == first
    assert [one["document"] for one in told["documents"]] == ["a.pdf", slow, "c.pdf"] and told["next"] is None
    kinds = [one.get("problem", {}).get("type") for one in told["documents"]]
    assert kinds == [None, "urn:recto:problem:deadline-expired", None]
    assert steps.read() == ["a.pdf 1", f"{slow} 1", "c.pdf 1"]


def test_a_job_goes_on_without_a_page_that_kills_the_service_each_time(
    workspace: Workspace, tmp_path: Path, make_pdf: Make
) -> None:
    steps = Steps(tmp_path / "steps")
    steps.allow(100)
    steps.path.with_suffix(".deadly").write_text("a.pdf 2")
    with process(workspace, steps) as (running, client):
        job_id = client.post("/v1/jobs", files={"file": ("a.pdf", make_pdf(3))}).json()["id"]
        assert running.wait(LIMIT_S) == -signal.SIGKILL
    lose(workspace, job_id, times=ATTEMPTS - 2)
    with process(workspace, steps) as (running, _):
        assert running.wait(LIMIT_S) == -signal.SIGKILL
    lose(workspace, job_id)
    with process(workspace, steps) as (running, client):
        wait_until(lambda: client.get(f"/v1/jobs/{job_id}").json()["state"] == "done")
        first, second, third = client.get(f"/v1/jobs/{job_id}/pages").json()["pages"]
    assert [page["transcript"]["text"] for page in (first, third)] == ["a.pdf page 1", "a.pdf page 3"]
    assert second["problem"]["type"] == "urn:recto:problem:page-given-up"
    assert steps.read() == ["a.pdf 1", "a.pdf 2", "a.pdf 2", "a.pdf 3"]


def test_a_job_goes_on_without_a_page_at_which_the_engine_hangs_each_time(
    workspace: Workspace, tmp_path: Path, make_pdf: Make
) -> None:
    (workspace.path / "recto.toml").write_text("[serving]\nhung_after_s = 0.1\ndrain_timeout_s = 0.1\n")
    hanging, steps = Steps(tmp_path / "hanging"), Steps(tmp_path / "steps")
    hanging.allow(1)
    steps.allow(100)
    with process(workspace, hanging) as (running, client):
        job_id = client.post("/v1/jobs", files={"file": ("a.pdf", make_pdf(3))}).json()["id"]
        wait_until(lambda: client.get("/healthz").status_code == 503)
        running.send_signal(signal.SIGTERM)
        assert running.wait(LIMIT_S) == 1
        assert running.stderr is not None and "doesn't end by itself" in running.stderr.read()
    assert store.job_of(workspace, job_id).lost == 1
    lose(workspace, job_id, times=ATTEMPTS - 1)
    with process(workspace, steps) as (running, client):
        wait_until(lambda: client.get(f"/v1/jobs/{job_id}").json()["state"] == "done")
        pages = client.get(f"/v1/jobs/{job_id}/pages").json()["pages"]
    assert pages[1]["problem"]["type"] == "urn:recto:problem:page-given-up"
    assert (hanging.read(), steps.read()) == (["a.pdf 1", "a.pdf 2"], ["a.pdf 3"])


def test_a_signal_answers_what_was_accepted_refuses_the_rest_and_leaves_jobs_for_later(
    workspace: Workspace, tmp_path: Path, make_pdf: Make, samples: dict[str, bytes]
) -> None:
    steps = Steps(tmp_path / "steps")
    answers: list[httpx.Response] = []
    with process(workspace, steps) as (running, client):
        file = {"file": ("b.png", samples["scan.png"])}
        asking = threading.Thread(target=lambda: answers.append(client.post("/v1/read", files=file)))
        asking.start()
        wait_until(lambda: steps.read() == ["b.png 1"])
        job_id = client.post("/v1/jobs", files={"file": ("a.pdf", make_pdf(2))}).json()["id"]
        running.send_signal(signal.SIGTERM)
        wait_until(lambda: client.get("/readyz").status_code == 503)
        refused = client.post("/v1/read", files=file)
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:recto:problem:draining")
        assert client.get("/healthz").status_code == 200
        steps.allow(1)
        asking.join(LIMIT_S)
        assert answers[0].status_code == 200
        assert running.wait(LIMIT_S) == 0
        assert running.stderr is not None and running.stderr.read() == ""
    again = Steps(tmp_path / "again")
    again.allow(100)
    with process(workspace, again) as (running, client):
        wait_until(lambda: client.get(f"/v1/jobs/{job_id}").json()["state"] == "done")


def test_the_tool_for_agents_is_answered_by_the_real_server(
    workspace: Workspace, tmp_path: Path, samples: dict[str, bytes]
) -> None:
    steps = Steps(tmp_path / "steps")
    steps.allow(1)
    content = base64.b64encode(samples["scan.png"]).decode()
    call = {"name": "read_document", "arguments": {"content": content, "name": "b.png"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    with process(workspace, steps) as (running, client):
        answer = client.post("/mcp", json=message, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["result"]["structuredContent"]["text"] == "b.png page 1"
        running.send_signal(signal.SIGTERM)
        assert running.wait(LIMIT_S) == 0


def test_two_signals_wait_for_nobody(workspace: Workspace, tmp_path: Path, samples: dict[str, bytes]) -> None:
    steps = Steps(tmp_path / "steps")
    errors: list[httpx.TransportError] = []

    def ask(client: httpx.Client) -> None:
        try:
            client.post("/v1/read", files={"file": ("b.png", samples["scan.png"])})
        except httpx.TransportError as error:
            errors.append(error)

    with process(workspace, steps) as (running, client):
        asking = threading.Thread(target=ask, args=(client,))
        asking.start()
        wait_until(lambda: steps.read() == ["b.png 1"])
        running.send_signal(signal.SIGTERM)
        wait_until(lambda: client.get("/readyz").status_code == 503)
        running.send_signal(signal.SIGTERM)
        assert running.wait(LIMIT_S) == -signal.SIGTERM
        asking.join(LIMIT_S)
        assert errors


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10", "example.com"])
def test_only_this_machine_is_listened_to_until_there_is_a_key(workspace: Workspace, host: str) -> None:
    for none in (None, workspace):
        with pytest.raises(ServingError, match="without a key"):
            check_address(host, none)
    for own in ("127.0.0.1", "::1", "localhost"):
        check_address(own, None)
    add_key(workspace, "shop")
    check_address(host, workspace)
