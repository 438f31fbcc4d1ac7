"""/v1/jobs over real HTTP: batches, pages as they come, cancelling, other people's jobs, webhooks."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any

import httpx
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.errors import EngineError
from recto.serving.keys import Terms, add_key
from recto.serving.routes.jobs import JobFieldsModel, JobModel, JobPagesModel
from recto.serving.service import Service
from recto.workspace.folder import Workspace

from ...conftest import Make
from ..conftest import Reciting, Served, serving, settings_with
from ..engines import LIMIT_S, GatedEngine


@pytest.fixture
def served(workspace: Workspace) -> Iterator[Served]:
    with serving(Service(settings_with(), workspace, lambda _: Reciting())) as running:
        yield running


def add(served: Served, *files: tuple[str, bytes], **fields: str) -> dict[str, Any]:
    answer = served.client.post("/v1/jobs", files=[("file", file) for file in files], data=fields)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return dict(answer.json())


def ended(served: Served, job_id: str) -> dict[str, Any]:
    """The job once it has ended."""
    pause = threading.Event()
    for _ in range(20 * LIMIT_S):
        job = served.client.get(f"/v1/jobs/{job_id}").json()
        if JobModel.model_validate(job).ended_at is not None:
            return dict(job)
        pause.wait(0.05)
    raise AssertionError(f"job {job_id} doesn't end")


def pages(served: Served, job_id: str, limit: int = 100) -> list[dict[str, Any]]:
    """All pages, fetched a few at a time."""
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        query = {"after": after, "limit": limit}
        answer = served.client.get(f"/v1/jobs/{job_id}/pages", params=query).json()
        JobPagesModel.model_validate(answer)
        found += answer["pages"]
        after = answer["next"]
    return found


def test_a_batch_of_documents(
    served: Served, make_pdf: Make, samples: dict[str, bytes], workspace: Workspace
) -> None:
    files = (("a.pdf", make_pdf(3)), ("bad.png", b"nothing"), ("b.png", samples["scan.png"]))
    job_id = add(served, *files, output="text")["id"]
    job = ended(served, job_id)
    assert (job["state"], job["pages_read"], job["pages_failed"], job["page_count"]) == ("done", 4, 1, 5)
    found = pages(served, job_id, limit=2)
    assert [(page["number"], page["document"], page["page"]) for page in found] == [
        (1, "a.pdf", 1),
        (2, "a.pdf", 2),
        (3, "a.pdf", 3),
        (4, "bad.png", 1),
        (5, "b.png", 1),
    ]
    assert [page.get("text") for page in found] == [
        "a.pdf page 1",
        "a.pdf page 2",
        "a.pdf page 3",
        None,
        "b.png page 1",
    ]
    assert found[3]["problem"]["status"] == 415
    assert list(workspace.jobs.iterdir()) == []  # its documents are gone


class Selling:
    """Reads a receipt on each page; the second one of torn.pdf, and all of broken.pdf, can't be read."""

    label, batch_pages = "selling 1", 1

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        (page,) = pages
        if page.document == "broken.pdf" or (page.document, page.number) == ("torn.pdf", 2):
            raise EngineError("it can't be read")
        rows = 60 if page.document == "long.pdf" else 1
        return FakeEngine({page.document: "Corner Shop Ltd\nTotal: EUR 12.00\n" * rows}).read(pages)


TOTAL = {
    "type": "object",
    "properties": {"total": {"type": "string", "x-recto": {"kind": "money", "role": "total"}}},
    "required": ["total"],
}


def fields(served: Served, job_id: str, limit: int = 20) -> list[dict[str, Any]]:
    """Those of all documents, fetched a few at a time."""
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        query = {"after": after, "limit": limit}
        answer = served.client.get(f"/v1/jobs/{job_id}/fields", params=query).json()
        JobFieldsModel.model_validate(answer)
        found += answer["documents"]
        after = answer["next"]
    return found


