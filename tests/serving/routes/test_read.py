"""POST /v1/read over real HTTP: good files, bad files, keys, limits, overload, and those who hang up."""

import errno
import threading
from collections.abc import Iterator

import httpx
import pytest
from starlette.datastructures import UploadFile
from starlette.requests import Request

from recto.errors import NotAllowed, StorageFull
from recto.serving.answers import ReadModel
from recto.serving.keys import Terms, add_key
from recto.serving.routes.asking import check_local
from recto.serving.service import Service
from recto.workspace.folder import Workspace

from ...conftest import Make
from ..conftest import Reciting, Served, serving, settings_with
from ..engines import LIMIT_S, GatedEngine

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(Service(settings_with(uploads={"max_pages": 3}), load=lambda _: Reciting())) as running:
        yield running


def post(served: Served, data: bytes, name: str = "a.png", **fields: str) -> httpx.Response:
    return served.client.post("/v1/read", files={"file": (name, data)}, data=fields)


def test_every_kind_of_document_is_read(served: Served, samples: dict[str, bytes]) -> None:
    for name, data in samples.items():
        answer = post(served, data, name)
        assert answer.status_code == 200, (name, answer.text)
        told = ReadModel.model_validate(answer.json())
        assert told.document == name and told.release is None and told.engine == "reciting 1"
        for number, page in enumerate(told.pages, start=1):
            assert page.page == number and page.transcript is not None
            assert page.transcript.text == f"{name} page {number}"


@pytest.mark.parametrize("charset", ["undefined", "punycode", "idna", "base64", "nonsense"])
def test_a_form_in_a_strange_charset_is_refused_in_words(served: Served, charset: str) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--x--\r\n'
    answer = served.client.post("/v1/read", content=body, headers=headers)
    assert answer.status_code == 415
    assert answer.json()["detail"] == "send the form's fields in UTF-8"


def test_a_full_disk_is_told_and_logged(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/secret")

    monkeypatch.setattr(UploadFile, "write", full)
    answer = post(served, b"x" * 2_000_000)
    assert answer.status_code == 507
    assert answer.json()["type"] == "urn:recto:problem:storage-full" and "secret" not in answer.text
    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [StorageFull]


def test_text_and_markdown(served: Served, make_pdf: Make) -> None:
    text = post(served, make_pdf(2), "a_b.pdf", output="text").json()
    assert text["text"] == "a_b.pdf page 1\n\na_b.pdf page 2"
    assert [page["text"] for page in text["pages"]] == ["a_b.pdf page 1", "a_b.pdf page 2"]
    assert "a\\_b.pdf page 1" in post(served, make_pdf(1), "a_b.pdf", output="markdown").json()["text"]


def test_an_agent_says_what_the_answer_holds_and_leaves_out_what_is_unsure(
    served: Served, samples: dict[str, bytes]
) -> None:
    answer = post(served, samples["scan.png"], agent="support").json()
    assert answer["output"] == "text" and answer["text"] == ""  # it is half sure, the agent wants 0.6
    assert answer["route"]["agent"] == "support" and "support" in answer["route"]["why"]
    legal = post(served, samples["scan.png"], agent="legal", output="pages").json()
    assert legal["pages"][0]["transcript"]["text"] == "a.png page 1"


@pytest.mark.parametrize(
    ("data", "status", "kind"),
    [
        (b"", 422, "empty-document"),
        (b"%PDF-1.7\nnothing", 422, "truncated-document"),
        (b"just words", 415, "unsupported-document"),
    ],
)
def test_bad_files_are_problems(served: Served, data: bytes, status: int, kind: str) -> None:
    answer = post(served, data, "../../etc/passwd")
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert told["type"] == f"urn:recto:problem:{kind}" and told["status"] == status
    assert told["request_id"] == answer.headers["x-request-id"]
    assert "/" not in told["detail"]


def test_too_many_pages(served: Served, make_pdf: Make) -> None:
    answer = post(served, make_pdf(4))
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:recto:problem:document-too-large")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"output": "poem"}, "output"), ({"timeout_s": "0"}, "timeout_s"), ({"colour": "red"}, "colour")],
)
def test_wrong_fields_are_named(
    served: Served, samples: dict[str, bytes], fields: dict[str, str], field: str
) -> None:
    answer = post(served, samples["scan.png"], **fields)
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]


