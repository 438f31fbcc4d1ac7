"""Loading: what is on the disk and nothing else; a program that comes with weights runs only where it may."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load as load_file_of
from safetensors.torch import save_file

from recto.engines.model_store import StoredModel, find_model
from recto.engines.vlm.device import choose
from recto.engines.vlm.loading import Loaded, load_base
from recto.engines.vlm.preparing import gather, prepare
from recto.engines.vlm.tasks import Task, prompt_of
from recto.engines.vlm.tiny import build_tiny, tiny_tokenizer
from recto.errors import EngineError, ModelFolderError
from recto.settings import VlmSettings

from ...tiny import page_image

COMMIT = "2c968b433af61a059311cbf8997765023806a24d"
PROGRAM = '''
import torch
from transformers import PretrainedConfig, PreTrainedModel

class Config(PretrainedConfig):
    model_type = "deepseek_vl_v2"

class DeepseekOCRForCausalLM(PreTrainedModel):
    """Takes what version 1 takes, and checks that pictures fill their places."""
    config_class = Config

    def __init__(self, config):
        super().__init__(config)
        self.embed = torch.nn.Embedding(600, 8)
        self.post_init()

    def forward(self, input_ids, attention_mask, images, images_seq_mask, images_spatial_crop):
        grids = images_spatial_crop.tolist()
        for row, (tiles, whole), (columns, rows) in zip(images_seq_mask, images, grids):
            assert whole.shape[:2] == (1, 3) and whole.min() >= -1 and whole.max() <= 1
            side = whole.shape[-1] // 64
            places = side * (side + 1) + 1
            if tiles.sum() != 0:
                assert tiles.shape == (columns * rows, 3, 640, 640)
                places += (10 * columns + 1) * 10 * rows
            assert int(row.sum()) == places, (int(row.sum()), places)
        return self.embed(input_ids).sum()
'''


@pytest.fixture
def version_1(tmp_path: Path) -> StoredModel:
    """Weights that come with a program of their own, as those of version 1 do."""
    folder = tmp_path / "version_1"
    tiny_tokenizer().save_pretrained(folder)
    config = {
        "model_type": "deepseek_vl_v2",
        "architectures": ["DeepseekOCRForCausalLM"],
        "auto_map": {"AutoConfig": "program.Config", "AutoModel": "program.DeepseekOCRForCausalLM"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "program.py").write_text(PROGRAM)
    save_file({"embed.weight": torch.zeros(600, 8)}, folder / "model.safetensors", {"format": "pt"})
    return replace(find_model(str(folder)), revision=COMMIT)


def load(source: StoredModel, **options: int | tuple[str, ...]) -> Loaded:
    return load_base(source, choose(VlmSettings(device="cpu")), **options)  # type: ignore[arg-type]


def test_a_program_that_isnt_allowed_by_name_doesnt_run(version_1: StoredModel) -> None:
    (version_1.path / "program.py").write_text("raise SystemExit('it ran')")
    for allowed in ((), ("qwen3-vl",)):
        with pytest.raises(EngineError, match="runs a program that comes with its weights") as caught:
            load(version_1, allow_remote_code=allowed)
        assert 'allow_remote_code = ["deepseek-ocr"]' in caught.value.hint


@pytest.mark.parametrize("revision", ["", "main", COMMIT[:12], COMMIT.upper()])
def test_a_program_of_no_known_commit_doesnt_run(version_1: StoredModel, revision: str) -> None:
    (version_1.path / "program.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(EngineError, match="nobody knows which commit") as caught:
        load(replace(version_1, revision=revision), allow_remote_code=("deepseek-ocr",))
    assert "--revision" in caught.value.hint


@pytest.mark.parametrize("mode", ["tiny", "small", "base", "large", "gundam"])
def test_an_allowed_program_of_a_known_commit_gets_what_it_wants(version_1: StoredModel, mode: str) -> None:
    """Places in the prompt are as many as the published layout of features has, in every mode."""
    loaded = load(version_1, allow_remote_code=("deepseek-ocr",))
    assert (loaded.placement.attention, loaded.model.config._attn_implementation) == ("eager", "eager")
    assert loaded.placement.why[-1] == "attention eager: deepseek-ocr has no sdpa"
    prompt = prompt_of(loaded.architecture, Task.MARKDOWN)
    items = [
        prepare(loaded, page_image(width=w, height=h), prompt, mode) for w, h in ((400, 300), (900, 1300))
    ]
    batch = gather(items, pad="left", loaded=loaded).to("cpu", torch.float32)
    assert torch.isfinite(loaded.model(**batch.inputs))


def test_a_program_for_an_older_transformers_is_told_as_that(version_1: StoredModel) -> None:
    """The published one imports names that this transformers hasn't."""
    program = "from transformers.models.llama.modeling_llama import LlamaFlashAttention2\n" + PROGRAM
    (version_1.path / "program.py").write_text(program)
    with pytest.raises(ModelFolderError, match="LlamaFlashAttention2") as caught:
        load(version_1, allow_remote_code=("deepseek-ocr",))
    assert "--engine remote" in caught.value.hint


def test_the_same_seed_builds_the_same_weights(tiny_weights: StoredModel, tmp_path: Path) -> None:
    state = torch.random.get_rng_state()
    again = find_model(str(build_tiny(tmp_path / "again")))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert again.sha256 == tiny_weights.sha256
    assert find_model(str(build_tiny(tmp_path / "other", seed=1))).sha256 != again.sha256


def test_broken_weights_are_told_and_name_the_folder(tmp_path: Path) -> None:
    folder = build_tiny(tmp_path / "tiny")
    source = find_model(str(folder))
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelFolderError, match="can't be loaded") as caught:
        load(source)
    assert caught.value.where == str(folder)
    tensors = load_file_of(whole)
    del tensors["model.view_seperator"]
    save_file(tensors, weights, {"format": "pt"})
    with pytest.raises(ModelFolderError, match="1 tensors are missing, such as"):
        load(source)
    weights.write_bytes(whole)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelFolderError, match="tokenizer"):
        load(source)


@pytest.mark.parametrize("bits", [8, 4])
def test_language_layers_are_quantised_and_nothing_else(tiny_weights: StoredModel, bits: int) -> None:
    loaded = load(tiny_weights, bits=bits)
    kinds = {
        name: type(module).__name__
        for name, module in loaded.model.named_modules()
        if type(module).__name__.startswith("Linear")
    }
    quantised = {name for name, kind in kinds.items() if kind in ("Linear4bit", "Linear8bitLt")}
    language = loaded.architecture.layers.language
    assert quantised == {name for name in kinds if name.startswith(language)}
    assert len(quantised) > 8
    assert loaded.model(input_ids=torch.tensor([[0, 40, 50]])).logits.isfinite().all()


def test_other_bits_are_refused(tiny_weights: StoredModel) -> None:
    with pytest.raises(EngineError, match="with 3 bits"):
        load(tiny_weights, bits=3)
