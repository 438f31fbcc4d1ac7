"""A Cycle of a language model: taught for real (it is tiny), gated as a tagger, and then in use."""

import io
import json
import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Example, Split
from recto.engines.model_store import StoredModel
from recto.errors import RegistryError
from recto.extraction.loading import load_schema
from recto.extraction.schema import Schema
from recto.extraction.texts import transcripts_of_text
from recto.registry.export import export
from recto.registry.extractors import extractor_for, in_use, tagger_for
from recto.registry.promotion import promote
from recto.registry.store import all_currents, release
from recto.retraining.field_cycle import FieldCycleResult, run_field_cycle
from recto.serving.service import Service
from recto.settings import Settings
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.text.recipe import TextRecipe
from recto.training.way import field_way_of
from recto.workspace.folder import Workspace, create_workspace, open_workspace
from recto.workspace.tables import GENERAL

from ..serving.conftest import Reciting, serving
from ..tiny import text_weights  # noqa: F401

COUNTS: dict[Split, int] = {"train": 8, "val": 16, "test": 6}
MOTTO = "HONEST GOODS"
SCHEMA = {"type": "object", "properties": {"motto": {"type": "string"}}}
TEXT = f"Corner 1\n{MOTTO}\nNo 12"


def paper(number: int, split: Split) -> Example:
    """No rule knows which of its lines is the motto, and no two look alike."""
    image, rng = Image.new("RGB", (420, 420), "white"), random.Random(number)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(22)
    for row, text in enumerate((f"CORNER {number}", MOTTO, f"NO {100 + 7 * number}")):
        draw.text((20, 20 + 42 * row), text, fill="black", font=font)
    for _ in range(9):
        x, y = rng.randrange(380), rng.randrange(220, 400)
        draw.rectangle((x, y, x + rng.randrange(20, 120), y + rng.randrange(10, 80)), fill=rng.randrange(256))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    fields = {"motto": MOTTO}
    return Example(f"{number}.png", stream.getvalue(), MOTTO, "receipt", split=split, fields=fields)


@pytest.fixture(scope="module")
def schema_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "paper.json"
    path.write_text(json.dumps(SCHEMA))
    return path


@pytest.fixture(scope="module")
def schema(schema_file: Path) -> Schema:
    return load_schema(str(schema_file))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("shop") / "ws"
    create_workspace(root)
    (root / "recto.toml").write_text(
        "[gates]\nmin_test_documents = 5\nlanguage_model_s = 600.0\n"
        '[text]\ndevice = "cpu"\nmax_new_tokens = 32\n[uploads]\ndecode_workers = 1\n'
        "[serving]\nrequest_timeout_s = 600.0\n"
    )
    opened = open_workspace(root)
    splits = [split for split, count in COUNTS.items() for _ in range(count)]
    examples = [paper(number, split) for number, split in enumerate(splits)]
    assert not add_examples(opened, examples, shares=shares_of(opened.settings.split)).refused
    return opened


@pytest.fixture(scope="module")
def done(
    workspace: Workspace,
    schema_file: Path,
    text_weights: StoredModel,  # noqa: F811
) -> FieldCycleResult:
    recipe = TextRecipe(
        model=str(text_weights.path), fields_of=str(schema_file), backend="transformers", method="full",
        epochs=90, batch_pages=8, learning_rate=0.004, gradient_checkpointing=False, max_new_tokens=32,
        evaluate_every_steps=45, checkpoint_every_steps=0, trackers=(),
    )  # fmt: skip
    return run_field_cycle(workspace, field_way_of(recipe, workspace.settings), ["asked by hand"])


def test_what_finds_more_than_the_rules_becomes_current(workspace: Workspace, done: FieldCycleResult) -> None:
    assert done.release is not None, done.outcome
    gates = [verdict.gate for verdict in done.verdicts]
    assert gates == ["enough_documents", "better", "fields", "trust", "speed"]
    report = done.improvement.report
    assert report.baseline is not None and report.baseline.extractor == "tagger, not trained"
    assert report.candidate.extractor.startswith("language model ")
    made = release(workspace, done.release)
    assert (made.scope, made.engine) == ("fields:paper", "text")
    assert made.mean_f1 == report.candidate.mean_f1
    assert all_currents(workspace) == {"fields:paper": made.number}


def test_it_finds_fields_reads_nothing_and_isnt_exported(
    workspace: Workspace, done: FieldCycleResult, schema: Schema, tmp_path: Path
) -> None:
    assert done.release is not None
    found = in_use(workspace, "paper")
    extractor = extractor_for(schema, found, workspace.settings.text)
    assert extractor.label.endswith(f", Release {done.release}")
    answer = extractor.extract(transcripts_of_text(TEXT, "a.txt"))
    assert answer.values == {"motto": MOTTO} and answer.extractor == extractor.label
    assert tagger_for(schema, found).label.endswith(f"(Release {done.release} is a language model)")
    with pytest.raises(RegistryError, match="reads no pages"):
        promote(workspace, done.release, scope=GENERAL, reason="a mistake")
    with pytest.raises(RegistryError, match="names and addresses"):
        export(workspace, done.release, tmp_path / "out")


def test_a_tagger_has_to_beat_it(workspace: Workspace, done: FieldCycleResult, schema_file: Path) -> None:
    recipe = TaggerRecipe(penalties=(1.0,), fields_of=str(schema_file))
    again = run_field_cycle(workspace, field_way_of(recipe, Settings()), ["asked by hand"])
    assert again.release is None and again.outcome.startswith("refused by better")
    baseline = again.improvement.report.baseline
    assert baseline is not None and baseline.extractor.endswith(f", Release {done.release}")


def test_the_service_asks_the_current_one_by_its_schemas_name(
    workspace: Workspace, done: FieldCycleResult
) -> None:
    with serving(Service(workspace.settings, workspace, load=lambda _: Reciting())) as served:
        served.client.timeout = 600
        answer = served.client.post("/v1/extract", json={"text": TEXT, "schema": "paper"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["values"] == {"motto": MOTTO}
        told = answer.json()["extractor"]
        assert told.startswith("language model ") and told.endswith(f", Release {done.release}")
        rules = served.client.post("/v1/extract", json={"text": TEXT, "schema": SCHEMA})
        assert rules.json()["extractor"] == "tagger, not trained"
