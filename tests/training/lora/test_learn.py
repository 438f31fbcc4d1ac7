"""From labelled pages to a model folder that reads as what was trained, by `train` itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from recto.datasets.loading import load_dataset
from recto.datasets.pages import open_example
from recto.engines.model_folder import open_model, write_model
from recto.engines.model_store import StoredModel, find_model
from recto.engines.vlm import load
from recto.engines.vlm.adapters import ADAPTER_CONFIG, ADAPTER_WEIGHTS, SharedWeights
from recto.engines.vlm.device import choose
from recto.engines.vlm.loading import Loaded, load_base
from recto.engines.vlm.opening import open_for_reading
from recto.engines.vlm.preparing import prepare
from recto.errors import ModelFolderError, OutputError, ParityError
from recto.settings import Settings, VlmSettings
from recto.training.lora.export import check_written, merged
from recto.training.lora.lesson import LoraLesson
from recto.training.lora.merging import merge
from recto.training.lora.parity import SAME, _was_undecided, answers_of, check_parity, merging_limits
from recto.training.lora.recipe import BITS, VlmRecipe
from recto.training.train import Training, train
from recto.training.way import way_of

from ...tiny import page_image
from .conftest import line_examples, recipe_of, write_lines

CPU = VlmSettings(device="cpu", max_new_tokens=8, batch_pages=2, task="text")
LEARNT = {"learning_rate": 5e-3, "epochs": 20, "evaluate_every_steps": 40, "rank": 64, "alpha": 64}
"""Enough for something to be read that is nearer the truth than what random weights write."""


@pytest.fixture(scope="module")
def run(tiny_weights: StoredModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Training]:
    """A training with LoRA, and where it is."""
    root = tmp_path_factory.mktemp("learn")
    data = write_lines(root / "data", {"train": 3, "val": 1})
    return root / "run", trained(data, root / "run", recipe_of(model=str(tiny_weights.path), **LEARNT))


def trained(data: Path, out: Path, recipe: VlmRecipe) -> Training:
    return train(load_dataset(data), out, way_of(recipe, Settings(vlm=CPU)))


def lesson_of(run: tuple[Path, Training]) -> LoraLesson:
    lesson = run[1].taught.lesson
    assert isinstance(lesson, LoraLesson)
    return lesson


def read(model: Path | None, weights: StoredModel) -> str:
    engine = load(model, settings=Settings(vlm=CPU.model_copy(update={"model": str(weights.path)})))
    return engine.read([open_example(line_examples(1)[0])])[0].text


def test_the_lesson_says_what_happened(run: tuple[Path, Training]) -> None:
    lesson = lesson_of(run)
    assert (lesson.train_pages, lesson.val_pages, lesson.steps) == (3, 1, 40)
    assert lesson.improved and lesson.best_step == 40 and lesson.after.cer < lesson.before.cer
    assert lesson.backend == "transformers"
    assert lesson.why == "backend transformers: Unsloth needs a GPU, and this is cpu"
    assert (lesson.method, lesson.optimiser, lesson.device) == ("lora", "adamw", "cpu")
    assert 0 < lesson.trainable_parameters < lesson.total_parameters
    assert lesson.before.unit == "pages" and lesson.tokens > 3 * 257
    assert lesson.parity < 1e-4
    assert lesson.memory is not None and lesson.memory.measured_mb is not None


def test_what_was_decided_is_in_the_log(run: tuple[Path, Training]) -> None:
    said = [json.loads(row) for row in (run[0] / "log.jsonl").read_text().splitlines()]
    told = " ".join(row["text"].split(":")[0] for row in said if row["event"] == "remark")
    assert told == "backend transformers device cpu dtype float32 attention sdpa optimiser adamw padding"


def test_the_folder_is_an_adapter_that_names_its_base(
    run: tuple[Path, Training], tiny_weights: StoredModel
) -> None:
    card = open_model(run[0] / "model", engine="vlm").card
    assert set(card.files) == {ADAPTER_CONFIG, ADAPTER_WEIGHTS}
    assert card.base.sha256 == tiny_weights.sha256
    assert card.vlm is not None
    assert (card.vlm.kind, card.vlm.mode, card.vlm.task) == ("adapter", "base", "text")
    config = json.loads((run[0] / "model" / ADAPTER_CONFIG).read_text())
    assert config["base_model_name_or_path"] == tiny_weights.name
    assert config["inference_mode"]


def test_nothing_else_stays(run: tuple[Path, Training]) -> None:
    assert not (run[0] / "checkpoints").exists()
    assert not [path for path in run[0].iterdir() if path.name.startswith(".")]


def test_adapter_merged_and_reloaded_read_the_same(
    run: tuple[Path, Training], tiny_weights: StoredModel, tmp_path: Path
) -> None:
    """The same text on the same page; the base reads another one."""
    settings = CPU.model_copy(update={"model": str(tiny_weights.path)})
    pages = [open_example(example).image for example in line_examples(2)]
    plain = merge(run[0] / "model", tmp_path / "merged", pages, settings)
    assert plain.parity < 1e-4
    adapter = read(run[0] / "model", tiny_weights)
    assert read(None, find_model(str(plain.path))) == adapter
    assert read(None, tiny_weights) != adapter
    with pytest.raises(OutputError, match="there already"):
        merge(run[0] / "model", tmp_path / "merged", pages, settings)


def test_a_changed_adapter_is_not_let_through(
    run: tuple[Path, Training], tiny_weights: StoredModel, tmp_path: Path
) -> None:
    loaded = load_base(tiny_weights, choose(CPU))
    wanted = answers_of(loaded, [prepare(loaded, page_image(), "<image>\nFree OCR.")], 8)
    trained = open_model(run[0] / "model", engine="vlm")
    with pytest.raises(ParityError, match="the written adapter differs"):
        check_written(trained, loaded, wanted)  # what answered was the base
    tensors = load_file(trained.file(ADAPTER_WEIGHTS))
    save_file({name: torch.zeros_like(value) for name, value in tensors.items()}, tmp_path / "zero")
    files = {ADAPTER_CONFIG: trained.file(ADAPTER_CONFIG), ADAPTER_WEIGHTS: tmp_path / "zero"}
    nothing = write_model(tmp_path / "model", trained.card, files)
    assert check_written(nothing, loaded, wanted) == 0


def test_rounding_is_let_through(tiny_weights: StoredModel) -> None:
    loaded = load_base(tiny_weights, choose(CPU))
    wanted = answers_of(loaded, [prepare(loaded, page_image(), "<image>\nFree OCR.")], 8)
    assert check_parity(loaded, wanted, "the model") == 0
    shifted = replace(wanted, likely=tuple(likely + 5e-5 for likely in wanted.likely))
    assert check_parity(loaded, shifted, "the model") == pytest.approx(5e-5, rel=0.01)
    shifted = replace(wanted, likely=tuple(likely + 5e-4 for likely in wanted.likely))
    with pytest.raises(ParityError, match=r"by 5.0e-04 on average"):  # no token is so far off, but all are
        check_parity(loaded, shifted, "the model")


def test_another_text_is_not_let_through(tiny_weights: StoredModel) -> None:
    """However alike the probabilities are; but where the trained model was undecided, rounding may decide."""
    loaded = load_base(tiny_weights, choose(CPU))
    wanted = answers_of(loaded, [prepare(loaded, page_image(), "<image>\nFree OCR.")], 8)
    tokens, likely = wanted.tokens[0].clone(), wanted.likely[0].clone()
    tokens[3] += 1
    sure, undecided = likely.clone(), likely.clone()
    sure[3], undecided[3] = torch.tensor([0.9, 0.1]), torch.tensor([0.5, 0.4999])
    for margin, fits in ((sure, False), (undecided, True)):
        assert _was_undecided(wanted.tokens[0], tokens, margin, SAME.most) is fits
    assert not _was_undecided(wanted.tokens[0][:5], wanted.tokens[0], undecided, SAME.most)  # it ends early
    with pytest.raises(ParityError, match=r"the model reads .*, the trained one 'other'"):
        check_parity(loaded, replace(wanted, texts=("other",)), "the model")


def test_a_merge_that_lost_one_layer_is_not_let_through(
    run: tuple[Path, Training], tiny_weights: StoredModel
) -> None:
    """In 16 bits, where merging rounds: rounding is let through, one of two layers missing isn't."""
    folder = open_model(run[0] / "model", engine="vlm")
    placement = choose(CPU.model_copy(update={"dtype": "bfloat16"}))
    shared = SharedWeights(load_base(tiny_weights, placement))
    pages = [open_example(example).image for example in line_examples(3)]
    adapter = shared.attach(folder)
    with shared.using(adapter) as loaded:
        wanted = answers_of(loaded, [prepare(loaded, page, "<image>\nFree OCR.") for page in pages], 32)
    with shared.using() as loaded:
        limits = merging_limits(loaded, wanted)
    whole = merged(folder, load_base(tiny_weights, placement))
    check_parity(whole, wanted, "the merged model", limits)
    before = load_base(tiny_weights, placement).model.state_dict()
    changed = [
        name for name, weight in whole.model.named_parameters() if not torch.equal(weight, before[name])
    ]
    assert len(changed) == 14
    for layer in ("layers.0.", "layers.1.", "down_proj"):
        lost = [name for name in changed if layer in name]
        with without(whole, before, lost), pytest.raises(ParityError, match="the merged model"):
            check_parity(whole, wanted, "the merged model", limits)
    check_parity(whole, wanted, "the merged model", limits)


