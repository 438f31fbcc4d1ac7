"""/v1/queue over real HTTP: pages handed out, leased, drafted, left to others; other engines' readings."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from recto.serving.keys import Terms, add_key
from recto.serving.routes.queue import DraftModel, QueueModel, WaitingModel
from recto.serving.service import Service
from recto.workspace.folder import Workspace

from ...conftest import Make
from ..conftest import Reciting, Served, serving, settings_with

Two = tuple[httpx.Client, httpx.Client]


@contextmanager
def as_(served: Served, key: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=served.client.base_url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def two(workspace: Workspace) -> Iterator[Two]:
    """Two reviewers of one service."""
    anna, ben = (add_key(workspace, name, Terms(scopes=["correct"])) for name in ("anna", "ben"))
    service = Service(settings_with(), workspace, lambda _: Reciting())
    with serving(service) as served, as_(served, anna) as one, as_(served, ben) as other:
        yield one, other


def sent(client: httpx.Client, data: bytes, name: str = "receipt_1.pdf") -> dict[str, Any]:
    answer = client.post("/v1/documents", files={"file": (name, data)})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_two_reviewers_get_different_pages_until_all_are_done(two: Two, make_pdf: Make) -> None:
    anna, ben = two
    document = sent(anna, make_pdf(2))
    taken = [client.post("/v1/queue/next").json() for client in (anna, ben)]
    assert {WaitingModel.model_validate(entry).page for entry in taken} == {1, 2}
    listed = QueueModel.model_validate(anna.get("/v1/queue").json())
    assert listed.waiting == 2 and {entry.lease.by for entry in listed.pages if entry.lease} == {
        "key anna",
        "key ben",
    }
    for client, entry in zip(two, taken, strict=True):
        page = document["pages"][entry["page"] - 1]
        body = {"page": entry["page"], "text": page["text"], "version": page["version"]}
        assert client.patch(f"/v1/documents/{document['id']}/transcript", json=body).status_code == 200
        assert client.post("/v1/queue/next").status_code in (200, 204)
    assert anna.get("/v1/queue").json() == {"waiting": 0, "pages": []}
    assert anna.post("/v1/queue/next").status_code == 204


def test_leases(two: Two, make_pdf: Make) -> None:
    anna, ben = two
    address = f"/v1/documents/{sent(anna, make_pdf(1))['id']}/pages/1/lease"
    assert anna.put(address).json()["by"] == "key anna"
    refused = ben.put(address)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:recto:problem:leased")
    assert refused.json()["lease"]["by"] == "key anna"
    assert anna.delete(address).status_code == 204
    assert ben.put(address).status_code == 200


def test_drafts_are_private_and_end_with_the_save(two: Two, make_pdf: Make) -> None:
    anna, ben = two
    document = sent(anna, make_pdf(1))
    address, version = f"/v1/documents/{document['id']}", document["pages"][0]["version"]
    draft = f"{address}/pages/1/draft"
    assert anna.put(draft, json={"text": "half", "version": version}).status_code == 204
    assert anna.put(draft, json={"fields": {"total": "3"}, "version": "x"}).status_code == 204
    kept = DraftModel.model_validate(anna.get(draft).json())
    assert (kept.content["text"], kept.version) == ("half", version)
    assert anna.get(draft, params={"kind": "fields"}).json()["content"] == {"fields": {"total": "3"}}
    assert ben.get(draft).status_code == 204
    anna.patch(f"{address}/transcript", json={"text": "whole", "version": version})
    assert anna.get(draft).status_code == 204
    assert anna.delete(draft, params={"kind": "fields"}).status_code == 204
    assert anna.get(draft, params={"kind": "fields"}).status_code == 204
    assert anna.put(draft, json={"version": "x"}).status_code == 422


def test_whoever_isnt_sure_leaves_the_page_to_others(two: Two, make_pdf: Make) -> None:
    anna, ben = two
    document = sent(anna, make_pdf(1))
    anna.post("/v1/queue/next")
    assert anna.post(f"/v1/documents/{document['id']}/pages/1/unsure").status_code == 204
    assert anna.post("/v1/queue/next").status_code == 204
    assert ben.post("/v1/queue/next").json()["unsure"] == ["key anna"]


def test_a_draft_of_a_field_without_a_name_is_refused(two: Two, make_pdf: Make) -> None:
    anna, _ = two
    document = sent(anna, make_pdf(1))
    draft = {"version": document["fields_version"], "fields": {"": "x"}}
    assert anna.put(f"/v1/documents/{document['id']}/pages/1/draft", json=draft).status_code == 422


def test_another_engines_reading_counts(two: Two, make_pdf: Make) -> None:
    anna, _ = two
    document = sent(anna, make_pdf(1))
    before = anna.get("/v1/queue").json()["pages"][0]["value"]
    reading = {"engine": "other", "text": "something else altogether"}
    address = f"/v1/documents/{document['id']}/pages/1/readings"
    assert anna.post(address, json=reading).status_code == 204
    entry = anna.get("/v1/queue").json()["pages"][0]
    assert entry["doubt"]["disagreement"] == 1.0 and entry["value"] > before
