"""A ranker learns from labelled documents: what rules can't know, and how sure it may be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recto.documents.transcript import Transcript
from recto.extraction.candidates import Candidate, key_of
from recto.extraction.loading import load_schema
from recto.extraction.ranker import choices, spelling
from recto.extraction.sheet import lines_of_text, sheet_of
from recto.extraction.tagger import Tagger
from recto.extraction.tagger_folder import open_tagger, write_tagger
from recto.training.tagging.fit import fit, known_of
from recto.training.tagging.learn import fit_tagger
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.tagging.samples import Labelled, labels_of, order_of, samples_of

SCHEMA = load_schema("receipt")
VENDORS = ["Alder Books", "Birch Tools", "Cedar Foods", "Dogwood Tea", "Elm Lamps", "Fir Cycles"]


def receipt(number: int) -> Labelled:
    """Its total stands behind a word that no list of labels has, and a larger amount before it."""
    vendor, total = VENDORS[number % len(VENDORS)], f"{number + 3}.{number % 90 + 10}"
    text = "\n".join(
        [
            "WELCOME DEAR GUEST",
            vendor.upper(),
            f"Reference {number + 1000}",
            f"Loyalty points   {number + 500}.00",
            f"Zumtotal   {total}",
            "Thank you",
        ]
    )
    lines = lines_of_text(text)
    page = Transcript(f"{number}.txt", 1, 600, 800, text, lines, "text")
    return Labelled(page.document, [page], {"vendor": vendor, "total": total}, group=vendor)


def right(tagger: Tagger, documents: list[Labelled]) -> int:
    """How many vendors and totals are right."""
    count = 0
    for document in documents:
        said = {found.name: found.value for found in tagger.extract(document.transcripts).fields}
        count += said.get("total") == document.fields["total"]
        count += said.get("vendor", "").casefold() == str(document.fields["vendor"]).casefold()
    return count


@pytest.fixture(scope="module")
def trained() -> Tagger:
    samples = samples_of(SCHEMA, [receipt(number) for number in range(24)])
    return Tagger(SCHEMA, {name: fit(each) for name, each in samples.items()}, "trained")


def test_what_rules_dont_know_is_learnt(trained: Tagger) -> None:
    others = [receipt(number) for number in range(40, 52)]
    assert right(trained, others) >= 22 > right(Tagger(SCHEMA), others)


def test_only_labelled_fields_are_learnt(trained: Tagger) -> None:
    assert set(trained.rankers) == {"vendor", "total"}


def test_a_sure_answer_is_a_probability(trained: Tagger) -> None:
    found = trained.extract(receipt(60).transcripts).fields
    assert all(0 < one.confidence < 1 for one in found)


def test_a_known_vendor_is_spelt_as_it_is_known(trained: Tagger) -> None:
    page = receipt(6).transcripts[0]
    misread = page.text.replace("ALDER BOOKS", "ALDER B0OKS")
    lines = lines_of_text(misread)
    transcript = Transcript("6.txt", 1, 600, 800, misread, lines, "text")
    found = {one.name: one for one in trained.extract([transcript]).fields}
    assert (found["vendor"].value, found["vendor"].printed) == ("Alder Books", "ALDER B0OKS")


def test_a_known_value_never_changes_a_number() -> None:
    known = {"no1jalanpermas81750johor": "No 1, Jalan Permas, 81750 Johor"}
    page = "No 4, Jalan Perrnas, 81750 Johor"
    (cell,) = sheet_of([Transcript("a", 1, 60, 8, page, lines_of_text(page), "text")]).cells
    candidate = Candidate("text", page, key_of("text", page), page, (cell,), "", "")
    assert spelling(candidate, known)[1] == page
    right = replace(candidate, key=key_of("text", page.replace("4", "1")))
    assert spelling(right, known)[1] == "No 1, Jalan Permas, 81750 Johor"


@pytest.mark.parametrize(("printed", "becomes"), [("Schedule E", "Schedule E"), ("5chedule D", "Schedule D")])
def test_a_known_value_never_changes_the_letter_of_a_series(printed: str, becomes: str) -> None:
    (candidate,) = places(printed)
    assert spelling(candidate, {"scheduled": "Schedule D"})[1] == becomes


def places(text: str) -> list[Candidate]:
    """Each line of the text as a candidate."""
    sheet = sheet_of([Transcript("a", 1, 60, 8, text, lines_of_text(text), "text")])
    return [
        Candidate("text", one.text, key_of("text", one.text), one.text, (one,), "", "") for one in sheet.cells
    ]


def test_one_value_at_two_places_is_one_choice_and_hardly_likely_ones_are_none() -> None:
    found = places("Alder Books\nBirch Tools\nalder books")
    told = choices(found, np.array([1.0, -20.0, 1.0]), {})
    assert [one.value for one in told] == ["Alder Books"]
    assert told[0].chance == pytest.approx(2 * np.e / (2 * np.e + 1))


def test_the_likeliest_value_is_told_however_unlikely() -> None:
    told = choices(places("Alder Books\nBirch Tools"), np.array([-20.0, -19.0]), {})
    assert [one.value for one in told] == ["Birch Tools"]
    assert choices([], np.zeros(0), {}) == []


def test_a_hardly_likely_reading_stays_what_it_is_beside_known_values() -> None:
    known = {"alderbooks": "Alder Books"}
    found = places("ALDER B0OKS\nBirch Tools")
    assert choices(found, np.array([2.0, -9.0]), known)[0].value == "Alder Books"
    assert choices(found, np.array([-9.0, -8.0]), known)[0].value == "Birch Tools"


def test_a_required_field_without_a_label_teaches_nothing() -> None:
    without = replace(receipt(1), fields={"vendor": "Birch Tools"})
    samples = samples_of(SCHEMA, [receipt(0), without])
    assert (len(samples["vendor"]), len(samples["total"])) == (2, 1)


def test_texts_are_known_and_amounts_are_not() -> None:
    samples = samples_of(SCHEMA, [receipt(number) for number in range(3)])
    assert set(known_of(samples["vendor"]).values()) == set(VENDORS[:3])
    assert known_of(samples["total"]) == {}


def test_labels_go_by_their_aliases_and_what_cant_be_read_is_none() -> None:
    labels = labels_of(SCHEMA, {"company": "Alder", "date": "no date", "total": "RM 3.50", "unknown": "x"})
    assert labels == {"vendor": {"alder": "Alder"}, "total": {"3.5": "RM 3.50"}}


def test_a_tagger_is_the_same_from_disk(trained: Tagger, tmp_path: Path) -> None:
    write_tagger(tmp_path / "model", trained, recipe={}, data_fingerprint="f", metrics={})
    opened = open_tagger(tmp_path / "model")
    for number in range(30, 36):
        document = receipt(number)
        assert opened.extract(document.transcripts).fields == trained.extract(document.transcripts).fields


def test_an_amount_is_a_label_as_the_review_page_saves_it() -> None:
    saved = labels_of(SCHEMA, {"total": {"amount": "3.10", "currency": None}, "tax": {"amount": None}})
    assert saved == labels_of(SCHEMA, {"total": "3.10"}) and saved


def dated(printed: str, label: str) -> Labelled:
    text = f"Shop Ltd\nDate: {printed}\nTotal   5.00"
    page = Transcript("a.txt", 1, 600, 800, text, lines_of_text(text), "text")
    return Labelled("a.txt", [page], {"date": label})


@pytest.mark.parametrize(
    ("documents", "order"),
    [
        ([dated("03/04/2020", "2020-03-04")], "mdy"),
        ([dated("03/04/2020", "2020-04-03")], "dmy"),
        ([dated("12/31/2020", "12/31/2020"), dated("03/04/2020", "03/04/2020")], "mdy"),
        ([dated("03/04/2020", "03/04/2020"), dated("04/04/2020", "2020-04-04")], None),
    ],
)
def test_labels_tell_the_order_of_dates(documents: list[Labelled], order: str | None, tmp_path: Path) -> None:
    assert order_of(SCHEMA, documents) == order
    tagger, _ = fit_tagger(SCHEMA, (documents, []), TaggerRecipe(fields_of="receipt"))
    write_tagger(tmp_path / "model", tagger, recipe={}, data_fingerprint="", metrics={})
    kept = open_tagger(tmp_path / "model")
    assert kept.order == order
    found = kept.extract(dated("05/06/2021", "").transcripts).fields
    wanted = "2021-05-06" if order == "mdy" else "2021-06-05"
    assert {one.name: one.value for one in found}["date"] == wanted
