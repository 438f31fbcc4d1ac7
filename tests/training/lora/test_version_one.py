"""Version 1 of DeepSeek-OCR, whose program comes with its weights: a stand-in learns, is checked, reads."""

import json
from pathlib import Path

import pytest
import torch
import transformers

from recto.datasets.loading import load_dataset
from recto.datasets.pages import open_example
from recto.engines.model_folder import open_model
from recto.engines.model_store import RECORD, STORE_VARIABLE, StoredRecord, find_model
from recto.engines.vlm import load
from recto.engines.vlm.adapters import ADAPTER_WEIGHTS
from recto.engines.vlm.opening import full_weights
from recto.engines.vlm.packages import load_file
from recto.engines.vlm.tiny import tiny_tokenizer
from recto.engines.weight_files import kept_files, stamp_of
from recto.errors import EngineError, ModelFolderError
from recto.settings import Settings, VlmSettings
from recto.training.lora.lesson import LoraLesson
from recto.training.lora.merging import merge
from recto.training.train import train
from recto.training.way import way_of

from ...tiny import page_image
from .conftest import line_examples, recipe_of, write_lines

COMMIT = "2c968b433af61a059311cbf8997765023806a24d"
NAME = "version-one"
PROGRAM = '''
import torch
from transformers import LlamaConfig, LlamaForCausalLM, LlamaModel
from transformers.models.llama.modeling_llama import LlamaMLP
from transformers.modeling_outputs import CausalLMOutputWithPast

class Config(LlamaConfig):
    model_type = "deepseek_vl_v2"

class Experts(torch.nn.Module):
    """What a token visits, each expert as linear layers of its own, and one that all visit."""
    def __init__(self, config):
        super().__init__()
        self.experts = torch.nn.ModuleList([LlamaMLP(config) for _ in range(2)])
        self.shared_experts = LlamaMLP(config)

    def forward(self, hidden):
        return self.shared_experts(hidden) + sum(expert(hidden) for expert in self.experts) / 2

class SeeingModel(LlamaModel):
    """A language model whose picture tokens are what the picture's grey is."""
    config_class = Config

    def __init__(self, config):
        super().__init__(config)
        self.layers[1].mlp = Experts(config)
        self.projector = torch.nn.Linear(64, config.hidden_size)

    def forward(self, input_ids=None, images=None, images_seq_mask=None, images_spatial_crop=None, **others):
        if images is None or input_ids.shape[1] == 1:
            return super().forward(input_ids=input_ids, **others)
        vectors = self.embed_tokens(input_ids)
        for row, (mask, (tiles, whole)) in enumerate(zip(images_seq_mask, images)):
            small = torch.nn.functional.adaptive_avg_pool2d(whole.mean(1), 8).reshape(1, 64)
            vectors[row, mask] = self.projector(small.to(vectors.dtype)).to(vectors.dtype)
        return super().forward(inputs_embeds=vectors, **others)

class DeepseekOCRForCausalLM(LlamaForCausalLM):
    config_class = Config

    def __init__(self, config):
        super().__init__(config)
        self.model = SeeingModel(config)
        self.post_init()

    def forward(
        self, input_ids=None, attention_mask=None, past_key_values=None, use_cache=None, images=None,
        images_seq_mask=None, images_spatial_crop=None, position_ids=None, logits_to_keep=0, **others
    ):
        seen = {"images": images, "images_seq_mask": images_seq_mask}
        found = self.model(
            input_ids=input_ids, attention_mask=attention_mask, past_key_values=past_key_values,
            use_cache=use_cache, position_ids=position_ids, **seen
        )
        logits = self.lm_head(found.last_hidden_state)
        return CausalLMOutputWithPast(logits=logits, past_key_values=found.past_key_values)
'''
VLM = VlmSettings(
    device="cpu", max_new_tokens=8, task="text", mode="tiny", model=NAME, allow_remote_code=("deepseek-ocr",)
)


@pytest.fixture(autouse=True)
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of one commit in the store, as pulling them puts them there."""
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    folder = tmp_path / "store" / NAME
    weights = folder / "weights"
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(weights)
    config = transformers.LlamaConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        vocab_size=len(tokenizer), max_position_embeddings=2048, attn_implementation="eager",
        tie_word_embeddings=False,
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(config)
    plain = {name: tensor for name, tensor in model.state_dict().items() if ".layers.1.mlp." not in name}
    tensors = plain | {
        f"model.layers.1.mlp.{part}.{layer}_proj.weight": torch.randn(shape) / 8
        for part in ("experts.0", "experts.1", "shared_experts")
        for layer, shape in {"gate": (128, 64), "up": (128, 64), "down": (64, 128)}.items()
    }
    tensors |= {
        "model.projector.weight": torch.randn(64, 64) / 8,
        "model.projector.bias": torch.zeros(64),
    }
    model.save_pretrained(weights, state_dict=tensors)
    auto = {"AutoConfig": "program.Config", "AutoModel": "program.DeepseekOCRForCausalLM"}
    said = json.loads((weights / "config.json").read_text())
    said |= {"model_type": "deepseek_vl_v2", "architectures": ["DeepseekOCRForCausalLM"], "auto_map": auto}
    (weights / "config.json").write_text(json.dumps(said))
    (weights / "program.py").write_text(PROGRAM)
    files = {name: stamp_of(weights / name) for name in kept_files(weights, code=True)}
    record = StoredRecord(
        source="the Hub",
        repo="deepseek-ai/DeepSeek-OCR",
        revision=COMMIT,
        architecture="deepseek-ocr",
        files=files,
    )
    (folder / RECORD).write_text(record.model_dump_json())


@pytest.mark.parametrize(
    ("method", "preset"), [("lora", "language"), ("lora", "experts"), ("full", "language")]
)
def test_it_learns_is_checked_and_reads(tmp_path: Path, method: str, preset: str) -> None:
    data = write_lines(tmp_path / "data", {"train": 2, "val": 1})
    recipe = recipe_of(
        model=NAME,
        method=method,
        preset=preset,
        mode="tiny",
        dropout=0.0,
        epochs=1,
        gradient_checkpointing=False,
    )
    settings = Settings(vlm=VLM)
    training = train(load_dataset(data), tmp_path / "run", way_of(recipe, settings))
    lesson = training.taught.lesson
    assert isinstance(lesson, LoraLesson)
    assert lesson.method == method
    card = open_model(training.model, engine="vlm").card
    assert card.vlm is not None and card.vlm.revision == COMMIT
    reader = load(training.model, settings=settings)
    assert reader.read([open_example(line_examples(1)[0])])[0].text
    forbidden = Settings(vlm=VLM.model_copy(update={"allow_remote_code": ()}))
    with pytest.raises(EngineError, match="that isn't allowed"):
        load(training.model, settings=forbidden)  # though its program is in memory: `reader` is here
    if method == "lora":
        names = load_file(training.model / ADAPTER_WEIGHTS)
        assert any(".shared_experts." in name for name in names)
        assert any(".mlp.experts." in name for name in names) is (preset == "experts")
        assert merge(training.model, tmp_path / "merged", [page_image()], VLM).parity < 1e-3
        return
    (find_model(NAME).path / "program.py").write_text(PROGRAM + "# another commit's\n")
    with pytest.raises(ModelFolderError):
        full_weights(open_model(training.model, engine="vlm"), VLM)