def test_the_fields_of_each_document(workspace: Workspace, make_pdf: Make, samples: dict[str, bytes]) -> None:
    names = ("a.pdf", "torn.pdf", "broken.pdf", "long.pdf", "b.pdf")
    files = [(name, make_pdf(2)) for name in names] + [("bad.png", b"nothing")]
    settings = settings_with(extraction={"max_lines": 50})
    with serving(Service(settings, workspace, lambda _: Selling())) as served:
        added = add(served, *files, schema=json.dumps(TOTAL))
        assert (added["schema"], added["schema_from"]) == ("own", "request")
        assert ended(served, added["id"])["state"] == "done"
        found = fields(served, added["id"], limit=2)
    assert [(one["number"], one["document"]) for one in found] == list(
        enumerate([*names, "bad.png"], start=1)
    )
    assert [one.get("values") for one in found] == [{"total": "12.00"}] * 2 + [None] * 2 + [
        {"total": "12.00"},
        None,
    ]
    assert (found[0]["engine"], found[0]["release"], found[0]["failed_pages"]) == ("fake 1", None, [])
    assert found[0]["extractor"] == "tagger, not trained" and found[0]["schema"] == "own"
    (failed,) = found[1]["failed_pages"]
    assert failed["page"] == 2 and failed["problem"]["status"] == 422
    assert [one["problem"]["status"] for one in (found[2], found[3], found[5])] == [422, 413, 415]


def test_an_agents_profile_says_which_schema(workspace: Workspace, make_pdf: Make) -> None:
    agents = {"shop": {"schema": "receipt"}}
    with serving(Service(settings_with(agents=agents), workspace, lambda _: Selling())) as served:
        added = add(served, ("a.pdf", make_pdf(1)), agent="shop")
        assert (added["schema"], added["schema_from"]) == ("receipt", "agent")
        ended(served, added["id"])
        (found,) = fields(served, added["id"])
        assert found["values"]["total"] == {"amount": "12.00", "currency": "EUR"}
        above = add(served, ("a.pdf", make_pdf(1)), agent="shop", schema=json.dumps(TOTAL))
        assert (above["schema"], above["schema_from"]) == ("own", "request")


@pytest.mark.parametrize(
    "schema", ["", "none-such", "../../etc/passwd", "{", '{"a": NaN}', '{"type": "string"}', '{"a":' * 5_000]
)
def test_a_bad_schema_is_refused_at_once(
    served: Served, samples: dict[str, bytes], schema: str, workspace: Workspace
) -> None:
    files = {"file": ("a.png", samples["scan.png"])}
    answer = served.client.post("/v1/jobs", files=files, data={"schema": schema})
    assert answer.status_code == 422, answer.text
    assert list(workspace.jobs.iterdir()) == []


def test_a_schema_of_more_than_64_kb_is_refused(served: Served, samples: dict[str, bytes]) -> None:
    files = {"file": ("a.png", samples["scan.png"])}
    long = json.dumps({**TOTAL, "description": "a" * 65_536})
    assert served.client.post("/v1/jobs", files=files, data={"schema": long}).status_code == 400


def test_a_job_without_a_schema_has_no_fields(served: Served, samples: dict[str, bytes]) -> None:
    job = add(served, ("a.png", samples["scan.png"]))
    assert (job["schema"], job["schema_from"]) == (None, None)
    answer = served.client.get(f"/v1/jobs/{job['id']}/fields")
    assert answer.status_code == 422 and "no schema" in answer.json()["detail"]


def test_a_job_of_which_nothing_can_be_read_has_failed(served: Served) -> None:
    job = ended(served, add(served, ("bad.png", b"nothing"))["id"])
    assert (job["state"], job["problem"]["type"]) == ("failed", "urn:recto:problem:unsupported-document")


def test_cancelling_a_job_that_runs(workspace: Workspace, make_pdf: Make) -> None:
    engine = GatedEngine(batch_pages=1)
    settings = settings_with(serving={"max_batch_size": 1})
    with serving(Service(settings, workspace, lambda _: engine)) as served:
        engine.gate.clear()
        while engine._entered.acquire(blocking=False):
            pass
        job_id = add(served, ("a.pdf", make_pdf(5)))["id"]
        assert engine._entered.acquire(timeout=LIMIT_S)
        assert served.client.delete(f"/v1/jobs/{job_id}").status_code == 200
        job = ended(served, job_id)
        engine.gate.set()
        assert (job["state"], job["pages_read"]) == ("cancelled", 0)
        assert served.client.delete(f"/v1/jobs/{job_id}").json() == job  # once more changes nothing


