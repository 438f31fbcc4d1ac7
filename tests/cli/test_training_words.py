"""What a training did is told for every way of learning, and progress shows lines and pages alike."""

from dataclasses import replace

import pytest

from recto.cli.improve_progress import ConsoleProgress
from recto.cli.training_words import sentences
from recto.retraining.log_lines import LoggedProgress
from recto.training.estimate import Estimate
from recto.training.lora.lesson import LoraLesson, Memory
from recto.training.progress import Epoch, Sample, Score
from recto.training.train import Taught

BEFORE = Score(0.8, 0.9, 80, 100, 0.0, (Sample("TOTAL 5.00", "T"),), unit="pages")
AFTER = replace(BEFORE, cer=0.1, errors=10)
LESSON = LoraLesson(
    train_pages=40,
    val_pages=8,
    before=BEFORE,
    after=AFTER,
    epochs=3,
    best_epoch=2,
    steps=9,
    best_step=6,
    backend="transformers",
    why="backend transformers: Unsloth isn't installed",
    method="lora",
    optimiser="adamw-8bit",
    device="cuda:0",
    dtype="bfloat16",
    attention="sdpa",
    trainable_parameters=2_000_000,
    total_parameters=3_000_000_000,
    tokens=90_000,
    tokens_per_s=1500.0,
    pages_at_once=8,
    parity=0.0,
    memory=Memory(6000, 100, 1900, measured_mb=9216),
)
ESTIMATE = Estimate(
    documents=48,
    train_count=40,
    val_count=8,
    prepare_s=10,
    epoch_s=30,
    epochs=3,
    write_s=10,
    memory_mb=8192,
    calibration_s=5,
    unit="pages",
    device_mb=81920,
)


def test_a_vision_language_model_in_sentences() -> None:
    taught = Taught(LESSON, True, ESTIMATE, {"training": 121.0}, 2048.0)
    assert sentences(taught) == [
        "Learnt from 40 pages, chose the best step by 8 others held out of train.",
        "Method lora: 2,000,000 of 3,000,000,000 parameters (0.07%) learnt, on cuda:0 in bfloat16.",
        "Trained by transformers: Unsloth isn't installed.",
        "Pages of validation: CER 80.00% → 10.00% after step 6 of 9.",
        "Training took 121 s, 2.0 GiB at most, 1500 tokens a second.",
        "Estimated: 1 min 50 s for 3 epochs and 8.0 GiB; it took 2 min 01 s and 9.0 GiB (+10% time).",
    ]


def test_what_did_not_help_is_said() -> None:
    taught = Taught(
        replace(LESSON, after=BEFORE, best_epoch=0, best_step=0), False, None, {"training": 1.0}, None
    )
    told = sentences(taught)
    assert "No epoch beat the base model on validation pages: its weights were kept unchanged." in told


@pytest.mark.parametrize(
    ("epoch", "shown", "logged"),
    [
        (
            Epoch(0, 0, None, BEFORE, 2.0, is_best=True),
            "base model  val CER 80.00%",
            "base model: validation pages",
        ),
        (
            Epoch(2, 0.5, None, AFTER, 60.0, is_best=True, speed=1500, speed_unit="tokens", step=150),
            "step 150    loss 0.500  val CER 10.00%  WER 90.00%  exact 0.0%  60 s, 1500 tokens/s  (best",
            "step 150, loss 0.500: validation pages CER 10.00%, 60 s (best so far)",
        ),
    ],
)
def test_progress_of_pages(epoch: Epoch, shown: str, logged: str, capsys: pytest.CaptureFixture[str]) -> None:
    ConsoleProgress().epoch(epoch)
    console = capsys.readouterr().err
    assert shown in console
    assert "label 'TOTAL 5.00', read 'T'" in console
    lines: list[str] = []
    LoggedProgress(lines.append).epoch(epoch)
    assert lines[0].startswith(logged)


def test_a_long_page_is_shown_by_its_beginning(capsys: pytest.CaptureFixture[str]) -> None:
    score = replace(BEFORE, samples=(Sample("word " * 400, ""),))
    ConsoleProgress().epoch(Epoch(0, 0, None, score, 2.0, is_best=True))
    told = capsys.readouterr().err
    assert "word …', read ''" in told and len(told) < 400
