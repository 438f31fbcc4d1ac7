"""Several Releases that are adapters of one base: the service holds it once, and each reads as itself."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import transformers
from PIL import Image

from recto.engines.model_store import StoredModel
from recto.engines.vlm.adapters import shared_base
from recto.engines.vlm.device import choose
from recto.registry.release import Origin
from recto.registry.store import add_release
from recto.serving.service import Service
from recto.training.lora.export import Told, write
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.way import LoraWay
from recto.workspace.folder import create_workspace, open_workspace

from ..conftest import encoded
from ..registry.conftest import Pages, Registry
from ..tiny import page_image, tiny_weights  # noqa: F401
from .conftest import Served, serving


@dataclass(frozen=True)
class Office:
    """A running service, and how many models there were in memory before it."""

    served: Served
    before: int


def models_in_memory() -> int:
    gc.collect()
    kind = transformers.DeepseekOcr2ForConditionalGeneration
    return sum(issubclass(type(one), kind) for one in gc.get_objects())


@pytest.fixture
def office(
    tiny_weights: StoredModel,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    """Release 1 reads for everybody, Release 2 for `legal`; both are adapters of the tiny model."""
    monkeypatch.setenv("RECTO_VLM_MODEL", str(tiny_weights.path))
    monkeypatch.setenv("RECTO_VLM_DEVICE", "cpu")
    create_workspace(tmp_path / "work")
    file = tmp_path / "work" / "recto.toml"
    text = file.read_text("utf-8").replace("scopes = []", 'scopes = ["legal"]')
    text = text.replace("retry_temperatures = [0.2, 0.5]", "retry_temperatures = []")
    file.write_text(text.replace("max_new_tokens = 4096", "max_new_tokens = 8"), "utf-8")
    workspace = open_workspace(tmp_path / "work")
    registry = Registry(workspace, Pages(tmp_path), tmp_path)
    for seed, scope in enumerate(("general", "legal")):
        recipe = VlmRecipe(model=str(tiny_weights.path))
        pupil = LoraWay(recipe, workspace.settings).teacher().pupil
        numbers = torch.Generator().manual_seed(seed)
        learnt = {name: torch.randn(w.shape, generator=numbers) for name, w in pupil.weights().items()}
        pupil.put(learnt)
        folder = write(pupil, recipe, Told("", {}), tmp_path / scope)
        origin = Origin("d" * 64, {"kind": "lora"}, "0.1.0", folder.card.base.sha256)
        added = add_release(workspace, scope, folder.path, registry.report(), origin)
        registry.promote(added.number, scope)
        pupil.release()
        del pupil
    before = models_in_memory()
    with serving(Service(workspace.settings, workspace)) as running:
        yield Office(running, before)


def test_one_base_reads_for_several_releases(office: Office, tiny_weights: StoredModel) -> None:  # noqa: F811
    def ask(business: str) -> dict[str, object]:
        files = {"file": ("a.png", encoded(picture, "PNG"))}
        return office.served.client.post("/v1/read", files=files, data={"business": business}).json()

    picture = Image.fromarray(page_image())
    answers = [ask("general"), ask("legal"), ask("general")]
    assert [answer["release"] for answer in answers] == ["1", "2", "1"]
    texts = [answer["pages"][0]["transcript"]["text"] for answer in answers]
    assert texts[0] == texts[2] != texts[1]
    assert models_in_memory() == office.before + 1
    base = shared_base(tiny_weights, choose(office.served.service.settings.vlm))
    assert len(base.names) == 2
    assert models_in_memory() == office.before + 1