def test_more_jobs_than_may_wait(workspace: Workspace, make_pdf: Make, samples: dict[str, bytes]) -> None:
    engine = GatedEngine()
    settings = settings_with(jobs={"max_waiting": 1, "workers": 1})
    with serving(Service(settings, workspace, lambda _: engine)) as served:
        engine.gate.clear()
        while engine._entered.acquire(blocking=False):
            pass
        first = add(served, ("a.pdf", make_pdf(1)))["id"]
        assert engine._entered.acquire(timeout=LIMIT_S)  # it doesn't wait any more
        add(served, ("b.pdf", make_pdf(1)))
        files = {"file": ("c.pdf", make_pdf(1))}
        refused = served.client.post("/v1/jobs", files=files)
        bodiless = served.client.post("/v1/jobs", headers={"Content-Type": "multipart/form-data; boundary=b"})
        engine.gate.set()
        assert bodiless.status_code == 429  # its body isn't looked at
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert ended(served, first)["state"] == "done"


def test_jobs_are_their_owners(workspace: Workspace, samples: dict[str, bytes]) -> None:
    mine, other = (add_key(workspace, name, Terms(scopes=["jobs"])) for name in ("mine", "other"))
    with serving(Service(settings_with(), workspace, lambda _: Reciting()), key=mine) as served:
        job_id = add(served, ("a.png", samples["scan.png"]))["id"]
        served.client.headers["Authorization"] = f"Bearer {other}"
        for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/pages", f"/v1/jobs/{job_id}/fields"):
            assert served.client.get(path).status_code == 404
        assert served.client.delete(f"/v1/jobs/{job_id}").status_code == 404
        assert served.client.get("/v1/jobs/of-nobody").status_code == 422


def test_pages_count_against_the_day_of_the_key(workspace: Workspace, make_pdf: Make) -> None:
    key = add_key(workspace, "shop", Terms(scopes=["jobs"], pages_per_day=2))
    with serving(Service(settings_with(), workspace, lambda _: Reciting()), key=key) as served:
        job = ended(served, add(served, ("a.pdf", make_pdf(3)))["id"])
        assert (job["state"], job["problem"]["status"]) == ("failed", 429)


def test_pages_at_which_the_model_fails_do_not_count(workspace: Workspace, make_pdf: Make) -> None:
    key = add_key(workspace, "shop", Terms(scopes=["jobs"], pages_per_day=4))
    engine = GatedEngine(bad={"bad.pdf": ValueError("a page that breaks it")})
    with serving(Service(settings_with(), workspace, lambda _: engine), key=key) as served:
        job = ended(served, add(served, ("bad.pdf", make_pdf(3)), ("a.pdf", make_pdf(1)))["id"])
        assert (job["state"], job["pages_read"], job["pages_failed"]) == ("done", 1, 3)
        job = ended(served, add(served, ("b.pdf", make_pdf(3)))["id"])
        assert (job["pages_read"], job["problem"]) == (3, None)
        job = ended(served, add(served, ("c.pdf", make_pdf(1)))["id"])
        assert job["problem"]["status"] == 429


def test_without_a_workspace_there_are_no_jobs(samples: dict[str, bytes]) -> None:
    with serving(Service(settings_with(), load=lambda _: Reciting())) as served:
        answer = served.client.post("/v1/jobs", files={"file": ("a", samples["scan.png"])})
        assert answer.status_code == 422 and "workspace" in answer.json()["detail"]


Told = tuple[dict[str, str], bytes]


@contextmanager
def receiver(*statuses: int) -> Iterator[tuple[str, "Queue[Told]"]]:
    """A server that answers with `statuses`, one after the other, and what it was told."""
    told: Queue[Told] = Queue()
    left = list(statuses)

    class Receiving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.put((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiving) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}", told
        finally:
            server.shutdown()
            thread.join()


