"""ALTO, PAGE XML, hOCR and Label Studio's JSON as datasets: images found, places in their pixels, trust."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recto.datasets.corpus.gathering import Filing, gather
from recto.datasets.detection import detect_format
from recto.datasets.loading import load_dataset, read_dataset
from recto.errors import AnnotationError

SAMPLES = Path(__file__).parents[1] / "documents" / "formats" / "samples"
TEXT = "Total amount 31.00\nThank you\nfor your visit"
FILES = {
    "receipt.alto3.xml": "sheets",
    "receipt.page2013.xml": "sheets",
    "receipt.hocr": "sheets",
    "receipt.label-studio.json": "label_studio",
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    shutil.copy(SAMPLES / "receipt.png", folder)
    return folder


@pytest.mark.parametrize(("name", "kind"), FILES.items())
def test_a_file_is_told_by_its_content(name: str, kind: str, export: Path) -> None:
    shutil.copy(SAMPLES / name, export)
    assert detect_format(export / name) == kind
    (example,) = load_dataset(export / name).examples
    assert example.image == "receipt.png"
    assert example.lines is not None
    assert example.lines[0].text == "Total amount 31.00"
    assert example.lines[0].box == pytest.approx((20, 20, 251, 38), abs=2)


def test_what_a_person_wrote_is_trusted_and_a_machine_s_reading_is_not(export: Path) -> None:
    shutil.copy(SAMPLES / "receipt.page2013.xml", export)
    (person,) = load_dataset(export).examples
    assert (person.text, person.text_unverified) == (TEXT, None)
    (export / "receipt.page2013.xml").unlink()
    shutil.copy(SAMPLES / "receipt.hocr", export)
    (machine,) = load_dataset(export).examples
    assert (machine.text, machine.text_unverified) == (None, TEXT)


def test_a_folder_as_transkribus_exports_it(export: Path) -> None:
    (export / "page").mkdir()
    shutil.copy(SAMPLES / "receipt.page2013.xml", export / "page" / "receipt.xml")
    (export / "metadata.xml").write_text("<trpDocMetadata/>")
    shutil.copy(SAMPLES / "receipt.png", export / "unread.png")
    assert detect_format(export) == "sheets"
    assert [(e.image, e.text) for e in load_dataset(export).examples] == [
        ("receipt.png", TEXT),
        ("unread.png", None),
    ]
    assert [e.text for e in gather([str(export)], Filing()).examples] == [TEXT, None], (
        "as `recto add` takes it"
    )


def test_places_are_in_pixels_of_the_image_that_is_there(export: Path) -> None:
    Image.open(export / "receipt.png").resize((210, 75)).save(export / "receipt.png")
    shutil.copy(SAMPLES / "receipt.alto3.xml", export)
    shutil.copy(SAMPLES / "receipt.label-studio.json", export)
    (alto,) = load_dataset(export / "receipt.alto3.xml").examples
    assert alto.lines is not None
    assert alto.lines[0].box == (10, 10, 125.5, 19)
    (task,) = load_dataset(export / "receipt.label-studio.json").examples
    assert task.lines is not None
    assert task.lines[0].box == (10.5, 9, 126, 19.5)


def test_pages_of_one_document_stay_pages(tmp_path: Path) -> None:
    first, second = Image.new("L", (40, 20)), Image.new("L", (80, 20))
    first.save(tmp_path / "deed.tif", save_all=True, append_images=[second])
    line = '<TextLine HPOS="0" VPOS="0" WIDTH="20" HEIGHT="5"><String CONTENT="{}"/></TextLine>'
    pages = "".join(f'<Page WIDTH="40" HEIGHT="20">{line.format(word)}</Page>' for word in ("one", "two"))
    (tmp_path / "deed.alto.xml").write_text(f"<alto><Layout>{pages}</Layout></alto>")
    examples = load_dataset(tmp_path).examples
    assert [(e.image, e.page, e.text) for e in examples] == [("deed.tif", 1, "one"), ("deed.tif", 2, "two")]
    assert [e.lines and e.lines[0].box for e in examples] == [(0, 0, 20, 5), (0, 0, 40, 5)]


def test_a_missing_image_and_a_broken_file_are_told(export: Path) -> None:
    shutil.copy(SAMPLES / "receipt.page2013.xml", export / "other.xml")
    (export / "broken.xml").write_text("<PcGts><Page>")
    (export / "receipt.png").rename(export / "elsewhere.png")
    problems = [str(problem) for problem in read_dataset(export).problems]
    assert "broken.xml" in problems[0] and "no valid XML" in problems[0]
    assert "other.xml" in problems[1] and "'receipt.png' is missing" in problems[1]


@pytest.mark.parametrize(
    "name", ["../receipt.png", "/etc/receipt.png", "C:\\\\scans\\\\receipt.png", "a/b/receipt.png"]
)
def test_paths_of_other_machines_mean_the_file_beside(name: str, export: Path) -> None:
    page = (SAMPLES / "receipt.page2013.xml").read_text().replace("receipt.png", name.replace("\\\\", "\\"))
    (export / "x.xml").write_text(page)
    assert [example.image for example in load_dataset(export / "x.xml").examples] == ["receipt.png"]


def test_label_studio_says_what_the_person_said(export: Path) -> None:
    shutil.copy(SAMPLES / "receipt.label-studio.json", export)
    (example,) = load_dataset(export / "receipt.label-studio.json").examples
    assert example.text == "Total amount 31.00\nThank you", (
        "neither cancelled nor predicted, no line without text"
    )
    assert (example.category, example.category_guessed) == ("receipt", False)


def task(**changes: object) -> list[dict[str, object]]:
    entry = json.loads((SAMPLES / "receipt.label-studio.json").read_text())[0]
    return [entry | changes]


@pytest.mark.parametrize(
    "address",
    [
        "receipt.png",
        "s3://bucket/some/receipt.png",
        "/data/local-files/?d=scans/receipt.png",
        "https://example.org/receipt.png?token=1",
    ],
)
def test_label_studio_s_addresses(address: str, export: Path) -> None:
    (export / "tasks.json").write_text(json.dumps(task(data={"image": address})))
    assert [e.image for e in load_dataset(export / "tasks.json").examples] == ["receipt.png"]


def test_a_text_without_region_is_the_page_s_and_the_turned_are_turned(export: Path) -> None:
    whole = {"id": "w", "from_name": "text", "value": {"text": ["first row", "second row"]}}
    place = {"x": 50, "y": 20, "width": 10, "height": 20, "rotation": 90, "text": ["down"]}
    annotation = {"result": [whole, {"id": "t", "from_name": "text", "value": place}]}
    (export / "tasks.json").write_text(json.dumps(task(annotations=[annotation])))
    (example,) = load_dataset(export / "tasks.json").examples
    assert example.text == "first row second row"
    assert example.lines is not None
    (line,) = example.lines
    assert line.box == pytest.approx((180, 30, 210, 72))
    assert line.polygon is not None
    assert line.polygon[0] == pytest.approx((210, 30))
    assert line.polygon[1] == pytest.approx((210, 72)), "the text runs down"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"data": {"image": "gone.png"}}, "no image of this task is here"),
        ({"annotations": [{"result": [{"value": {"x": "left"}}]}]}, r"annotations\.0\.result\.0\.value\.x"),
    ],
)
def test_wrong_tasks_are_told_and_the_others_read(wrong: dict[str, object], why: str, export: Path) -> None:
    (export / "tasks.json").write_text(json.dumps(task() + task(**wrong)))
    reading = read_dataset(export / "tasks.json")
    assert [example.image for example in reading.examples] == ["receipt.png"]
    with pytest.raises(AnnotationError, match=why):
        load_dataset(export / "tasks.json")


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "result", "value", "x", "y", "width", "height", "points", "text", "choices"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(annotations=values)
@settings(max_examples=100, deadline=None)
def test_wild_tasks_are_read_or_told(annotations: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("wild")
    shutil.copy(SAMPLES / "receipt.png", folder)
    (folder / "tasks.json").write_text(json.dumps(task(annotations=annotations)))
    reading = read_dataset(folder / "tasks.json")
    assert len(reading.examples) + len(reading.problems) == 1
