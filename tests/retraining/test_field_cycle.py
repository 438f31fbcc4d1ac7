"""A Cycle of a tagger: from labelled documents to the Release that finds fields, beside models that read."""

import hashlib
import io
import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Example, Split
from recto.errors import RegistryError
from recto.extraction.loading import load_schema, schema_from_json
from recto.registry.extractors import in_use, tagger_for
from recto.registry.promotion import promote, withdraw
from recto.registry.reading import load_release
from recto.registry.store import all_currents, current, currents, release, release_folder, report_of
from recto.retraining.field_cycle import FieldCycleResult, run_field_cycle
from recto.settings import Settings
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.tagging.way import TaggerWay
from recto.workspace.folder import Workspace, create_workspace, open_workspace
from recto.workspace.provenance import releases_that_saw
from recto.workspace.tables import GENERAL

SCOPE = "fields:receipt"
RECEIPT = load_schema("receipt")
COUNTS: dict[Split, int] = {"train": 10, "val": 2, "test": 8}


def receipt(number: int, split: Split) -> Example:
    """Its total stands behind a word that no list of labels has; the blocks make it look like no other."""
    image, rng = Image.new("RGB", (420, 420), "white"), random.Random(number)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    shop, total = f"SHOP {rng.choice(('ALDER', 'BIRCH', 'CEDAR'))}", f"{number + 3}.{10 + 3 * number}"
    for row, text in enumerate((shop, f"Points {number + 500}.00", f"Zumtotal {total}", "Thank you")):
        draw.text((20, 20 + 42 * row), text, fill="black", font=font)
    for _ in range(9):
        x, y = rng.randrange(380), rng.randrange(220, 400)
        draw.rectangle((x, y, x + rng.randrange(20, 120), y + rng.randrange(10, 80)), fill=rng.randrange(256))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    fields = {"company": shop, "total": total}
    return Example(f"{number}.png", stream.getvalue(), shop, "receipt", split=split, fields=fields)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("shop") / "ws"
    create_workspace(root)
    (root / "recto.toml").write_text("[gates]\nmin_test_documents = 5\n")
    opened = open_workspace(root)
    splits = [split for split, count in COUNTS.items() for _ in range(count)]
    examples = [receipt(number, split) for number, split in enumerate(splits)]
    assert not add_examples(opened, examples, shares=shares_of(opened.settings.split)).refused
    return opened


@pytest.fixture(scope="module")
def done(workspace: Workspace) -> FieldCycleResult:
    way = TaggerWay(TaggerRecipe(penalties=(1.0,)), Settings())
    return run_field_cycle(workspace, way, ["asked by hand"])


def test_what_finds_more_becomes_current_for_its_schema(workspace: Workspace, done: FieldCycleResult) -> None:
    assert done.release is not None, done.outcome
    assert [verdict.gate for verdict in done.verdicts] == [
        "enough_documents", "better", "fields", "trust", "speed",
    ]  # fmt: skip
    made = release(workspace, done.release)
    assert (made.scope, made.engine, made.error_rate) == (SCOPE, "tagger", None)
    assert made.mean_f1 == done.improvement.report.candidate.mean_f1
    tagger = tagger_for(RECEIPT, in_use(workspace, "receipt"))
    assert tagger.label.endswith(f"Release {done.release}") and tagger.rankers


def test_it_reads_nothing_and_no_reader_takes_its_place(workspace: Workspace, done: FieldCycleResult) -> None:
    assert done.release is not None
    made = release(workspace, done.release)
    assert all_currents(workspace) == {SCOPE: made.number}
    assert currents(workspace) == {} and current(workspace, GENERAL) is None
    with pytest.raises(RegistryError, match="reads no pages"):
        promote(workspace, made.number, scope=GENERAL, reason="a mistake")
    for use in (load_release, report_of):
        with pytest.raises(RegistryError, match="finds fields"):
            use(workspace, made)


def test_its_documents_know_that_it_saw_them(workspace: Workspace, done: FieldCycleResult) -> None:
    sha256 = hashlib.sha256(receipt(0, "train").source).hexdigest()  # type: ignore[arg-type]
    with workspace.read() as session:
        seen = releases_that_saw(session, sha256)
    assert [(one.release, one.scope, one.split) for one in seen] == [(done.release, SCOPE, "train")]


def test_the_same_again_isnt_better_and_is_refused(workspace: Workspace, done: FieldCycleResult) -> None:
    again = run_field_cycle(
        workspace, TaggerWay(TaggerRecipe(penalties=(1.0,)), Settings()), ["asked by hand"]
    )
    assert again.release is None and again.outcome.startswith("refused by better")
    assert again.improvement.report.baseline is not None
    assert again.improvement.report.baseline.extractor.endswith(f"Release {done.release}")
    assert all_currents(workspace) == {SCOPE: done.release}


def test_where_it_cant_be_used_the_rules_are_and_say_why(
    workspace: Workspace, done: FieldCycleResult
) -> None:
    assert done.release is not None
    other = schema_from_json({**RECEIPT.json_schema, "title": "other"}, "receipt")
    label = tagger_for(other, in_use(workspace, "receipt")).label
    assert label == f"tagger, not trained (Release {done.release} is of another schema called receipt)"
    weights: Path = release_folder(workspace, release(workspace, done.release)) / "model" / "rankers.npz"
    whole = weights.read_bytes()
    weights.chmod(0o644)
    weights.write_bytes(whole[:-1])
    label = tagger_for(RECEIPT, in_use(workspace, "receipt")).label
    assert label.startswith("tagger, not trained (Release") and "rankers.npz was changed" in label
    weights.write_bytes(whole)
    withdraw(workspace, SCOPE, reason="by hand")
    assert tagger_for(RECEIPT, in_use(workspace, "receipt")).label == "tagger, not trained"
