"""Learn: labelled Examples in, a verified model folder out. The recogniser of the CPU engine is what learns.

    prepared lines → neck and head by CTC → the same ONNX graph → parity → folder

Which Examples, where the run is kept and whether it helped on test is the business of `training/improve`.
"""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from recto.datasets.example import Example
from recto.documents.page import Image
from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, open_model, write_model
from recto.engines.ppocr.crops import batches_by_width
from recto.engines.ppocr.line_network import LineNetwork, normalised
from recto.engines.ppocr.weights import BASE, sha256_of
from recto.errors import ParityError
from recto.training.chronicle import Chronicle
from recto.training.ctc.base_model import BaseModel
from recto.training.ctc.fit import Fitted, fit
from recto.training.ctc.kept_lines import keep_lines, kept_lines
from recto.training.ctc.lesson import CtcLesson
from recto.training.ctc.network import Recogniser
from recto.training.ctc.prepare import Prepared, prepare
from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.weights import write_network
from recto.training.identity import code_version
from recto.training.memory import enough_memory
from recto.training.run import Run

PARITY = 1e-3
"""Largest difference of a probability that is still rounding. On hard lines single precision alone differs
from double precision by up to 8e-5, in every runtime; a weight in the wrong place by far more than this."""
LEARNT_SPACES = 0.0
"""A trained model has learnt its spaces from labels, so that it reads them only where they win."""


def learn(
    base: BaseModel,
    data: tuple[Sequence[Example], Sequence[Example]],
    fingerprint: str,
    run: Run,
    recipe: CtcRecipe,
    chronicle: Chronicle,
) -> CtcLesson:
    """Train on the first of `data`, choose the epoch by the second, and write the model folder of `run`.

    Where no epoch is kept, the base model's own weights are written and `Lesson.improved` is False.
    Raises TrainingError, ParityError, OutputError.
    """
    with enough_memory("a lower max_train_lines"):
        prepared = _prepared(base, data, fingerprint, run, recipe, chronicle)
        chronicle.stage("training", recipe.epochs)
        fitted = fit(base, prepared, recipe, chronicle)
        chronicle.stage("writing and checking the model", 1)
        weights = write_network(base.graph, fitted.network) if fitted.best_epoch else base.source.read_bytes()
        parity = check_parity(weights, fitted.network, prepared.probe)
    lesson = _lesson(fitted, prepared, parity)
    card = ModelCard(
        engine="ppocr",
        base=BaseWeights(name=BASE, sha256=sha256_of(base.source)),
        characters=base.characters,
        near_space=LEARNT_SPACES if fitted.best_epoch else None,
        small_marks=bool(fitted.best_epoch) and recipe.small_marks,
        recipe=recipe.model_dump(mode="json"),
        data_fingerprint=fingerprint,
        metrics={"val_line_cer_before": lesson.before.cer, "val_line_cer": lesson.after.cer},
    )
    _write(run, weights, card, prepared.probe)
    chronicle.advance(1)
    return lesson


def _prepared(
    base: BaseModel,
    data: tuple[Sequence[Example], Sequence[Example]],
    fingerprint: str,
    run: Run,
    recipe: CtcRecipe,
    chronicle: Chronicle,
) -> Prepared:
    """The lines that an earlier attempt kept, or new ones, which are kept for the next attempt."""
    settings = recipe.model_dump_json(exclude={"trackers", "price_per_hour"})
    key = f"{code_version()} {fingerprint} {settings}"
    kept = kept_lines(run.prepared, key) if run.resumed else None
    if kept:
        chronicle.say(f"{kept.train.count + kept.val.count} lines are there from before")
        return kept
    prepared = prepare(base, data, recipe, chronicle)
    if why_not := keep_lines(run.prepared, key, prepared):
        chronicle.say(f"lines and features aren't kept: {why_not}; after a kill they are computed again")
    return prepared


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


def _lesson(fitted: Fitted, prepared: Prepared, parity: float) -> CtcLesson:
    return CtcLesson(
        train_lines=prepared.train.count,
        val_lines=prepared.val.count,
        left_out=prepared.train.left_out,
        unwritable=prepared.train.unwritable,
        aligned_lines=prepared.train.aligned,
        letters_read=prepared.train.letters_read,
        letters_guessed=prepared.train.letters_guessed,
        before=fitted.epochs[0].score,
        after=fitted.epochs[fitted.best_epoch].score,
        epochs=len(fitted.epochs) - 1,
        best_epoch=fitted.best_epoch,
        trained_classes=fitted.trained_classes,
        features_mb=prepared.features_mb,
        parity=parity,
        pieces=fitted.pieces,
        lines_per_s=_speed(fitted),
    )


def _speed(fitted: Fitted) -> float:
    """Mean over the epochs."""
    speeds = [epoch.speed for epoch in fitted.epochs if epoch.number]
    return sum(speeds) / max(len(speeds), 1)
