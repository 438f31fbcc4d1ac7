"""Several adapters on one base: each computes as if it were alone, and the base as if there were none."""

import gc
import threading
import weakref
from pathlib import Path

import peft
import pytest
import torch

from recto.engines.model_folder import BaseWeights, ModelCard, ModelFolder, VlmCard, write_model
from recto.engines.model_store import StoredModel
from recto.engines.vlm.adapters import ADAPTER_CONFIG, ADAPTER_WEIGHTS, SharedWeights, shared_base
from recto.engines.vlm.device import Placement, choose
from recto.engines.vlm.loading import Loaded, load_base
from recto.errors import ModelFolderError
from recto.settings import VlmSettings

ATTENTION = r"model\.language_model\..*\.(q_proj|v_proj)"
EXPERTS = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
IDS = torch.tensor([[0, 40, 50, 60, 70]])


@pytest.fixture(scope="module")
def placement() -> Placement:
    return choose(VlmSettings(device="cpu"))


def adapted(source: StoredModel, placement: Placement, seed: int, experts: bool = False) -> peft.PeftModel:
    """A model of its own with an adapter that changes something."""
    config = peft.LoraConfig(
        r=4, target_modules=ATTENTION, target_parameters=EXPERTS if experts else None, task_type="CAUSAL_LM"
    )
    model = peft.get_peft_model(load_base(source, placement).model, config)
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        if "lora_" in name:
            weight.data = torch.randn(weight.shape, generator=generator) * 0.3
    return model.eval()


def saved(model: peft.PeftModel, source: StoredModel, folder: Path, sha256: str = "") -> ModelFolder:
    model.save_pretrained(folder / "peft")
    vlm = VlmCard(architecture="deepseek-ocr-2", mode="base", task="text", kind="adapter", dtype="float32")
    card = ModelCard(
        engine="vlm", base=BaseWeights(name=source.name, sha256=sha256 or source.sha256), vlm=vlm
    )
    files = {name: folder / "peft" / name for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS)}
    return write_model(folder / "model", card, files)


def logits(loaded: Loaded) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = loaded.model(input_ids=IDS).logits
    return found


@pytest.mark.parametrize("experts", [False, True], ids=["attention", "experts"])
def test_each_adapter_computes_as_if_it_were_alone(
    tiny_weights: StoredModel, placement: Placement, tmp_path: Path, experts: bool
) -> None:
    alone, folders = [], []
    for seed in (1, 2):
        model = adapted(tiny_weights, placement, seed, experts)
        with torch.no_grad():
            alone.append(model(input_ids=IDS).logits)
        folders.append(saved(model, tiny_weights, tmp_path / str(seed)))
    base = SharedWeights(load_base(tiny_weights, placement))
    with base.using() as loaded:
        before = logits(loaded)
    adapters = [base.attach(folder) for folder in folders]
    assert not torch.allclose(alone[0], alone[1], atol=1e-3)
    for turn in (0, 1, 0):
        with base.using(adapters[turn]) as loaded:
            assert torch.equal(logits(loaded), alone[turn])
        with base.using() as loaded:
            assert torch.equal(logits(loaded), before)


def test_adapters_leave_with_who_holds_them(
    tiny_weights: StoredModel, placement: Placement, tmp_path: Path
) -> None:
    folders = [saved(adapted(tiny_weights, placement, n), tiny_weights, tmp_path / str(n)) for n in (1, 2)]
    base = SharedWeights(load_base(tiny_weights, placement))
    with base.using() as loaded:
        before, parameters = logits(loaded), sum(1 for _ in loaded.model.parameters())
    first, again, other = base.attach(folders[0]), base.attach(folders[0]), base.attach(folders[1])
    assert first is again
    with base.using(other) as loaded:
        changed = logits(loaded)
    del first, again
    gc.collect()
    assert base.names == (other.name,)
    with base.using(other) as loaded:
        assert torch.equal(logits(loaded), changed)
    del other
    gc.collect()
    with base.using() as loaded:
        assert torch.equal(logits(loaded), before)
        assert sum(1 for _ in loaded.model.parameters()) == parameters


