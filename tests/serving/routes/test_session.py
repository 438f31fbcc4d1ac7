"""Signing in over real HTTP: cookies, CSRF tokens, roles, and pages of other sites."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from recto.serving.people import add_person
from recto.serving.routes.session import SessionModel
from recto.serving.service import Service
from recto.serving.sessions import FREE_ATTEMPTS
from recto.workspace.folder import Workspace

from ...conftest import Make
from ..conftest import Reciting, Served, serving, settings_with

PASSWORD = "correct horse battery"


@pytest.fixture
def served(workspace: Workspace) -> Iterator[Served]:
    for name, role in (("ada", "admin"), ("anna", "reviewer"), ("rita", "reader")):
        add_person(workspace, name, PASSWORD, role)  # type: ignore[arg-type]
    add_person(workspace, "lea", PASSWORD, "reviewer", ["legal"])
    settings = settings_with(review={"closed": ["legal"]})
    with serving(Service(settings, workspace, lambda _: Reciting())) as running:
        yield running


@contextmanager
def entered(served: Served, name: str) -> Iterator[httpx.Client]:
    """A client of its own that is signed in, and sends its token along."""
    with httpx.Client(base_url=served.client.base_url, timeout=60) as client:
        answer = client.post("/v1/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = SessionModel.model_validate(answer.json()).csrf
        yield client


def send(client: httpx.Client, data: bytes, **fields: str) -> httpx.Response:
    return client.post("/v1/documents", files={"file": ("contract_1.pdf", data)}, data=fields)


def test_signing_in_and_out(served: Served) -> None:
    assert served.client.get("/v1/documents").status_code == 401
    assert served.client.get("/v1/session").status_code == 401
    with entered(served, "anna") as anna:
        (cookie,) = anna.cookies.jar
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "lax"
        who = anna.get("/v1/session").json()
        assert (who["name"], who["role"]) == ("anna", "reviewer")
        assert anna.get("/v1/documents").status_code == 200
        kept = dict(anna.cookies)
        assert anna.delete("/v1/session").status_code == 204
        assert not anna.cookies
        assert httpx.get(f"{served.client.base_url}/v1/documents", cookies=kept).status_code == 401


def test_a_change_without_the_token_is_refused(served: Served, make_pdf: Make) -> None:
    with entered(served, "anna") as anna:
        del anna.headers["X-CSRF-Token"]
        answer = send(anna, make_pdf(1))
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:recto:problem:not-allowed")
        assert anna.get("/v1/documents").json()["documents"] == []


def test_roles(served: Served, make_pdf: Make) -> None:
    with entered(served, "anna") as anna, entered(served, "rita") as rita, entered(served, "ada") as ada:
        document = send(anna, make_pdf(1)).json()
        address = f"/v1/documents/{document['id']}"
        body = {"text": "x", "version": document["pages"][0]["version"]}
        assert rita.get(address).status_code == 200
        assert rita.patch(f"{address}/transcript", json=body).status_code == 403
        assert anna.patch(f"{address}/transcript", json=body).status_code == 200
        assert [one["by"] for one in rita.get(f"{address}/corrections").json()["corrections"]] == ["anna"]
        assert [client.get("/v1/releases").status_code for client in (anna, ada)] == [403, 200]


def test_a_closed_business_type_is_there_for_those_it_is_for(served: Served, make_pdf: Make) -> None:
    with entered(served, "anna") as anna, entered(served, "lea") as lea, entered(served, "ada") as ada:
        address = f"/v1/documents/{send(lea, make_pdf(1), business='legal').json()['id']}"
        assert [client.get(address).status_code for client in (anna, lea, ada)] == [404, 200, 200]
        assert send(lea, make_pdf(2)).status_code == 403  # he must name his business type
        assert [client.get("/v1/queue").json()["waiting"] for client in (anna, lea)] == [0, 1]


def test_what_is_closed_to_somebody_isnt_changed_by_sending_it_again(served: Served, make_pdf: Make) -> None:
    with entered(served, "anna") as anna, entered(served, "lea") as lea:
        address = f"/v1/documents/{send(lea, make_pdf(1), business='legal').json()['id']}"
        told = send(anna, make_pdf(1), train="false", category="invoice")
        assert (told.status_code, told.json()["type"]) == (403, "urn:recto:problem:not-allowed")
        kept = lea.get(address).json()
        assert (kept["consent"]["train"], kept["category"]) == (True, "contract")


def test_nobody_files_a_document_where_he_cant_see_it(served: Served, make_pdf: Make) -> None:
    with entered(served, "anna") as anna, entered(served, "ada") as ada:
        assert send(anna, make_pdf(1), business="legal").status_code == 403
        assert ada.get("/v1/documents").json()["documents"] == []


def test_pages_of_other_sites_cant_sign_anybody_in(served: Served) -> None:
    who = {"name": "anna", "password": PASSWORD}
    answer = served.client.post("/v1/session", json=who, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403 and not answer.cookies
    own = str(served.client.base_url).rstrip("/")
    assert served.client.post("/v1/session", json=who, headers={"Origin": own}).status_code == 200


def test_guessing_passwords_is_slow(served: Served) -> None:
    who = {"name": "anna", "password": "wrong password"}
    statuses = [served.client.post("/v1/session", json=who).status_code for _ in range(FREE_ATTEMPTS + 1)]
    assert statuses == [401] * FREE_ATTEMPTS + [429]
    delayed = served.client.post("/v1/session", json=who)
    assert int(delayed.headers["Retry-After"]) >= 1
