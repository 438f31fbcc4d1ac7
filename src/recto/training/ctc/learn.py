"""Learn: labelled Examples in, a verified model folder out. The recogniser of the CPU engine is what learns.

    lines → features → base readings → case → neck and head by CTC → the same ONNX graph → parity → folder

Which Examples, where the run is kept and whether it helped on test is the business of `training/improve`.
"""

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from recto.datasets.example import Example
from recto.documents.page import Image
from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, open_model, write_model
from recto.engines.ppocr.crops import batches_by_width, scale_line
from recto.engines.ppocr.detector import DetectorSettings, LineFinder
from recto.engines.ppocr.line_network import LineNetwork, normalised
from recto.engines.ppocr.weights import BASE, RECOGNISER_FILE, sha256_of, weights_path
from recto.errors import ParityError, TrainingError
from recto.training.ctc.case import transfer_case
from recto.training.ctc.features import Bucket, LabelledLines, extract, megabytes
from recto.training.ctc.fit import Fitted, fit
from recto.training.ctc.lesson import Lesson
from recto.training.ctc.lines import LineCutter, frames_needed
from recto.training.ctc.network import Recogniser
from recto.training.ctc.replay import general_lines
from recto.training.ctc.scoring import read_lines
from recto.training.ctc.weights import graph_characters, load_network, read_graph, write_network
from recto.training.progress import Epoch, Progress
from recto.training.recipe import Recipe
from recto.training.run import Run

PARITY = 1e-3
"""Largest difference of a probability that is still rounding. On hard lines single precision alone differs
from double precision by up to 8e-5, in every runtime; a weight in the wrong place by far more than this."""
_PARITY_LINES = 16
LEARNT_SPACES = 0.0
"""A trained model has learnt its spaces from labels, so that it reads them only where they win."""


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    lines: LabelledLines
    left_out: dict[str, int]
    unwritable: str
    probe: list[Image]


def learn(
    data: tuple[Sequence[Example], Sequence[Example]],
    fingerprint: str,
    run: Run,
    recipe: Recipe,
    progress: Progress,
) -> Lesson:
    """Train on the first of `data`, choose the epoch by the second, and write the model folder of `run`.

    Where no epoch beats the base model, its own weights are written and `Lesson.improved` is False.
    Raises TrainingError, ParityError, OutputError.
    """
    source = weights_path(RECOGNISER_FILE)
    graph = read_graph(source)
    characters = graph_characters(graph)
    base = load_network(graph)
    backbone = LineNetwork(source, "features")
    model, middle = (characters, backbone), recipe.margin / 2
    train = _prepare(data[0], model, recipe, (recipe.max_train_lines, (0.0, recipe.margin)), progress)
    val = _prepare(data[1], model, recipe, (recipe.max_val_lines, (middle, middle)), progress)
    replay = _replay(backbone, recipe, progress)
    lines, read, guessed = _with_case(base, characters, train.lines, progress)

    def keep(epoch: Epoch, network: Recogniser) -> None:
        run.log_epoch(epoch)
        if epoch.is_best:
            run.checkpoint(_trained(network))
        progress.epoch(epoch)

    progress.stage("training", recipe.epochs)
    fitted = fit(base, characters, (lines, val.lines), replay, recipe, keep)
    progress.stage("writing and checking the model", 1)
    data_out = write_network(graph, fitted.network) if fitted.best_epoch else source.read_bytes()
    parity = check_parity(data_out, fitted.network, val.probe)
    lesson = _lesson(fitted, (train, val), (read, guessed), replay, parity)
    _write(
        run,
        data_out,
        ModelCard(
            engine="ppocr",
            base=BaseWeights(name=BASE, sha256=sha256_of(source)),
            characters=characters,
            near_space=LEARNT_SPACES if fitted.best_epoch else None,
            recipe=recipe.model_dump(),
            data_fingerprint=fingerprint,
            metrics={"val_line_cer_before": lesson.before.cer, "val_line_cer": lesson.after.cer},
        ),
        val.probe,
    )
    progress.advance(1)
    return lesson


def _prepare(
    examples: Sequence[Example],
    model: tuple[str, LineNetwork],
    recipe: Recipe,
    limits: tuple[int, tuple[float, float]],
    progress: Progress,
) -> _Prepared:
    """Cut at most so many lines of `examples`, with margins between two, and compute their features."""
    characters, backbone = model
    most, margins = limits
    find = LineFinder(DetectorSettings())
    cutter = LineCutter(frozenset(characters), margins, random.Random(recipe.seed), find)
    progress.stage("finding lines and computing features", len(examples))
    probe: list[Image] = []
    lines_cut = cutter.cut(examples, most=most, opened=progress.advance)
    buckets = extract(backbone, _watched(lines_cut, probe))
    short = {
        place
        for bucket in buckets
        for place in bucket.lines
        if bucket.frames < frames_needed(cutter.labels[place].text)
    }
    if short:
        cutter.left_out["more characters than the line is wide"] += len(short)
        buckets = [b for b in (_without(bucket, short) for bucket in buckets) if b.lines]
    if not buckets:
        reasons = "; ".join(f"{count} × {why}" for why, count in cutter.left_out.items())
        raise TrainingError(
            f"no line of {len(examples)} documents can be learnt from ({reasons or 'no lines'})",
            hint="see all problems of a dataset with: recto data check",
        )
    labels = cutter.labels
    lines = LabelledLines(
        tuple(buckets), tuple(label.text for label in labels), tuple(label.case_blind for label in labels)
    )
    return _Prepared(lines, dict(cutter.left_out), "".join(sorted(cutter.unwritable)), probe)


