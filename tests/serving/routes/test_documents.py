"""/v1/documents over real HTTP: sending one in, looking at it, correcting it, undoing; and who may."""

import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from recto.datasets.corpus import snapshot
from recto.serving.document_answers import (
    ConsentedModel,
    CorrectionsModel,
    DocumentsModel,
    ReviewDocumentModel,
    SavedModel,
)
from recto.serving.keys import Terms, add_key
from recto.serving.service import Service
from recto.workspace.folder import Workspace

from ...conftest import Make
from ..conftest import Reciting, Served, serving, settings_with


@pytest.fixture
def served(workspace: Workspace) -> Iterator[Served]:
    with serving(Service(settings_with(), workspace, lambda _: Reciting())) as running:
        yield running


def send(client: httpx.Client, data: bytes, name: str = "receipt_1.pdf", **fields: str) -> httpx.Response:
    return client.post("/v1/documents", files={"file": (name, data)}, data=fields)


def sent(client: httpx.Client, data: bytes, name: str = "receipt_1.pdf", **fields: str) -> dict[str, Any]:
    answer = send(client, data, name, **fields)
    assert answer.status_code == 201, answer.text
    ReviewDocumentModel.model_validate(answer.json())
    return dict(answer.json())


def test_a_document_that_is_sent_in_is_read_and_waits_for_a_person(served: Served, make_pdf: Make) -> None:
    document = sent(served.client, make_pdf(2), business="shop")
    assert (document["category"], document["business"], document["pages_read"]) == ("receipt", "shop", 2)
    assert [(page["page"], page["state"], page["text"]) for page in document["pages"]] == [
        (1, "queued", "receipt_1.pdf page 1"),
        (2, "queued", "receipt_1.pdf page 2"),
    ]
    assert document["pages"][0]["reading"]["lines"][0]["confidence"] == 0.5
    assert document["extraction"]["schema"] == "receipt" and document["fields_problem"] is None
    assert served.client.get(f"/v1/documents/{document['id']}").json()["pages"] == document["pages"]
    again = send(served.client, make_pdf(2))
    assert (again.status_code, again.json()["known"], again.json()["id"]) == (200, True, document["id"])


def test_a_document_may_be_left_to_be_read_later(served: Served, make_pdf: Make) -> None:
    document = sent(served.client, make_pdf(2), read="false", train="false")
    assert [(page["state"], page["text"]) for page in document["pages"]] == [("queued", None)] * 2
    assert document["consent"] == {"store": True, "train": False}


def test_what_is_no_document_is_refused_and_not_kept(served: Served) -> None:
    assert send(served.client, b"nothing").status_code == 415
    assert served.client.get("/v1/documents").json() == {"documents": [], "next": None}


def test_correcting_by_lines_and_accepting(served: Served, make_pdf: Make, workspace: Workspace) -> None:
    document = sent(served.client, make_pdf(2))
    address = f"/v1/documents/{document['id']}"
    lines = [{"text": "TOTAL", "box": [10, 10, 60, 20]}, {"text": "31.00", "box": [70, 10, 90, 20]}]
    first, second = document["pages"]
    saved = served.client.patch(
        f"{address}/transcript",
        json={"page": 1, "lines": lines},
        headers={"If-Match": f'"{first["version"]}"'},
    )
    assert saved.status_code == 200, saved.text
    SavedModel.model_validate(saved.json())
    body = {"page": 2, "text": second["text"], "version": second["version"]}
    assert served.client.patch(f"{address}/transcript", json=body).status_code == 200
    examples = snapshot(workspace, "general").examples
    assert [example.text for example in examples] == ["TOTAL 31.00", "receipt_1.pdf page 2"]
    assert [len(example.lines or ()) for example in examples] == [2, 1]
    history = served.client.get(f"{address}/corrections").json()
    CorrectionsModel.model_validate(history)
    assert [(one["page"], one["by"]) for one in history["corrections"]] == [(1, "local"), (2, "local")]


def test_a_stale_save_is_a_409_with_both_sides(served: Served, make_pdf: Make) -> None:
    document = sent(served.client, make_pdf(1))
    address, version = f"/v1/documents/{document['id']}", document["pages"][0]["version"]
    for text, status in (("mine", 200), ("yours", 409)):
        answer = served.client.patch(f"{address}/transcript", json={"text": text, "version": version})
        assert answer.status_code == status
    told = answer.json()
    assert (told["type"], answer.headers["content-type"]) == (
        "urn:recto:problem:conflict",
        "application/problem+json",
    )
    sides = told["conflict"]
    assert [sides[side]["text"] for side in ("now", "sent", "base")] == [
        "mine",
        "yours",
        "receipt_1.pdf page 1",
    ]
    merged = {"text": "both", "version": sides["version"]}
    assert served.client.patch(f"{address}/transcript", json=merged).status_code == 200


def test_a_save_that_is_sent_twice_is_saved_once(served: Served, make_pdf: Make) -> None:
    document = sent(served.client, make_pdf(1))
    address, version = f"/v1/documents/{document['id']}", document["pages"][0]["version"]
    answers = [
        served.client.patch(
            f"{address}/transcript",
            json={"text": "mine", "version": version},
            headers={"Idempotency-Key": "save-1"},
        )
        for _ in range(2)
    ]
    assert [answer.json()["repeated"] for answer in answers] == [False, True]
    assert len(served.client.get(f"{address}/corrections").json()["corrections"]) == 1