@contextmanager
def without(whole: Loaded, base: dict[str, torch.Tensor], names: list[str]) -> Iterator[None]:
    """While the block runs, these weights are the base's."""
    good = {name: whole.model.get_parameter(name).detach().clone() for name in names}
    for values in (base, good):
        for name in names:
            whole.model.get_parameter(name).data.copy_(values[name])
        if values is base:
            yield


@pytest.mark.parametrize("method", ["qlora", "lora-8bit"])
def test_what_was_taught_on_a_quantised_base_reads_and_merges_with_it(
    tiny_weights: StoredModel, tmp_path: Path, method: str
) -> None:
    data = write_lines(tmp_path / "data", {"train": 2, "val": 1})
    recipe = recipe_of(
        model=str(tiny_weights.path),
        method=method,
        preset="attention",
        dropout=0.0,
        learning_rate=0.01,
        epochs=4,
    )
    training = trained(data, tmp_path / "run", recipe)
    lesson, bits = training.taught.lesson, BITS[recipe.method]
    assert isinstance(lesson, LoraLesson)
    assert lesson.method == method and lesson.improved
    assert lesson.parity < (0.02 if bits == 8 else 1e-3)
    card = open_model(training.model, engine="vlm").card
    assert card.vlm is not None and card.vlm.bits == bits

    settings = CPU.model_copy(update={"model": str(tiny_weights.path)})
    opened = open_for_reading(training.model, settings)
    assert opened.base.loaded.bits == bits
    other = open_for_reading(training.model, settings.model_copy(update={"bits": 16}))
    assert other.base.loaded.bits == 16
    assert other.label == f"{opened.label} on 16 bits"
    pages = [open_example(example).image for example in line_examples(2)]
    plain = merge(training.model, tmp_path / "merged", pages, settings)
    assert plain.parity < (0.02 if bits == 8 else 1e-3)
    assert read(None, find_model(str(plain.path))) == read(training.model, tiny_weights)


@pytest.mark.parametrize(("method", "preset"), [("full", "language"), ("lora", "experts")])
def test_other_methods(tiny_weights: StoredModel, tmp_path: Path, method: str, preset: str) -> None:
    data = write_lines(tmp_path / "data", {"train": 2, "val": 1})
    recipe = recipe_of(
        model=str(tiny_weights.path), method=method, preset=preset, dropout=0.0, learning_rate=0.01, epochs=1
    )
    training = trained(data, tmp_path / "run", recipe)
    lesson = training.taught.lesson
    assert isinstance(lesson, LoraLesson)
    assert lesson.method == method and lesson.parity < 1e-3
    card = open_model(training.model, engine="vlm").card
    assert card.vlm is not None
    assert card.vlm.kind == ("full" if method == "full" else "adapter")
    assert read(training.model, tiny_weights)
    if method == "full":
        with pytest.raises(ModelFolderError, match="no adapter"):
            merge(training.model, tmp_path / "merged", [page_image()], CPU)
