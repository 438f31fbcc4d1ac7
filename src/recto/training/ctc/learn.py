"""Learn: labelled Examples in, a verified model folder out. The recogniser of the CPU engine is what learns.

    prepared lines → neck and head by CTC → the same ONNX graph → parity → folder

Which Examples, where the run is kept and whether it helped on test is the business of `training/improve`.
"""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from recto.datasets.example import Example
from recto.documents.page import Image
from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, open_model, write_model
from recto.engines.ppocr.crops import batches_by_width
from recto.engines.ppocr.line_network import LineNetwork, normalised
from recto.engines.ppocr.weights import BASE, sha256_of
from recto.errors import ParityError
from recto.training.ctc.base_model import load_base
from recto.training.ctc.fit import Fitted, fit
from recto.training.ctc.lesson import Lesson
from recto.training.ctc.network import Recogniser
from recto.training.ctc.prepare import Prepared, prepare
from recto.training.ctc.weights import write_network
from recto.training.progress import Epoch, Progress
from recto.training.recipe import Recipe
from recto.training.run import Run

PARITY = 1e-3
"""Largest difference of a probability that is still rounding. On hard lines single precision alone differs
from double precision by up to 8e-5, in every runtime; a weight in the wrong place by far more than this."""
LEARNT_SPACES = 0.0
"""A trained model has learnt its spaces from labels, so that it reads them only where they win."""


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
    base = load_base()
    prepared = prepare(base, data, recipe, progress)

    def keep(epoch: Epoch, network: Recogniser) -> None:
        run.log_epoch(epoch)
        if epoch.is_best:
            run.checkpoint(_trained(network))
        progress.epoch(epoch)

    progress.stage("training", recipe.epochs)
    lines = (prepared.train.lines, prepared.val.lines)
    fitted = fit(base.network, base.characters, lines, prepared.replay, recipe, keep)
    progress.stage("writing and checking the model", 1)
    data_out = write_network(base.graph, fitted.network) if fitted.best_epoch else base.source.read_bytes()
    parity = check_parity(data_out, fitted.network, prepared.probe)
    lesson = _lesson(fitted, prepared, parity)
    _write(
        run,
        data_out,
        ModelCard(
            engine="ppocr",
            base=BaseWeights(name=BASE, sha256=sha256_of(base.source)),
            characters=base.characters,
            near_space=LEARNT_SPACES if fitted.best_epoch else None,
            recipe=recipe.model_dump(),
            data_fingerprint=fingerprint,
            metrics={"val_line_cer_before": lesson.before.cer, "val_line_cer": lesson.after.cer},
        ),
        prepared.probe,
    )
    progress.advance(1)
    return lesson


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


def _lesson(fitted: Fitted, prepared: Prepared, parity: float) -> Lesson:
    return Lesson(
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
    )
