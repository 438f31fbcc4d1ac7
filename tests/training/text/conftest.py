"""Small bills as extraction pairs and as pages, and the tiny language model as what learns."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from recto.datasets.pairs import PREFIX
from recto.engines.model_store import StoredModel
from recto.settings import Settings, TextSettings
from recto.training.text.recipe import TextRecipe

from ...tiny import text_base, text_weights  # noqa: F401

NAMES = (
    "Corner Shop", "Blue Cafe", "North Books", "Green Grocer", "Old Mill", "Star Hotel", "Quick Print",
    "Sun Bakery", "Lake Bikes", "Red Taxi", "City Gym", "West Diner", "Park Zoo", "Oak Garden", "Fish House",
    "Top Tools",
)  # fmt: skip
SCHEMA = {
    "type": "object",
    "properties": {
        "vendor": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "total": {"type": "string", "x-recto": {"kind": "money", "role": "total"}},
    },
}
Row = dict[str, str]


def rows(count: int, split: str = "train", *, thanks: str = "") -> list[Row]:
    """The first of sixteen bills; `thanks` makes other documents of the same bills."""
    rng = random.Random(0)
    found = []
    for name in NAMES[:count]:
        date = f"{rng.randint(1, 28):02}/{rng.randint(1, 12):02}/2019"
        total = f"{rng.randint(1, 99)}.{rng.randint(10, 99)}"
        text = f"{name} Ltd\nDate: {date}\nTea 1.00\nTOTAL {total}\n{thanks}"
        answer = json.dumps({"vendor": f"{name} Ltd", "date": date, "total": total})
        found.append({"input": PREFIX + text, "output": answer, "split": split})
    return found


def write_pairs(path: Path, wanted: Sequence[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in wanted))
    return path


@pytest.fixture(scope="session")
def schema_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "bill.json"
    path.write_text(json.dumps(SCHEMA))
    return path


def recipe_of(weights: StoredModel, schema: Path, **changed: object) -> TextRecipe:
    small: dict[str, object] = {
        "model": str(weights.path), "fields_of": str(schema), "method": "lora", "rank": 8, "alpha": 16,
        "batch_pages": 4, "epochs": 2, "learning_rate": 5e-3, "max_new_tokens": 48,
        "gradient_checkpointing": False, "checkpoint_every_steps": 0, "trackers": (),
    }  # fmt: skip
    return TextRecipe.model_validate(small | changed)


def settings_of(weights: StoredModel) -> Settings:
    return Settings(text=TextSettings(model=str(weights.path), device="cpu", max_new_tokens=64))