def test_a_save_must_say_what_it_saw(served: Served, make_pdf: Make) -> None:
    address = f"/v1/documents/{sent(served.client, make_pdf(1))['id']}"
    answer = served.client.patch(f"{address}/transcript", json={"text": "mine"})
    assert (answer.status_code, answer.json()["type"]) == (428, "urn:recto:problem:version-needed")


def test_fields_and_undo(served: Served, make_pdf: Make) -> None:
    document = sent(served.client, make_pdf(1))
    address = f"/v1/documents/{document['id']}"
    body = {"fields": {"total": "31.00"}, "version": document["fields_version"]}
    saved = served.client.patch(f"{address}/fields", json=body).json()
    assert saved["document"]["fields"] == {"total": "31.00"}
    wish = {"kind": "fields", "version": saved["version"]}
    undone = served.client.post(f"{address}/undo", json=wish).json()
    assert (undone["document"]["fields"], undone["version"]) == ({}, document["fields_version"])
    wish = {"version": document["pages"][0]["version"]}
    assert served.client.post(f"{address}/undo", json=wish).status_code == 422


def test_a_page_as_an_image(served: Served, make_pdf: Make, samples: dict[str, bytes]) -> None:
    document = sent(served.client, make_pdf(2))
    answer = served.client.get(f"/v1/documents/{document['id']}/pages/2/image")
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == tuple(document["pages"][1]["reading"][side] for side in ("width", "height"))
    assert served.client.get(f"/v1/documents/{document['id']}/pages/3/image").status_code == 404


def test_consent_taken_back(served: Served, make_pdf: Make, workspace: Workspace) -> None:
    document = sent(served.client, make_pdf(1))
    address = f"/v1/documents/{document['id']}"
    answer = served.client.put(f"{address}/consent", json={"store": False, "train": False})
    ConsentedModel.model_validate(answer.json())
    assert answer.json() == {"consent": {"store": False, "train": False}, "releases": []}
    assert served.client.get(f"{address}/releases").json() == {"releases": []}
    assert served.client.get(address).json()["pages"][0]["state"] == "withdrawn"
    assert served.client.get(f"{address}/pages/1/image").status_code == 404
    assert send(served.client, make_pdf(1)).status_code == 422
    assert list(workspace.blobs.glob("??/*")) == []


def test_lists_are_filtered_and_come_in_parts(served: Served, make_pdf: Make) -> None:
    wanted = [("receipt_1", "shop"), ("invoice_1", "legal"), ("invoice_2", "shop")]
    ids = [
        sent(served.client, make_pdf(1, text=name), f"{name}.pdf", business=business)["id"]
        for name, business in wanted
    ]
    first = served.client.get("/v1/documents", params={"limit": 2}).json()
    DocumentsModel.model_validate(first)
    rest = served.client.get("/v1/documents", params={"after": first["next"]}).json()
    assert [one["id"] for one in first["documents"] + rest["documents"]] == ids and rest["next"] is None
    for filter_, expected in (
        ({"category": "invoice"}, ids[1:]),
        ({"business": "shop"}, [ids[0], ids[2]]),
        ({"state": "trusted"}, []),
    ):
        found = served.client.get("/v1/documents", params=filter_).json()["documents"]
        assert [one["id"] for one in found] == expected


def test_keys_see_and_correct_what_is_theirs(workspace: Workspace, make_pdf: Make) -> None:
    keys = {
        "all": add_key(workspace, "all", Terms(scopes=["correct"])),
        "looker": add_key(workspace, "looker", Terms(scopes=["documents"])),
        "shop": add_key(workspace, "shop", Terms(scopes=["correct"], businesses=["shop"])),
        "lawyer": add_key(workspace, "lawyer", Terms(scopes=["correct"], businesses=["legal"])),
        "admin": add_key(workspace, "admin", Terms(scopes=["correct", "admin"])),
        "reader": add_key(workspace, "reader"),
    }
    settings = settings_with(review={"closed": ["legal"]})
    with serving(Service(settings, workspace, lambda _: Reciting())) as served:
        heads = {name: {"Authorization": f"Bearer {key}"} for name, key in keys.items()}
        files = {"file": ("contract_1.pdf", make_pdf(1))}
        answer = served.client.post(
            "/v1/documents", files=files, data={"business": "legal"}, headers=heads["lawyer"]
        )
        address = f"/v1/documents/{answer.json()['id']}"
        statuses = {
            name: served.client.get(address, headers=head).status_code for name, head in heads.items()
        }
        assert statuses == {
            "all": 404, "looker": 404, "shop": 404, "lawyer": 200, "admin": 200, "reader": 403
        }  # fmt: skip
        body = {"text": "x", "version": answer.json()["pages"][0]["version"]}
        for name, status in (("looker", 403), ("shop", 404), ("lawyer", 200)):
            saved = served.client.patch(f"{address}/transcript", json=body, headers=heads[name])
            assert saved.status_code == status
        history = served.client.get(f"{address}/corrections", headers=heads["admin"]).json()
        assert [one["by"] for one in history["corrections"]] == ["key lawyer"]


def test_without_a_workspace_there_are_no_documents(make_pdf: Make) -> None:
    with serving(Service(settings_with(), None, lambda _: Reciting())) as served:
        assert served.client.get("/v1/documents").status_code == 422
