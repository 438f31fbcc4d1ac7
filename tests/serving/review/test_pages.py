"""The review pages as any client of HTTP sees them: who gets in, what each may do, what the pages carry."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from recto.registry.promotion import promotions
from recto.registry.store import add_release, currents
from recto.serving.app import create_app
from recto.serving.review.rendering import CONTENT_SECURITY, STATIC
from recto.serving.service import Service
from recto.workspace.folder import Workspace

from ...registry.conftest import ORIGIN, TEXTS, Pages, Registry
from ..conftest import Reciting, settings_with
from ..live import live
from .conftest import PASSWORD, Site, signed_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ADDRESSES = (
    "/review",
    "/review/upload",
    "/review/dashboard",
    "/review/releases",
    "/review/documents/" + "0" * 64,
)


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, timeout=60) as client:
        yield client


def person(client: httpx.Client, name: str) -> httpx.Client:
    signed_in(client, name)
    return client


@pytest.mark.parametrize("address", ADDRESSES)
def test_strangers_are_sent_to_sign_in(address: str, stranger: httpx.Client) -> None:
    answer = stranger.get(address)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/review/sign-in?next={address}")


@pytest.mark.parametrize(
    ("next_address", "led_to"),
    [
        ("/review/dashboard", "/review/dashboard"),
        ("https://example.org/review", "/review"),
        ("//example.org", "/review"),
        ("/review\\\\example.org", "/review"),
        ("/review//example.org", "/review"),
    ],
)
def test_signing_in_leads_to_a_page_of_ours(next_address: str, led_to: str, stranger: httpx.Client) -> None:
    form = {"name": "anna", "password": PASSWORD, "next": next_address}
    answer = stranger.post("/review/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, led_to)
    assert stranger.get(led_to).status_code == 200
    assert {"HttpOnly", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))


def test_a_wrong_password_and_another_site_s_form(stranger: httpx.Client) -> None:
    wrong = stranger.post("/review/sign-in", data={"name": "<b>anna", "password": "x"})
    assert wrong.status_code == 401
    assert "Name or password is wrong." in wrong.text and "<b>anna" not in wrong.text
    form = {"name": "anna", "password": PASSWORD}
    foreign = stranger.post("/review/sign-in", data=form, headers={"Origin": "https://example.org"})
    assert foreign.status_code == 403


def test_signing_out_ends_the_session(stranger: httpx.Client) -> None:
    client = person(stranger, "ben")
    assert client.get("/review").status_code == 200
    cookie = client.cookies["recto_session"]
    assert client.post("/review/sign-out").headers["HX-Redirect"] == "/review/sign-in"
    assert client.get("/review", headers={"Cookie": f"recto_session={cookie}"}).status_code == 303


def test_pages_carry_a_strict_policy_and_nothing_inline(site: Site) -> None:
    document = site.upload("receipt_1.png", 21)
    for address in (*ADDRESSES, f"/review/documents/{document}", "/review/sign-in"):
        answer = site.client.get(address)
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY
        scripts = re.findall(
            r"<script(?![^>]*(?:src=|application/json))[^>]*>|\son\w+=|\sstyle=|<style", answer.text
        )
        assert not scripts, address
        assert not re.findall(r"(?:src|href)=\"(?!/|\?|#)", answer.text), "nothing from elsewhere"
    assert "unsafe" not in CONTENT_SECURITY


def test_static_files_are_ours_alone(stranger: httpx.Client) -> None:
    for path in STATIC.iterdir():
        assert stranger.get(f"/review/static/{path.name}").content == path.read_bytes()
    assert stranger.get("/review/static/nothing.js").status_code == 404
    assert stranger.get("/review/static/..%2Fwork.py").status_code == 404


def test_the_dashboard_estimates_from_pages_at_random_alone(site: Site) -> None:
    """Pages of the queue are drawn by their hash: some are uploaded until one is at random."""
    assert "no page drawn at random is corrected yet" in site.client.get("/review/dashboard").text
    for seed in range(100, 160):
        site.upload(f"draw_{seed}.png", seed)
    waiting = site.client.get("/v1/queue", params={"limit": 1000}).json()["pages"]
    assert "random" in {entry["stream"] for entry in waiting}
    while (entry := site.client.post("/v1/queue/next").json())["stream"] != "random":
        site.client.post(f"/v1/documents/{entry['id']}/pages/1/unsure")
    address = f"/v1/documents/{entry['id']}"
    page = site.client.get(address).json()["pages"][0]
    saved = site.client.patch(
        f"{address}/transcript",
        json={"page": 1, "text": page["text"]},
        headers={"If-Match": page["version"]},
    )
    assert saved.status_code == 200
    assert "by 1 corrected page drawn at random" in site.client.get("/review/dashboard").text


def test_texts_are_shown_and_never_run(site: Site) -> None:
    evil = "</script><script>alert(1)</script>"
    document = site.upload("evil.png", 22)
    page = site.client.get(f"/v1/documents/{document}").json()["pages"][0]
    saved = site.client.patch(
        f"/v1/documents/{document}/transcript",
        json={"page": 1, "lines": [{"text": evil, "box": [1, 1, 50, 20]}]},
        headers={"If-Match": page["version"]},
    )
    assert saved.status_code == 200
    shown = site.client.get(f"/review/documents/{document}").text
    assert evil not in shown
    assert "alert(1)" in shown


def test_a_page_that_is_not_there(site: Site) -> None:
    for address in (
        "/review/documents/" + "0" * 64,
        f"/review/documents/{site.upload('one.png', 23)}?page=2",
    ):
        answer = site.client.get(address)
        assert answer.status_code == 404
        assert "There is no such page" in answer.text


def test_opening_a_page_leaves_it_to_who_may_correct(site: Site, stranger: httpx.Client) -> None:
    document = site.upload("leased.png", 24)
    reader = person(stranger, "rita")
    assert reader.get(f"/review/documents/{document}").status_code == 200
    lease = site.client.get(f"/v1/documents/{document}").json()["pages"][0]["lease"]
    assert lease is None
    site.client.get(f"/review/documents/{document}")
    assert reader.get(f"/v1/documents/{document}").json()["pages"][0]["lease"]["by"] == "anna"


@pytest.mark.parametrize(
    ("name", "address", "form"),
    [
        ("rita", "/review/next", {}),
        ("ben", "/review/improve", {"scope": "general"}),
        ("ben", "/review/promote", {"number": "1"}),
        ("ben", "/review/rollback", {}),
    ],
)
def test_roles(name: str, address: str, form: dict[str, str], stranger: httpx.Client) -> None:
    answer = person(stranger, name).post(address, data=form)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "your role doesn't allow that"


def test_no_change_without_the_token(stranger: httpx.Client) -> None:
    client = person(stranger, "anna")
    del client.headers["X-CSRF-Token"]
    for address in (
        "/review/next",
        "/review/improve",
        "/review/promote",
        "/review/rollback",
        "/review/sign-out",
    ):
        assert client.post(address, data={"number": "1"}).status_code == 403, address


@pytest.fixture
def released(tmp_path: Path, workspace: Workspace) -> Iterator[tuple[httpx.Client, Registry]]:
    """Two Releases, of which the first is current; nobody has to sign in."""
    (tmp_path / "pages").mkdir()
    registry = Registry(workspace, Pages(tmp_path / "pages"), tmp_path)
    for weights, read in ((b"one", dict.fromkeys(TEXTS, "receipt")), (b"two", TEXTS)):
        add_release(workspace, "general", registry.model(weights), registry.report(read), ORIGIN)
    registry.promote(1)
    service = Service(settings_with(), workspace, lambda _: Reciting())
    with live(create_app(service)) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client, registry


def test_promoting_going_back_and_comparing(released: tuple[httpx.Client, Registry]) -> None:
    client, registry = released
    assert client.post("/review/promote", data={"number": "2"}).headers["HX-Redirect"] == "/review/releases"
    assert currents(registry.workspace) == {"general": 2}
    assert promotions(registry.workspace)[-1].reason == "local promoted it on the review pages"
    compared = client.get("/review/releases?before=1&after=2").text
    assert "Release 1 → Release 2" in compared and "▲ better" in compared and "0.png" in compared
    assert client.post("/review/rollback").headers["HX-Redirect"] == "/review/releases"
    assert currents(registry.workspace) == {"general": 1}
    told = client.post("/review/rollback")
    assert "none to go back to" in told.text
    assert "there is no Release 9" in client.post("/review/promote", data={"number": "9"}).text
    assert "no loop" in client.get("/review/dashboard").text
    assert client.post("/review/improve").status_code == 422


def test_a_comparison_on_a_narrow_screen_scrolls_inside_its_tables(
    released: tuple[httpx.Client, Registry], browser: "Browser"
) -> None:
    page = browser.new_page(viewport={"width": 420, "height": 900})
    page.goto(f"{released[0].base_url}/review/releases?before=1&after=2")
    assert page.get_by_role("radio").count() == 4
    assert page.evaluate("document.documentElement.scrollWidth") == 420
    page.close()
