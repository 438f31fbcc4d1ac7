"""Both files: what is in them, with who, when and what changed; and what isn't."""

import json
from pathlib import Path

from recto.corrections.consent import Consent, set_consent
from recto.corrections.documents import document
from recto.corrections.edit import FieldsEdit, Stamp, TranscriptEdit
from recto.corrections.export import EXTRACTION, TRAINING, Exported, export
from recto.corrections.place import Place
from recto.corrections.store import save_fields, save_transcript, undo
from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.corpus.labelled import look_labelled
from recto.datasets.example import Example
from recto.datasets.pages import content_hash
from recto.extraction.loading import load_schema
from recto.training.tagging.labelled import labels_for
from recto.workspace.folder import Workspace, open_workspace

from .conftest import Read, page_image


def correct(workspace: Workspace, place: Place, text: str, **fields: str) -> None:
    shown = document(workspace, place.sha256)
    save_transcript(workspace, place, TranscriptEdit(text), Stamp("anna", shown.pages[0].content.version))
    if fields:
        save_fields(workspace, place.sha256, FieldsEdit(fields), Stamp("anna", shown.fields_version))


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_what_people_said_is_written_with_its_provenance(
    workspace: Workspace, read: Read, tmp_path: Path
) -> None:
    place = read("a", "TOTAI 31", release="3")
    correct(workspace, place, "TOTAL 31", total="31")
    assert export(workspace, tmp_path / "out") == Exported(1, 1)
    (page,) = rows(tmp_path / "out" / TRAINING)
    assert (page["document"], page["text"], page["by"], page["release"]) == (
        place.sha256,
        "TOTAL 31",
        "anna",
        "3",
    )
    assert isinstance(page["before"], dict) and page["before"]["text"] == "TOTAI 31"
    (pair,) = rows(tmp_path / "out" / EXTRACTION)
    assert (pair["prompt"], pair["answer"]) == ("OCR_TEXT:\nTOTAL 31", '{"total": "31"}')
    assert pair["by"] == "anna" and pair["at"]


def test_what_isnt_a_persons_or_not_to_be_learnt_isnt_written(
    workspace: Workspace, read: Read, tmp_path: Path
) -> None:
    read("waiting", "machine")
    example = Example("file.png", page_image("file"), "by a file", "receipt")
    add_examples(workspace, [example], shares=shares_of(workspace.settings.split))
    withdrawn, undone = read("withdrawn", "machine"), read("undone", "machine")
    for place in (withdrawn, undone):
        correct(workspace, place, "a person's", total="1")
    set_consent(workspace, withdrawn.sha256, Consent(train=False), "anna")
    version = document(workspace, undone.sha256).pages[0].content.version
    undo(workspace, undone, "transcript", Stamp("anna", version))
    undo(workspace, undone, "fields", Stamp("anna", document(workspace, undone.sha256).fields_version))
    assert export(workspace, tmp_path / "out") == Exported(0, 0)


def test_fields_teach_whether_or_not_a_person_has_seen_the_text(
    workspace: Workspace, read: Read, tmp_path: Path
) -> None:
    place, unread = read("a", "TOTAI 31"), read("b", None)
    for one in (place, unread):
        shown = document(workspace, one.sha256)
        save_fields(workspace, one.sha256, FieldsEdit({"total": "31"}), Stamp("anna", shown.fields_version))
    assert export(workspace, tmp_path / "out") == Exported(0, 1), "what isn't read yet has no prompt"
    (pair,) = rows(tmp_path / "out" / EXTRACTION)
    assert (pair["prompt"], pair["text_trusted"], pair["by"]) == ("OCR_TEXT:\nTOTAI 31", False, "anna")


def test_a_line_says_whose_tagger_learns_from_it(workspace: Workspace, tmp_path: Path) -> None:
    fields = {"total": "31.00"}
    filed = (("receipt", None), ("letter", None), ("receipt", "legal"))
    examples = [
        Example(f"{place}.png", page_image(str(place)), "TOTAL 31", category, business, fields=fields)
        for place, (category, business) in enumerate(filed)
    ]
    (workspace.path / "recto.toml").write_text('[triggers]\nscopes = ["legal"]\n')
    opened = open_workspace(workspace.path)
    assert not add_examples(opened, examples, shares=shares_of(opened.settings.split)).refused
    assert export(opened, tmp_path / "out").extractions == 3
    told = rows(tmp_path / "out" / EXTRACTION)
    assert [line["schema"] for line in told] == ["receipt", None, None]
    labels = labels_for(load_schema("receipt"), opened.settings)
    learnt = [content_hash(example) for example in look_labelled(opened, labels).examples]
    assert learnt == [line["document"] for line in told if line["schema"] == "receipt"]
