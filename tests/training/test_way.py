"""Every kind of recipe has a way of learning, and they are told apart before anything heavy is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from recto.engines.catalog import FINE_TUNABLE
from recto.engines.model_store import STORE_VARIABLE
from recto.engines.ppocr.weights import RECOGNISER_FILE, sha256_of, weights_path
from recto.errors import ModelNotFound, SettingsError, TrainingError
from recto.training.ctc.recipe import CtcRecipe
from recto.training.lora.recipe import VlmRecipe
from recto.training.recipe import KINDS
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.way import reading_way_of, way_of


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_way(kind: str) -> None:
    recipe = KINDS[kind]()
    way = way_of(recipe)
    assert way.recipe == recipe and way.recipe.kind == kind
    assert way.engine in FINE_TUNABLE or kind in ("tagger", "text")  # which are no engines
    assert way.base_name and way.estimates_from >= 0


def test_a_tagger_is_no_engine_that_learns_to_read() -> None:
    with pytest.raises(SettingsError, match="teaches no engine"):
        reading_way_of(TaggerRecipe())


def test_the_base_of_the_cpu_engine_is_known_by_its_content() -> None:
    assert way_of(CtcRecipe()).base_sha256() == sha256_of(weights_path(RECOGNISER_FILE))


def test_base_weights_that_are_not_here_stop_it_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path))
    way = way_of(VlmRecipe())
    for step in (way.check, way.base_sha256, reading_way_of(VlmRecipe()).base_engine, way.teacher):
        with pytest.raises(ModelNotFound, match="recto models pull deepseek-ocr-2"):
            step()


def test_the_cpu_engine_trains_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(TrainingError, match="one process"):
        way_of(CtcRecipe()).check()


def test_no_way_loads_torch_before_it_teaches() -> None:
    code = (
        "import sys; from recto.training.recipe import KINDS; from recto.training.way import way_of\n"
        "[way_of(recipe()) for recipe in KINDS.values()]\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