def test_an_agent_that_does_not_exist(served: Served, samples: dict[str, bytes]) -> None:
    answer = post(served, samples["scan.png"], agent="poet")
    assert answer.status_code == 422 and "legal" in answer.json()["hint"]


def test_other_shapes_of_requests(served: Served, samples: dict[str, bytes]) -> None:
    client = served.client
    assert client.post("/v1/read", content=samples["scan.png"]).status_code == 415
    assert client.post("/v1/read", files={"document": ("a", b"x")}).status_code == 422
    assert client.post("/v1/read", files=[("file", ("a", b"x")), ("file", ("b", b"x"))]).status_code == 400
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/v1/read", content=b"no boundary here", headers=broken).status_code == 400
    for answer in (client.get("/v1/read"), client.get("/nowhere")):
        assert answer.headers["content-type"] == PROBLEM
    assert client.get("/v1/read").status_code == 405 and client.get("/nowhere").status_code == 404


def test_a_deadline_of_the_client(served: Served, samples: dict[str, bytes]) -> None:
    answer = post(served, samples["scan.png"], timeout_s="0.000001")
    assert (answer.status_code, answer.json()["type"]) == (504, "urn:recto:problem:deadline-expired")


def test_without_a_key_no_other_site_and_no_other_name(served: Served, samples: dict[str, bytes]) -> None:
    elsewhere = ("Host", "Origin", "X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")
    for headers in [{"Host": "https://evil.example"}, *({name: "evil.example"} for name in elsewhere)]:
        answer = served.client.post("/v1/read", files={"file": ("a", samples["scan.png"])}, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:recto:problem:not-allowed")


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        (None, True),
        ("10.0.0.7", False),
        ("testclient", False),
    ],
)
def test_without_a_key_only_this_machine_is_answered(peer: str | None, allowed: bool) -> None:
    headers = [(b"host", b"localhost:8000")]
    client = None if peer is None else (peer, 4711)  # None: a Unix socket
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    scope |= {"client": client, "server": ("127.0.0.1", 8000), "scheme": "http"}
    if allowed:
        check_local(Request(scope))
    else:
        with pytest.raises(NotAllowed):
            check_local(Request(scope))


def test_a_page_that_cannot_be_read_leaves_the_others(make_pdf: Make) -> None:
    class Stumbling(Reciting):
        def read(self, pages):  # type: ignore[no-untyped-def]
            if any(page.number == 2 for page in pages):
                raise RuntimeError("a secret of the library")
            return super().read(pages)

    with serving(Service(settings_with(), load=lambda _: Stumbling())) as served:
        answer = post(served, make_pdf(3))
        pages = answer.json()["pages"]
        assert answer.status_code == 200
        assert [page.get("problem", {}).get("status") for page in pages] == [None, 422, None]
        assert "secret" not in answer.text


def test_keys_open_the_door(workspace: Workspace, samples: dict[str, bytes]) -> None:
    key = add_key(workspace, "shop", Terms(scopes=["read"], businesses=["legal"], requests_per_minute=6))
    with serving(Service(settings_with(), workspace, lambda _: Reciting())) as served:
        files = {"file": ("a.png", samples["scan.png"])}
        bare = served.client.post("/v1/read", files=files)
        assert (bare.status_code, bare.headers["www-authenticate"]) == (401, "Bearer")
        served.client.headers["Authorization"] = f"Bearer {key}"
        assert served.client.post("/v1/read", files=files, data={"business": "legal"}).status_code == 200
        assert served.client.post("/v1/read", files=files, data={"business": "saas"}).status_code == 403
        assert served.client.get("/v1/releases").status_code == 403
        answers = [served.client.post("/v1/read", files=files) for _ in range(5)]
        limited = answers[-1]
        assert limited.status_code == 429 and int(limited.headers["retry-after"]) >= 1


def test_a_limited_key_must_name_a_business_type(workspace: Workspace, samples: dict[str, bytes]) -> None:
    legal = add_key(workspace, "firm", Terms(businesses=["legal"]))
    either = add_key(workspace, "shop", Terms(businesses=["general", "ecommerce"]))

    def status(key: str, **fields: str) -> int:
        answer = served.client.post(
            "/v1/read",
            files={"file": ("a.png", samples["scan.png"])},
            data=fields,
            headers={"Authorization": f"Bearer {key}"},
        )
        if answer.status_code == 403 and key == legal:
            assert "legal" in answer.json()["detail"]
        return answer.status_code

    with serving(Service(settings_with(), workspace, lambda _: Reciting())) as served:
        assert status(legal, business="legal") == status(legal, agent="legal") == 200
        assert status(legal) == status(legal, business="general") == status(legal, category="letter") == 403
        assert status(legal, business="saas") == status(legal, agent="qa") == 403
        assert status(either) == status(either, business="ecommerce") == 200
        assert status(either, business="legal") == 403