def _watched(lines: Iterator[Image], probe: list[Image]) -> Iterator[Image]:
    """The same lines, the first few kept for the parity check."""
    for line in lines:
        if len(probe) < _PARITY_LINES:
            probe.append(line)
        yield line


def _without(bucket: Bucket, places: set[int]) -> Bucket:
    rows = [row for row, place in enumerate(bucket.lines) if place not in places]
    return Bucket(bucket.features[rows], tuple(bucket.lines[row] for row in rows))


def _replay(backbone: LineNetwork, recipe: Recipe, progress: Progress) -> list[Bucket]:
    if not recipe.replay_lines or not recipe.replay_weight:
        return []
    progress.stage("general lines against forgetting", recipe.replay_lines)
    lines = (scale_line(line) for line in general_lines(recipe.replay_lines, seed=recipe.seed))
    return extract(backbone, lines, advance=progress.advance)


def _with_case(
    base: Recogniser, characters: str, lines: LabelledLines, progress: Progress
) -> tuple[LabelledLines, int, int]:
    """Labels of case-blind sources with the case that the base model sees; how many letters were set."""
    blind = {place for place, is_blind in enumerate(lines.case_blind) if is_blind}
    if not blind:
        return lines, 0, 0
    progress.stage("taking the case from the base model's reading", len(blind))
    readings = read_lines(base.neck, base.head, lines.buckets, characters, advance=progress.advance)
    known = frozenset(characters)
    labels, read, guessed = list(lines.labels), 0, 0
    for place in blind:
        cased = transfer_case(labels[place], readings[place])
        if set(cased.text) <= known:
            labels[place], read, guessed = cased.text, read + cased.read, guessed + cased.guessed
    return replace(lines, labels=tuple(labels)), read, guessed


def check_parity(model: bytes, network: Recogniser, lines: Sequence[Image]) -> float:
    """The largest difference of a probability between the written graph and the module, on real lines.

    The module computes in double precision, so that only the runtime's own rounding remains. Raises
    ParityError where it is more than rounding.
    """
    runtime = LineNetwork(model, "probabilities", precision="f32")
    exact = copy.deepcopy(network).double()
    worst = 0.0
    for _, pixels in batches_by_width(lines, 4):
        with torch.inference_mode():
            wanted = exact(torch.from_numpy(normalised(pixels)).double()).softmax(2).numpy()
        worst = max(worst, float(np.abs(runtime(pixels) - wanted).max()))
    if not worst <= PARITY:
        raise ParityError(
            f"the written model differs from the trained one by {worst:.1e} (at most {PARITY:.0e})",
            hint="please report this; the model was not kept",
        )
    return worst


def _write(run: Run, data: bytes, card: ModelCard, probe: Sequence[Image]) -> None:
    """Write the model folder, open it as an engine would, and see that a prediction repeats."""
    folder = write_model(run.model, card, {RECOGNISER: data}).path
    written = LineNetwork(open_model(folder).file(RECOGNISER), "probabilities", precision="f32")
    memory = LineNetwork(data, "probabilities", precision="f32")
    for _, pixels in batches_by_width(probe[:4], 4):
        if np.abs(written(pixels) - memory(pixels)).max() > PARITY:
            raise ParityError(
                "the model on disk predicts something else", where=folder, hint=_disk_hint(folder)
            )


def _disk_hint(folder: Path) -> str:
    return f"check the disk that holds {folder}"


def _trained(network: Recogniser) -> dict[str, NDArray[np.float32]]:
    """Weights of neck and head, as arrays."""
    state = network.state_dict()
    return {key: value.numpy() for key, value in state.items() if not key.startswith("backbone.")}


def _lesson(
    fitted: Fitted,
    prepared: tuple[_Prepared, _Prepared],
    letters: tuple[int, int],
    replay: Sequence[Bucket],
    parity: float,
) -> Lesson:
    train, val = prepared
    return Lesson(
        train_lines=_count(train.lines.buckets),
        val_lines=_count(val.lines.buckets),
        left_out=train.left_out,
        unwritable=train.unwritable,
        letters_read=letters[0],
        letters_guessed=letters[1],
        before=fitted.epochs[0].score,
        after=fitted.epochs[fitted.best_epoch].score,
        epochs=len(fitted.epochs) - 1,
        best_epoch=fitted.best_epoch,
        trained_classes=fitted.trained_classes,
        features_mb=megabytes((*train.lines.buckets, *val.lines.buckets, *replay)),
        parity=parity,
    )


def _count(buckets: Sequence[Bucket]) -> int:
    return sum(len(bucket.lines) for bucket in buckets)
