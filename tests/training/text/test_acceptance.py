"""The recipe for CPUs, for real: sixteen pairs are learnt by heart, and found again with their places."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from recto.datasets.loading import load_taught
from recto.engines.model_keeping import keep_tiny_text
from recto.engines.model_store import STORE_VARIABLE
from recto.extraction.asked_folder import open_asked
from recto.extraction.asking import question_of, shape_of
from recto.extraction.texts import extract_text, transcripts_of_text
from recto.settings import Settings, TextSettings
from recto.training.lora.lesson import LoraLesson
from recto.training.recipe import checked
from recto.training.train import train
from recto.training.way import way_of

from .conftest import rows, write_pairs

RECIPE = Path(__file__).parents[3] / "recipes" / "extract-llm-tiny-cpu.yaml"


def test_sixteen_pairs_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schema_file: Path) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    keep_tiny_text()
    wanted = {**yaml.safe_load(RECIPE.read_text()), "fields_of": str(schema_file), "trackers": []}
    recipe, mistakes = checked(wanted)
    assert recipe is not None, mistakes
    settings = Settings(text=TextSettings(model="qwen3-tiny", device="cpu", max_new_tokens=64))
    # The same bills as other documents: an empty row at the end is no text.
    data = write_pairs(tmp_path / "pairs.jsonl", [*rows(16), *rows(16, "val", thanks="\n")])
    lesson = train(load_taught(data), tmp_path / "run", way_of(recipe, settings)).taught.lesson
    assert isinstance(lesson, LoraLesson) and lesson.after.exact > 0.9
    extractor = open_asked(tmp_path / "run" / "model", settings.text)
    right = 0
    for row in rows(16):
        text = row["input"].partition("\n")[2]
        found = extract_text(extractor, transcripts_of_text(text, "bill.txt"))
        printed = {one.name: one.printed for one in found.fields}
        right += sum(printed.get(name) == value for name, value in json.loads(row["output"]).items())
        assert all(one.confidence > 0 and one.printed in text for one in found.fields)
        (written,) = extractor.writer.write([question_of(extractor.schema, text)])
        jsonschema.validate(json.loads(written.text), shape_of(extractor.schema.fields))
    assert right >= 46, f"{right} of 48 values"