def test_overload_is_refused_at_once(samples: dict[str, bytes]) -> None:
    engine = GatedEngine()
    settings = settings_with(serving={"max_queue_pages": 1, "max_tenant_share": 1.0})
    with serving(Service(settings, load=lambda _: engine)) as served:
        engine.batches.clear()
        engine.gate.clear()
        while engine._entered.acquire(blocking=False):
            pass
        first: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: first.append(post(served, samples["scan.png"])))
        thread.start()
        assert engine._entered.acquire(timeout=LIMIT_S)
        refused = post(served, samples["scan.png"])
        engine.gate.set()
        thread.join(LIMIT_S)
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) >= 1
        assert first[0].status_code == 200
        assert post(served, samples["scan.png"]).status_code == 200


def test_who_hangs_up_gives_back_his_room(samples: dict[str, bytes]) -> None:
    engine = GatedEngine()
    settings = settings_with(serving={"max_queue_pages": 1, "max_tenant_share": 1.0})
    with serving(Service(settings, load=lambda _: engine)) as served:
        engine.gate.clear()
        while engine._entered.acquire(blocking=False):
            pass
        with pytest.raises(httpx.ReadTimeout):
            served.client.post("/v1/read", files={"file": ("a", samples["scan.png"])}, timeout=0.5)
        # The engine is still busy with the page, and yet there is room for the next request.
        answers: list[httpx.Response] = []
        thread = threading.Thread(target=lambda: answers.append(patient(served, samples["scan.png"])))
        thread.start()
        engine.gate.set()
        thread.join(LIMIT_S)
        assert answers[0].status_code == 200


def patient(served: Served, data: bytes) -> httpx.Response:
    """Asks until there is room."""
    while (answer := post(served, data)).status_code == 429:
        pass
    return answer


def test_what_is_wrong_is_told_in_our_own_words(served: Served, samples: dict[str, bytes]) -> None:
    file = ("file", ("a.png", samples["scan.png"]))
    several = served.client.post("/v1/read", files=[file, file])
    assert (several.status_code, several.json()["detail"][:24]) == (400, "this is no form of up to")
    wrong = {"output": "xml", "timeout_s": "soon", "agent": "x" * 101, "pages": "3"}
    told = served.client.post("/v1/read", files=[file], data=wrong).json()["errors"]
    assert {one["field"]: one["detail"] for one in told} == {
        "output": "must be 'pages', 'text' or 'markdown'",
        "timeout_s": "must be a number",
        "agent": "is longer than 100 characters",
        "pages": "isn't a field that is known here",
    }


def test_pages_whose_time_is_up_are_counted_as_expired(samples: dict[str, bytes]) -> None:
    engine = GatedEngine()
    service = Service(settings_with(), load=lambda _: engine)
    with serving(service) as served:
        engine.gate.clear()
        answer = post(served, samples["scan.png"], timeout_s="1")
        engine.gate.set()
        assert answer.status_code == 504
    told = service.metrics.render().decode()
    assert 'recto_queue_unread_pages_total{reason="expired"} 1.0' in told
    assert 'recto_queue_unread_pages_total{reason="cancelled"}' not in told


def test_what_fails_by_our_fault_is_given_back_to_the_key(
    workspace: Workspace, samples: dict[str, bytes]
) -> None:
    key = add_key(workspace, "shop", Terms(pages_per_day=1))
    engine = GatedEngine(bad={"bad.png": ValueError("broken")})
    with serving(Service(settings_with(), workspace, lambda _: engine), key=key) as served:

        def status(name: str, **fields: str) -> int:
            part = {"file": (name, samples["scan.png"])}
            return served.client.post("/v1/read", files=part, data=fields).status_code

        assert status("bad.png") == 422  # the model's fault
        engine.gate.clear()
        assert status("late.png", timeout_s="0.5") == 504
        engine.gate.set()
        assert [status("a.png"), status("b.png")] == [200, 429]