def test_a_webhook_is_told_and_told_again_where_it_was_not_heard(
    workspace: Workspace, samples: dict[str, bytes]
) -> None:
    with receiver(500, 200) as (host, told):
        settings = settings_with(jobs={"webhook_hosts": [host]})
        with serving(Service(settings, workspace, lambda _: Reciting())) as served:
            job = add(served, ("a.png", samples["scan.png"]), webhook=f"http://{host}/done")
            ended(served, job["id"])
            for _ in range(2):
                headers, body = told.get(timeout=LIMIT_S)
                signed = headers["X-Recto-Timestamp"].encode() + b"." + body
                digest = hmac.new(job["webhook_secret"].encode(), signed, hashlib.sha256).hexdigest()
                assert headers["X-Recto-Signature"] == f"sha256={digest}"
                event = json.loads(body)
                assert (event["event"], event["job"]["id"]) == ("job.done", job["id"])
                assert "webhook_secret" not in event["job"]
            outcome = None
            while outcome is None:
                outcome = served.client.get(f"/v1/jobs/{job['id']}").json()["webhook_outcome"]
            assert outcome == "told"


@pytest.mark.parametrize(
    "url", ["http://elsewhere.example/", "ftp://hooks.example/", "http://a:b@hooks.example/"]
)
def test_webhooks_go_to_named_hosts_only(workspace: Workspace, samples: dict[str, bytes], url: str) -> None:
    settings = settings_with(jobs={"webhook_hosts": ["hooks.example"]})
    with serving(Service(settings, workspace, lambda _: Reciting())) as served:
        files = {"file": ("a.png", samples["scan.png"])}
        answer: httpx.Response = served.client.post("/v1/jobs", files=files, data={"webhook": url})
        assert answer.status_code == 422
        assert list(workspace.jobs.iterdir()) == []


def test_what_was_read_before_the_day_of_the_key_was_over_stays(workspace: Workspace, make_pdf: Make) -> None:
    key = add_key(workspace, "shop", Terms(scopes=["jobs"], pages_per_day=4))
    with serving(Service(settings_with(), workspace, lambda _: Reciting()), key=key) as served:
        job = ended(served, add(served, ("a.pdf", make_pdf(3)), ("b.pdf", make_pdf(3)))["id"])
        assert (job["state"], job["pages_read"], job["problem"]["status"]) == ("done", 3, 429)


def test_a_job_says_who_reads_it_and_each_page_its_release(
    workspace: Workspace, samples: dict[str, bytes]
) -> None:
    agents = {"legal": {"scope": "legal", "output": "text", "min_confidence": 0.9}}
    with serving(Service(settings_with(agents=agents), workspace, lambda _: Reciting())) as served:
        job = add(served, ("a.png", samples["scan.png"]), agent="legal")
        assert ended(served, job["id"])["route"] == job["route"]
        assert job["route"]["scope"] == "general" and "'legal'" in job["route"]["why"]
        (page,) = pages(served, job["id"])
        assert (page["text"], page["release"]) == ("", None)  # its line was read less surely


def test_one_tenant_leaves_a_worker_and_room_to_the_others(workspace: Workspace, make_pdf: Make) -> None:
    big, small = (add_key(workspace, name, Terms(scopes=["jobs"], tenant=name)) for name in ("big", "small"))
    engine = GatedEngine(batch_pages=1)
    settings = settings_with(jobs={"workers": 2, "max_waiting": 4})
    with serving(Service(settings, workspace, lambda _: engine), key=big) as served:
        engine.gate.clear()
        started(served, add(served, ("a.pdf", make_pdf(1)))["id"])
        second, third = (add(served, ("a.pdf", make_pdf(1)))["id"] for _ in range(2))
        answer = served.client.post("/v1/jobs", files={"file": ("a.pdf", make_pdf(1))})
        assert answer.status_code == 429 and "of yours" in answer.json()["detail"]
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        served.client.headers["Authorization"] = f"Bearer {small}"
        started(served, add(served, ("b.pdf", make_pdf(1)))["id"])
        served.client.headers["Authorization"] = f"Bearer {big}"
        states = [served.client.get(f"/v1/jobs/{job_id}").json()["state"] for job_id in (second, third)]
        engine.gate.set()
        assert states == ["queued", "queued"]
        assert ended(served, third)["state"] == "done"


def started(served: Served, job_id: str) -> None:
    pause = threading.Event()
    for _ in range(20 * LIMIT_S):
        if served.client.get(f"/v1/jobs/{job_id}").json()["state"] == "running":
            return
        pause.wait(0.05)
    raise AssertionError(f"job {job_id} doesn't begin")
