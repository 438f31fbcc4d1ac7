"""The client against a real service, by the names that it promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.client import Client, ServiceProblem, Wanted, asking
from recto.errors import DeadlineExpired, DocumentNotFound, ServingError
from recto.serving.app import create_app
from recto.serving.keys import Terms, add_key
from recto.serving.service import Service
from recto.workspace.folder import create_workspace

from .conftest import Make
from .serving.conftest import Reciting, settings_with
from .serving.engines import GatedEngine
from .serving.live import live


@pytest.fixture
def recto(tmp_path: Path) -> Iterator[Client]:
    service = Service(settings_with(), create_workspace(tmp_path / "work"), lambda _: Reciting())
    with live(create_app(service)) as url, Client(url) as client:
        yield client


@pytest.fixture
def letter(tmp_path: Path, make_pdf: Make) -> Path:
    path = tmp_path / "letter.pdf"
    path.write_bytes(make_pdf(2))
    return path


def test_reading(recto: Client, letter: Path) -> None:
    answer = recto.read(letter, Wanted(agent="legal", output="pages"))
    assert answer.text == "letter.pdf page 1\n\nletter.pdf page 2"
    assert (answer.document, answer.release, answer.scope) == ("letter.pdf", None, "general")
    assert [page.transcript and page.transcript.page for page in answer.pages] == [1, 2]
    assert recto.read(letter, Wanted(output="markdown")).pages[0].text == "letter.pdf page 1\n"


def test_jobs(recto: Client, letter: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"nothing")
    job = recto.submit([letter, bad, str(letter)])
    assert (recto.wait(job.id, timeout_s=60).state, recto.job(job.id).pages_read) == ("done", 4)
    pages = list(recto.pages(job.id))
    assert [(page.document, page.page, page.problem is None) for page in pages] == [
        ("letter.pdf", 1, True),
        ("letter.pdf", 2, True),
        ("bad.png", 1, False),
        ("letter.pdf", 1, True),
        ("letter.pdf", 2, True),
    ]
    assert recto.cancel(job.id).state == "done"


def test_fields_of_jobs(recto: Client, letter: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"nothing")
    job = recto.wait(recto.submit([letter, bad], schema="receipt").id, timeout_s=60)
    first, second = recto.fields(job.id)
    assert (first.number, first.document, first.problem, first.failed_pages) == (1, "letter.pdf", None, ())
    assert first.extraction is not None and first.extraction.schema == "receipt"
    assert (second.number, second.document, second.extraction) == (2, "bad.png", None)
    assert second.problem
    own = {"type": "object", "properties": {"total": {"type": "string", "x-recto": {"kind": "money"}}}}
    sent = recto.submit([letter], schema=own)
    assert recto.wait(sent.id, timeout_s=60).state == "done"
    assert [one.extraction and one.extraction.schema for one in recto.fields(sent.id)] == ["own"]
    with pytest.raises(ServiceProblem, match="no schema"):
        list(recto.fields(recto.submit([letter]).id))


def test_more_pages_than_are_fetched_at_once(
    recto: Client, tmp_path: Path, make_pdf: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_PAGES_AT_ONCE", 2)
    long = tmp_path / "long.pdf"
    long.write_bytes(make_pdf(5))
    job = recto.wait(recto.submit([long]).id, timeout_s=60)
    assert [page.page for page in recto.pages(job.id)] == [1, 2, 3, 4, 5]


def test_waiting_not_for_ever(tmp_path: Path, letter: Path) -> None:
    engine = GatedEngine()
    service = Service(settings_with(), create_workspace(tmp_path / "work"), lambda _: engine)
    with live(create_app(service)) as url, Client(url) as recto:
        engine.gate.clear()
        job = recto.submit([letter])
        with pytest.raises(DeadlineExpired):
            recto.wait(job.id, timeout_s=0.01)
        assert recto.cancel(job.id).id == job.id
        engine.gate.set()
        assert recto.wait(job.id, timeout_s=60).state == "cancelled"


def test_what_reads(recto: Client) -> None:
    (reading,) = recto.releases()
    assert (reading.scope, reading.release, reading.engine) == ("general", None, "reciting 1")


def test_problems(recto: Client, tmp_path: Path, letter: Path) -> None:
    with pytest.raises(ServiceProblem, match="poet") as refused:
        recto.read(letter, Wanted(agent="poet"))
    assert (refused.value.status, refused.value.type) == (422, "urn:recto:problem:request-refused")
    assert refused.value.request_id and "legal" in refused.value.hint
    with pytest.raises(DocumentNotFound):
        recto.read(tmp_path / "none.pdf")
    with pytest.raises(ServingError, match="can't be asked"), Client("http://127.0.0.1:9") as nobody:
        nobody.releases()


def test_keys(tmp_path: Path, letter: Path) -> None:
    workspace = create_workspace(tmp_path / "work")
    key = add_key(workspace, "shop", Terms(requests_per_minute=1))
    with live(create_app(Service(settings_with(), workspace, lambda _: Reciting()))) as url:
        with Client(url) as stranger, pytest.raises(ServiceProblem) as refused:
            stranger.read(letter)
        assert refused.value.status == 401
        with Client(url, key=key) as recto:
            recto.read(letter)
            with pytest.raises(ServiceProblem) as limited:
                recto.read(letter)
        assert limited.value.status == 429 and limited.value.retry_after_s


def test_extracting(recto: Client, letter: Path) -> None:
    fields = recto.extract(letter, "receipt", Wanted(agent="qa", output="text"))
    assert (fields.document, fields.engine, fields.failed_pages) == ("letter.pdf", "reciting 1", ())
    assert fields.extraction.schema == "receipt"
    own = {"type": "object", "properties": {"total": {"type": "string", "x-recto": {"kind": "money"}}}}
    told = recto.extract_text("Total: EUR 12.00", own, doc_id="d-1")
    assert (told.document, told.extraction.values) == ("d-1", {"total": "12.00"})
    with pytest.raises(ServiceProblem) as problem:
        recto.extract_text("Total", "none-such")
    assert problem.value.status == 422
