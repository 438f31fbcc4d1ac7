"""Exports over real HTTP: what was corrected stands in every format, where it stands on the page."""

from collections.abc import Iterator

import httpx
import pypdfium2 as pdfium
import pytest

from recto.documents.formats import alto, hocr, page_xml
from recto.documents.pdf import pdfium_lock
from recto.serving.service import Service
from recto.workspace.folder import Workspace

from ...conftest import Make
from ..conftest import Reciting, Served, serving, settings_with


@pytest.fixture
def served(workspace: Workspace) -> Iterator[Served]:
    settings = settings_with(uploads={"max_pages": 2})
    with serving(Service(settings, workspace, lambda _: Reciting())) as running:
        yield running


@pytest.fixture
def corrected(served: Served, make_pdf: Make) -> str:
    """A document of two pages, of which the first is corrected; its address."""
    files = {"file": ("übung 1.pdf", make_pdf(2))}
    document = served.client.post("/v1/documents", files=files).json()
    address = f"/v1/documents/{document['id']}"
    lines = [{"text": "Größe 31,00", "box": [100, 50, 300, 90]}]
    saved = served.client.patch(
        f"{address}/transcript",
        json={"page": 1, "lines": lines},
        headers={"If-Match": document["pages"][0]["version"]},
    )
    assert saved.status_code == 200
    return address


def exported(client: httpx.Client, address: str, form: str, **more: int) -> httpx.Response:
    answer = client.get(f"{address}/export", params={"format": form, **more})
    assert answer.status_code == 200, answer.text
    assert "filename*=UTF-8''%C3%BCbung%201.pdf" in answer.headers["content-disposition"]
    return answer


@pytest.mark.parametrize(("form", "read"), [("alto", alto.read), ("hocr", hocr.read)])
def test_files_of_all_pages(form: str, read: object, served: Served, corrected: str) -> None:
    first, second = read(exported(served.client, corrected, form).content)  # type: ignore[operator]
    assert first.text == "Größe 31,00" and first.lines[0].box == (100, 50, 300, 90)
    assert not first.has_confidences and second.has_confidences
    assert second.text == "übung 1.pdf page 2"


def test_page_xml_holds_one_page(served: Served, corrected: str) -> None:
    for number, text in ((1, "Größe 31,00"), (2, "übung 1.pdf page 2")):
        (sheet,) = page_xml.read(exported(served.client, corrected, "page", page=number).content)
        assert sheet.text == text


def test_the_pdf_is_searched_where_the_text_stands(served: Served, corrected: str) -> None:
    data = exported(served.client, corrected, "pdf").content
    with pdfium_lock:
        pdf = pdfium.PdfDocument(data)
        layer = pdf[0].get_textpage()
        place = layer.search("Größe").get_next()
        assert place is not None
        left, _, _, top = layer.get_charbox(place[0])
        assert len(pdf) == 2
        per_pixel = 72 / 200
        assert (left, pdf[0].get_height() - top) == pytest.approx((100 * per_pixel, 50 * per_pixel), abs=0.5)
        pdf.close()


@pytest.mark.parametrize(("query", "status"), [("format=alto&page=3", 404), ("format=doc", 422), ("", 422)])
def test_what_is_not_there(query: str, status: int, served: Served, corrected: str) -> None:
    assert served.client.get(f"{corrected}/export?{query}").status_code == status


def test_a_document_that_is_too_long_is_exported_page_by_page(workspace: Workspace, corrected: str) -> None:
    settings = settings_with(uploads={"max_pages": 1})
    with serving(Service(settings, workspace, lambda _: Reciting())) as shorter:
        refused = shorter.client.get(f"{corrected}/export?format=pdf")
        assert (refused.status_code, refused.json()["hint"]) == (422, "ask for them one by one, with `page`")
        assert shorter.client.get(f"{corrected}/export?format=pdf&page=2").status_code == 200