def test_threads_dont_mix_adapters(tiny_weights: StoredModel, placement: Placement, tmp_path: Path) -> None:
    base = SharedWeights(load_base(tiny_weights, placement))
    adapters = [
        base.attach(saved(adapted(tiny_weights, placement, n), tiny_weights, tmp_path / str(n)))
        for n in (1, 2)
    ]
    found: dict[int, list[torch.Tensor]] = {0: [], 1: []}
    together = threading.Barrier(2)

    def read(which: int) -> None:
        together.wait()
        for _ in range(10):
            with base.using(adapters[which]) as loaded:
                found[which].append(logits(loaded))

    threads = [threading.Thread(target=read, args=(which,)) for which in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in found.values():
        assert len(each) == 10
        assert all(torch.equal(one, each[0]) for one in each)
    assert not torch.equal(found[0][0], found[1][0])


def test_one_base_for_all_who_want_it(tiny_weights: StoredModel, placement: Placement) -> None:
    first = shared_base(tiny_weights, placement)
    assert shared_base(tiny_weights, placement) is first
    gone = weakref.ref(first.loaded.model)
    del first
    gc.collect()
    assert gone() is None


def test_who_computes_experts_in_another_way_shares_no_base(
    tiny_weights: StoredModel, placement: Placement
) -> None:
    one = shared_base(tiny_weights, placement)
    other = shared_base(tiny_weights, placement, experts="eager")
    assert other is not one and shared_base(tiny_weights, placement, experts="eager") is other


def test_the_same_tensors_with_another_alpha_are_another_adapter(
    tiny_weights: StoredModel, placement: Placement, tmp_path: Path
) -> None:
    tuned = adapted(tiny_weights, placement, 1)
    base = SharedWeights(load_base(tiny_weights, placement))
    weak = base.attach(saved(tuned, tiny_weights, tmp_path / "weak"))
    tuned.peft_config["default"].lora_alpha = 64
    strong = base.attach(saved(tuned, tiny_weights, tmp_path / "strong"))
    assert weak.name != strong.name
    with base.using(weak) as loaded:
        one = logits(loaded)
    with base.using(strong) as loaded:
        assert not torch.allclose(logits(loaded), one)


def test_an_adapter_of_another_base_is_refused(
    tiny_weights: StoredModel, placement: Placement, tmp_path: Path
) -> None:
    folder = saved(adapted(tiny_weights, placement, 1), tiny_weights, tmp_path, sha256="f" * 64)
    base = shared_base(tiny_weights, placement)
    with pytest.raises(ModelFolderError, match=r"taught on .* \(ffffffffffff…\), not on"):
        base.attach(folder)


def test_an_adapter_that_doesnt_fit_leaves_the_base_as_it_was(
    tiny_weights: StoredModel, placement: Placement, tmp_path: Path
) -> None:
    good = saved(adapted(tiny_weights, placement, 1), tiny_weights, tmp_path / "good")
    base = SharedWeights(load_base(tiny_weights, placement))
    with base.using() as loaded:
        before = logits(loaded)
    card = good.card
    config = good.file(ADAPTER_CONFIG).read_bytes()
    broken = {
        "torn": {ADAPTER_CONFIG: config, ADAPTER_WEIGHTS: good.file(ADAPTER_WEIGHTS).read_bytes()[:-100]},
        "rank": {
            ADAPTER_CONFIG: config.replace(b'"r": 4', b'"r": 8'),
            ADAPTER_WEIGHTS: good.file(ADAPTER_WEIGHTS),
        },
        "elsewhere": {
            ADAPTER_CONFIG: config.replace(b"q_proj|v_proj", b"o_proj|v_proj"),
            ADAPTER_WEIGHTS: good.file(ADAPTER_WEIGHTS),
        },
    }
    for name, files in broken.items():
        with pytest.raises(ModelFolderError, match="doesn't fit its base"):
            base.attach(write_model(tmp_path / name, card, files))
        assert base.names == ()
        with base.using() as loaded:
            assert torch.equal(logits(loaded), before)
    assert base.attach(good)
    with pytest.raises(ModelFolderError, match=f"holds no {ADAPTER_WEIGHTS}"):
        base.attach(write_model(tmp_path / "without", card, {ADAPTER_CONFIG: config}))
