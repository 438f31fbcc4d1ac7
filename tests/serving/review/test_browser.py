"""The review pages in a real browser: by keyboard alone, by two people, on a bad line, on a long page."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .conftest import SCOPES, SCREENSHOTS, Site, sheet

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

Open = Callable[..., "BrowserContext"]

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
SERIOUS = {"serious", "critical"}


def document_page(context: "BrowserContext", document: str) -> "Page":
    page = context.new_page()
    page.goto(f"/review/documents/{document}")
    page.wait_for_selector("body[data-ready]")
    return page


def status(page: "Page", words: str) -> None:
    page.locator("#status", has_text=words).wait_for()


def test_a_page_is_corrected_by_keyboard_alone(site: Site, opened: Open) -> None:
    document = site.upload("keys.png", 1)
    page = opened("ben").new_page()
    page.goto("/review")
    page.wait_for_selector("button:focus")  # it has the focus at first, a moment after the page is there
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("document.activeElement.closest('.row').dataset.i") == "1", "the first unsure line"
    page.keyboard.press("Alt+n")
    assert page.evaluate("document.activeElement.closest('.row').dataset.i") == "4", "the next unsure line"
    assert page.evaluate("[document.activeElement.selectionStart, document.activeElement.selectionEnd]") == [
        5,
        6,
    ], "the unsure word, to be typed over"
    page.keyboard.press("End")
    page.keyboard.type(", corrected")
    assert page.locator(".row.on ins").all_inner_texts() == ["keys,", "corrected"]
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/review")
    assert "Nothing waits" in page.inner_text("h1")
    assert site.text_of(document).splitlines()[4] == "line 5 of keys, corrected"
    assert [one["by"] for one in site.corrections_of(document)] == ["ben"]


PLACES = """() => [".tools", "#viewer"].map((name) => {
    const box = document.querySelector(name).getBoundingClientRect();
    return [box.top, box.bottom];
})"""


def test_the_tools_of_the_view_never_cover_the_page(site: Site, opened: Open) -> None:
    page = document_page(opened("ben"), site.upload("tools.png", 41))
    for width in (1280, 700):
        page.set_viewport_size({"width": width, "height": 800})
        for _ in range(3):
            page.keyboard.press("Alt++")
        (tools_top, tools_bottom), (top, bottom) = page.evaluate(PLACES)  # of one moment
        assert tools_bottom > tools_top and bottom - top > 100
        assert tools_bottom <= top, "what is zoomed stays inside the viewer"
    page.keyboard.press("Alt+a")
    page.wait_for_url("**/review")


def test_accepting_leaves_the_reading_as_it_was_and_unsure_leaves_the_page(site: Site, opened: Open) -> None:
    first, second = site.upload("accept.png", 2), site.upload("unsure.png", 3)
    context = opened("ben")
    page = document_page(context, first)
    page.keyboard.type("typed and not wanted ")
    page.keyboard.press("Alt+a")
    page.wait_for_url(f"**/documents/{second}**")
    assert site.text_of(first).splitlines()[1] == "line 2 of accept"
    page.wait_for_selector("body[data-ready]")
    page.keyboard.press("Alt+u")
    page.wait_for_url("**/review")
    assert "ben unsure" in page.inner_text("main")
    assert site.corrections_of(second) == []
    site.client.post(f"/v1/documents/{second}/pages/1/unsure")


def test_a_line_and_its_box_light_up_together(site: Site, opened: Open) -> None:
    page = document_page(opened("ben"), site.upload("light.png", 4))
    assert page.locator("#overlay polygon.on").get_attribute("data-i") == "1"
    page.keyboard.press("Enter")
    assert page.locator("#overlay polygon.on").get_attribute("data-i") == "2"
    page.locator('#overlay polygon[data-i="5"]').click()
    assert page.locator(".row.on").get_attribute("data-i") == "5"
    assert page.evaluate("document.activeElement.closest('.row').dataset.i") == "5"


def test_two_reviewers_of_one_page_lose_nothing(site: Site, opened: Open) -> None:
    document = site.upload("both.png", 5)
    hers, his = document_page(opened("anna"), document), document_page(opened("ben"), document)
    assert "anna works on it" in his.inner_text(".title")
    hers.locator('[data-i="0"] input').fill("hers in the first")
    hers.keyboard.press("Control+s")
    status(hers, "Saved")
    his.locator('[data-i="0"] input').fill("his in the first")
    his.locator('[data-i="2"] input').fill("his in the third")
    his.keyboard.press("Control+s")
    his.locator("#conflict[open]").wait_for()
    his.screenshot(path=SCREENSHOTS / "conflict.png")
    his.locator('#conflict [name="line-0"][value="theirs"]').check()
    his.locator("#conflict-save").click()
    his.locator(".title", has_text="trusted").wait_for()
    said = site.text_of(document).splitlines()
    assert (said[0], said[2]) == ("hers in the first", "his in the third")
    assert [one["by"] for one in site.corrections_of(document)] == ["anna", "ben"]


def test_a_save_whose_answer_is_lost_is_saved_once(site: Site, opened: Open) -> None:
    document = site.upload("lost.png", 6)
    page = document_page(opened("ben"), document)
    lost = []

    def lose_the_first_answer(route: "Route") -> None:
        answer = route.fetch()
        if lost:
            route.fulfill(response=answer)
        else:
            lost.append(answer.status)
            route.abort("connectionreset")

    page.route("**/transcript", lose_the_first_answer)
    page.locator('[data-i="0"] input').fill("said once")
    page.keyboard.press("Control+s")
    status(page, "Connection lost")
    status(page, "Saved")
    assert lost == [200], "the service had saved it"
    assert len(site.corrections_of(document)) == 1
    assert site.text_of(document).startswith("said once")


def test_what_is_typed_without_a_connection_is_saved_when_it_is_back(site: Site, opened: Open) -> None:
    document = site.upload("offline.png", 7)
    context = opened("ben")
    page = document_page(context, document)
    context.set_offline(True)
    page.locator('[data-i="0"] input').fill("typed offline")
    page.keyboard.press("Control+s")
    status(page, "Connection lost")
    context.set_offline(False)
    status(page, "Saved")
    assert site.text_of(document).startswith("typed offline")


def test_a_draft_survives_a_closed_browser(site: Site, opened: Open) -> None:
    document = site.upload("draft.png", 8)
    context = opened("ben")
    page = document_page(context, document)
    page.locator('[data-i="3"] input').fill("half a thou")
    status(page, "Draft kept")
    context.close()
    again = document_page(opened("ben"), document)
    assert again.locator('[data-i="3"] input').input_value() == "half a thou"
    assert (
        document_page(opened("anna"), document).locator('[data-i="3"] input').input_value()
        == "line 4 of draft"
    )


def test_what_is_typed_while_a_save_is_under_way_isnt_left_behind(site: Site, opened: Open) -> None:
    """The answer takes its time; the person goes on typing, and has to be asked to save that as well."""
    document = site.upload("while.png", 51)
    other = site.upload("after.png", 52)
    context = opened("ben")
    page = document_page(context, document)
    context.set_offline(True)
    page.locator('[data-i="0"] input').fill("typed before")
    page.keyboard.press("Control+Enter")
    status(page, "Connection lost")
    page.locator('[data-i="2"] input').fill("typed meanwhile")
    context.set_offline(False)
    status(page, "what you typed meanwhile isn't")
    assert document in page.url, "the next page would have hidden it"
    assert page.locator('[data-i="2"] input').input_value() == "typed meanwhile"
    page.keyboard.press("Control+Enter")
    page.wait_for_url(lambda url: document not in url)
    said = site.text_of(document).splitlines()
    assert (said[0], said[2]) == ("typed before", "typed meanwhile")
    assert [len(site.corrections_of(one)) for one in (document, other)] == [2, 0]


def test_a_draft_of_a_page_that_somebody_else_saved_since_is_shown(site: Site, opened: Open) -> None:
    document = site.upload("stale.png", 53)
    his = document_page(opened("ben"), document)
    his.locator('[data-i="3"] input').fill("half a thought")
    status(his, "Draft kept")
    his.context.close()
    hers = document_page(opened("anna"), document)
    hers.locator('[data-i="0"] input').fill("hers")
    hers.keyboard.press("Control+s")
    status(hers, "Saved")
    his = document_page(opened("ben"), document)
    status(his, "the page has changed since")
    assert his.locator('[data-i="3"] input').input_value() == "half a thought"
    his.keyboard.press("Control+s")
    his.locator("#conflict[open]").wait_for()
    with his.expect_navigation():  # hers where he had typed nothing, his own where she hadn't
        his.locator("#conflict-save").click()
    said = site.text_of(document).splitlines()
    assert (said[0], said[3]) == ("hers", "half a thought")
    again = document_page(opened("ben"), document)
    assert again.inner_text("#status") == "", "the draft is saved, and done with"


def test_leaving_a_page_in_a_hurry_loses_nothing(site: Site, opened: Open) -> None:
    document = site.upload("hurry.png", 16)
    page = document_page(opened("ben"), document)
    page.locator('[data-i="3"] input').fill("typed and gone")
    page.goto("/review")
    page.goto(f"/review/documents/{document}")
    page.wait_for_selector("body[data-ready]")
    assert page.locator('[data-i="3"] input').input_value() == "typed and gone"


def test_a_key_on_a_page_of_500_lines_touches_its_own_line_only(site: Site, opened: Open) -> None:
    """How quick that is, `benchmarks/review_keys.py` measures."""
    page = document_page(opened("ben"), site.upload("long[500].png", 9, rows=500))
    assert page.locator(".row").count() == 500
    page.evaluate("""() => {
        window.touched = new Set();
        new MutationObserver((all) => all.forEach((one) => {
            const element = one.target.nodeType === 1 ? one.target : one.target.parentElement;
            const row = element.closest('.row');
            window.touched.add(row ? row.dataset.i : element.id || element.tagName);
        })).observe(
            document.getElementById('work'),
            {subtree: true, childList: true, attributes: true, characterData: true},
        );
    }""")
    page.keyboard.type("x")
    assert page.evaluate("[...window.touched]") == ["1"]


def test_added_and_emptied_lines(site: Site, opened: Open) -> None:
    document = site.upload("lines.png", 10)
    page = document_page(opened("ben"), document)
    page.locator('[data-i="1"] input').fill("")
    page.locator("#add-line").click()
    page.keyboard.type("an added line")
    page.keyboard.press("Control+s")
    status(page, "Saved")
    said = site.text_of(document).splitlines()
    assert "line 2 of lines" not in said
    assert "an added line" in said
    page.locator(".title", has_text="trusted").wait_for()
    page.keyboard.press("Alt+z")
    page.locator(".title", has_text="waits for a look").wait_for()
    assert site.text_of(document).splitlines()[1] == "line 2 of lines"


def test_unsure_words_are_marked_heard_and_shown_on_the_page(site: Site, opened: Open) -> None:
    page = document_page(opened("ben"), site.upload("words.png", 17))
    row = page.locator('.row[data-i="4"]')
    assert row.locator("mark").all_inner_texts() == ["5"]
    assert row.get_by_role("textbox", name="Line 5, unsure, 55 percent, unsure words: 5").count() == 1
    assert page.locator("#overlay line").count() == 2, "one for each unsure word with a place"
    mark, box = row.locator("mark").bounding_box(), row.locator("input").bounding_box()
    assert mark is not None and box is not None
    typed = page.evaluate(
        """(input) => {
            const pen = document.createElement("canvas").getContext("2d");
            pen.font = getComputedStyle(input).font;
            return pen.measureText("line ").width;
        }""",
        row.locator("input").element_handle(),
    )
    padding = 9  # of the input, with its border
    assert abs(mark["x"] - box["x"] - padding - typed) < 1.5, "below its word"
    assert row.locator("mark").is_visible()
    row.locator("input").fill("something else")
    assert not row.locator("mark").is_visible(), "what a person wrote isn't unsure"
    row.locator("input").fill("line 5 of words")
    assert row.locator("mark").is_visible()


def test_fields_are_saved_as_a_form(site: Site, opened: Open) -> None:
    document = site.upload("receipt_11.png", 11)
    found = site.client.get(f"/v1/documents/{document}").json()["extraction"]["values"]
    page = document_page(opened("ben"), document)
    field = page.locator("#fields [data-field]:not([data-list])").first
    field.locator("input").fill("2023-03-12")
    page.locator("#save-fields").click()
    status(page, "Fields saved")
    expected = {**found, field.get_attribute("data-field"): "2023-03-12"}
    assert fields_of(site, document) == expected, "who saves has seen the others, too"


def fields_of(site: Site, document: str) -> dict[str, object]:
    return dict(site.client.get(f"/v1/documents/{document}").json()["fields"])


def give_fields(site: Site, document: str, fields: dict[str, object]) -> None:
    """Somebody else saves fields."""
    version = site.client.get(f"/v1/documents/{document}").json()["fields_version"]
    told = site.client.patch(
        f"/v1/documents/{document}/fields", json={"fields": fields}, headers={"If-Match": f'"{version}"'}
    )
    assert told.status_code == 200, told.text


ITEMS = [
    {"description": "pen", "amount": {"amount": "1.20", "currency": "EUR"}, "count": 2},
    {"description": "ink", "amount": {"amount": "3.10", "currency": None}},
]


def test_the_rows_of_a_list_are_edited_added_and_removed_by_keyboard(site: Site, opened: Open) -> None:
    document = site.upload("receipt_18.png", 18)
    give_fields(site, document, {"items": ITEMS, "tags": ["old"], "paid": False})
    page = document_page(opened("ben"), document)
    items = page.get_by_role("group", name="items", exact=True)
    second = items.get_by_role("group", name="items, row 2")
    second.get_by_label("description").fill("blue ink")
    items.get_by_role("button", name="Add a row to items").press("Enter")
    page.keyboard.type("paper")
    page.keyboard.press("Tab")
    page.keyboard.type("7")
    items.get_by_role("button", name="Remove row 1 of items").press("Enter")
    assert page.evaluate("document.activeElement.value") == "blue ink", "the row that moved up"
    items.get_by_role("button", name="Add a row to items").click()  # stays empty: it counts for nothing
    assert [row.get_attribute("aria-label") for row in items.locator(".item").all()] == [
        f"items, row {n}" for n in (1, 2, 3)
    ]
    page.locator('[data-field="paid"] select').select_option("yes")
    page.get_by_role("button", name="Remove row 1 of tags").click()
    page.locator("#save-fields").click()
    status(page, "Fields saved")
    assert fields_of(site, document) == {
        "items": [ITEMS[1] | {"description": "blue ink"}, {"description": "paper", "quantity": "7"}],
        "tags": [],
        "paid": True,
        "vendor": "line 1 of receipt_18",  # as it was found: who saves has seen it, too
    }
    count = items.locator(".item").first.get_by_label("count")
    count.fill("two")
    page.locator("#save-fields").click()
    status(page, "“two” is no number")
    assert page.evaluate("document.activeElement.value") == "two"


def test_two_people_change_fields_and_lose_nothing(site: Site, opened: Open) -> None:
    document = site.upload("receipt_19.png", 19)
    give_fields(site, document, {"items": ITEMS, "date": "2023-01-01", "number": "7"})
    page = document_page(opened("ben"), document)
    give_fields(site, document, {"items": ITEMS[:1], "number": "8", "vendor": "hers"})
    page.locator('[data-field="number"] input').fill("9")
    page.locator('[data-field="date"] input').fill("2024-02-02")
    page.get_by_role("button", name="Remove row 2 of items").click()
    page.get_by_label("description").first.fill("pencil")
    page.locator("#save-fields").click()
    page.locator("#conflict[open]").wait_for()
    legends = page.locator("#conflict legend").all_inner_texts()
    assert set(legends) == {"number", "date", "items", "vendor"}
    hers = page.get_by_role("group", name="vendor", exact=True).get_by_role("radio", name="Theirs")
    assert hers.is_checked(), "only she has changed it"
    theirs = page.get_by_role("group", name="number", exact=True).get_by_role("radio", name="Theirs")
    assert "8" in theirs.locator("..").inner_text()
    theirs.check()
    page.screenshot(path=SCREENSHOTS / "conflict-fields.png")
    page.locator("#conflict-save").click()
    page.locator('[data-field="vendor"] input[value="hers"]').wait_for()
    assert fields_of(site, document) == {
        "items": [ITEMS[0] | {"description": "pencil"}],
        "date": "2024-02-02",
        "number": "8",
        "vendor": "hers",
    }


def test_after_a_choice_the_whole_form_is_saved(site: Site, opened: Open) -> None:
    document = site.upload("receipt_20.png", 20)
    found = site.client.get(f"/v1/documents/{document}").json()["extraction"]["values"]
    page = document_page(opened("ben"), document)
    give_fields(site, document, {"number": "8"})
    page.locator('[data-field="date"] input').fill("2024-02-02")
    page.locator("#save-fields").click()
    page.locator("#conflict[open]").wait_for()
    page.locator("#conflict-save").click()
    page.locator('[data-field="number"] input[value="8"]').wait_for()
    expected = {**found, "date": "2024-02-02", "number": "8"}
    assert found and fields_of(site, document) == expected, "what was found and seen, too"


def test_keys_can_be_switched_off(site: Site, opened: Open) -> None:
    document = site.upload("off.png", 12)
    page = document_page(opened("ben"), document)
    page.keyboard.press("Alt+h")
    page.locator("#shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.locator('[data-i="1"] input').focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Alt+a")
    assert page.evaluate("document.activeElement.closest('.row').dataset.i") == "1"
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert not page.locator("#shortcuts").is_checked()
    assert site.corrections_of(document) == []


def test_whoever_only_reads_changes_nothing(site: Site, opened: Open) -> None:
    page = document_page(opened("rita"), site.upload("read.png", 13))
    assert page.locator(".row input").first.get_attribute("readonly") is not None
    assert page.locator("#save, #accept, #unsure").count() == 0


def test_uploading_and_improving(site: Site, opened: Open, tmp_path: Path) -> None:
    (tmp_path / "new.png").write_bytes(sheet(14))
    (tmp_path / "none.png").write_bytes(b"no image")
    page = opened("anna").new_page()
    page.goto("/review/upload")
    page.locator("#files").set_input_files([tmp_path / "new.png", tmp_path / "none.png"])
    page.locator("button[type=submit]").click()
    page.locator("#done li").nth(1).wait_for()
    said = page.locator("#done li").all_inner_texts()
    assert said[0] == "new.png is kept: 1 of 1 pages read"
    assert said[1].startswith("none.png wasn't kept: ")
    page.goto("/review/dashboard")
    page.get_by_text("epoch 2: 3.10% wrong").wait_for()
    for count, scope in enumerate(SCOPES):
        page.get_by_role("button", name=f"Improve now: {scope}", exact=True).click()
        page.get_by_text("Asked for: anna asked for it on the dashboard").nth(count).wait_for()
    assert site.loop.asked == [(scope, "anna asked for it on the dashboard") for scope in SCOPES]
    page.get_by_text("train 38 · val 0 · test 20; 58 new since the last run").wait_for()


PAGES = {
    "sign-in": "/review/sign-in",
    "queue": "/review",
    "document": "/review/documents/{document}",
    "dashboard": "/review/dashboard",
    "releases": "/review/releases",
    "upload": "/review/upload",
    "nothing": "/review/documents/" + "0" * 64,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_shuts_anybody_out(name: str, scheme: str, site: Site, opened: Open) -> None:
    """axe finds no serious fault; at 200 % (half the room) nothing has to be scrolled sideways."""
    document = site.upload("receipt_15.png", 15)
    page = opened("anna", color_scheme=scheme).new_page()
    page.goto(PAGES[name].format(document=document))
    page.wait_for_load_state("networkidle" if name != "dashboard" else "load")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", full_page=name != "document")
    page.evaluate(AXE)  # not as a script of the page, which its policy would refuse
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert found["passes"]
    faults = {
        one["id"]: [node["html"][:200] for node in one["nodes"]][:3]
        for one in found["violations"]
        if one["impact"] in SERIOUS
    }
    assert not faults, json.dumps(faults, indent=1)
    page.set_viewport_size({"width": 640, "height": 400})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "scrolls sideways"
    page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-200.png")
