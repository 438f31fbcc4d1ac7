"""CTC training of neck and head on cached features, with the base model as its fallback.

Loss: CTC on the labelled lines and, against forgetting, on general lines among them; on these the divergence
from the base model's own output is added. What is measured and kept lies between the base's weights and the
trained ones (Wortsman et al., 2022). The newest epoch within a standard error of the best wins; epoch 0 is
the base model, so training that clearly doesn't help changes nothing. After every epoch its state is kept,
and what follows depends on that state alone: a training that was killed, or ran out of memory in the middle
of an epoch, goes on as if nothing had been.
"""

import copy
import gc
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from recto.engines.ppocr.recogniser import NEAR_SPACE
from recto.errors import TrainingError
from recto.training.ctc.alphabet import cut_head, likely_rivals, merge_head, trained_classes
from recto.training.ctc.base_model import BaseModel
from recto.training.ctc.batches import Shuffler
from recto.training.ctc.course import Course
from recto.training.ctc.decoding import SLICE_LINES, LineReader
from recto.training.ctc.drift import Drift
from recto.training.ctc.features import LabelledLines
from recto.training.ctc.network import Recogniser
from recto.training.ctc.prepare import Prepared
from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.scoring import score_lines
from recto.training.ctc.state import State, Weights, unpack
from recto.training.memory import is_out_of_memory
from recto.training.progress import GOES_ON, Epoch, Score

_RIVAL_LINES = 600
_FEW_ERRORS = 3  # so many more are never called clearly worse


class Keeper(Protocol):
    """Where states are kept, and who hears of the training."""

    def newest(self) -> bytes | None:
        """The newest state that was kept."""
        ...

    def resumed(self, epochs: tuple[Epoch, ...]) -> None:
        """The training goes on after these epochs."""
        ...

    def keep(self, epoch: Epoch, state: bytes) -> None:
        """An epoch is done; this is the state after it."""
        ...

    def say(self, remark: str) -> None:
        """Something worth a line, and worth remembering."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The trained network (the base's weights where `best_epoch` is 0) and every epoch.

    A step was computed in `pieces` at the end, more than the recipe's `accumulation` where memory ran out.
    """

    network: Recogniser
    epochs: tuple[Epoch, ...]
    best_epoch: int
    trained_classes: int
    pieces: int


def fit(base: BaseModel, prepared: Prepared, recipe: CtcRecipe, keeper: Keeper) -> Fitted:
    """Train on the lines of `prepared.train`, choose the epoch by those of `prepared.val`.

    Goes on from the newest state that `keeper` has. Raises TrainingError where memory runs out even with
    single lines.
    """
    packed = keeper.newest()
    torch.manual_seed(recipe.seed)
    state = unpack(packed) if packed else None
    classes = state.classes if state else _classes(base, prepared.taught, recipe)
    pupil = _Pupil(base, prepared, recipe, classes)
    if state:
        pupil.go_back(state)
        keeper.resumed(state.epochs)
    while not is_over(pupil.epochs, recipe):
        if pupil.tries_epoch():
            packed = pupil.state().packed()
            keeper.keep(pupil.epochs[-1], packed)
        else:
            pupil.take_smaller_pieces()
            if packed:
                pupil.go_back(unpack(packed), with_pieces=False)
            keeper.say(pupil.in_smaller_pieces())
    return Fitted(pupil.best_network(), pupil.epochs, best_of(pupil.epochs), len(classes), pupil.pieces)


def is_over(epochs: Sequence[Epoch], recipe: CtcRecipe) -> bool:
    """Whether all epochs are done, or the last few were no better than the best one before."""
    if not epochs:
        return False
    last = epochs[-1].number
    return last >= recipe.epochs or last - best_of(epochs) >= recipe.patience_epochs


def best_of(epochs: Sequence[Epoch]) -> int:
    """The number of the best epoch."""
    return max(epoch.number for epoch in epochs if epoch.is_best)


class _Pupil:
    """What learns: the network, its course, and what is known of its epochs."""

    def __init__(self, base: BaseModel, prepared: Prepared, recipe: CtcRecipe, classes: Tensor) -> None:
        self._base, self._recipe, self._classes = base, recipe, classes
        self._val = prepared.val.lines
        self._network, self._shown = copy.deepcopy(base.network), copy.deepcopy(base.network)
        self._head = cut_head(base.network.head, classes)
        self._start = self._weights()
        drift = Drift(base.network.neck, self._head, prepared.replay.buckets, recipe)
        lines = prepared.taught
        data = Shuffler(lines, base.characters, classes, recipe.step_lines, recipe.seed)
        self._lines = sum(len(bucket.lines) for bucket in lines.buckets)
        self._course = Course((self._network.neck, self._head), data, drift, recipe)
        self._best = self._start
        self.epochs: tuple[Epoch, ...] = ()
        self.pieces = recipe.accumulation

    def tries_epoch(self) -> bool:
        """The next epoch (epoch 0 only measures the base model); False where memory ran out in it."""
        try:
            epoch = self._epoch() if self.epochs else self._before()
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return False
        self.epochs += (epoch,)
        if epoch.is_best:
            self._best = self._blended() if epoch.number else self._start
        return True

    def state(self) -> State:
        """Everything that the next epoch depends on."""
        return State(self.epochs, self._classes, self.pieces, self._course.state(), self._best)

    def go_back(self, state: State, *, with_pieces: bool = True) -> None:
        """Stand where `state` stood."""
        self.epochs, self._best = state.epochs, state.best
        self._course.restore(state.course)
        if with_pieces:
            self.pieces = state.pieces

    def take_smaller_pieces(self) -> None:
        """Half as many lines at once, twice as many pieces to a step. Raises TrainingError."""
        if self.pieces >= self._recipe.step_lines:
            hint = f"close other programs: {GOES_ON}; or begin anew with a lower max_train_lines"
            raise TrainingError("memory ran out, even with one line at a time", hint=hint)
        self.pieces = min(2 * self.pieces, self._recipe.step_lines)
        gc.collect()  # what the failed step still holds

    def in_smaller_pieces(self) -> str:
        """What `take_smaller_pieces` did, in words."""
        lines = -(-self._recipe.step_lines // self.pieces)
        where = f"after epoch {self.epochs[-1].number}" if self.epochs else "from the start"
        few = "1 line" if lines == 1 else f"{lines} lines"
        return f"memory ran out: {few} at once now, {self.pieces} times a step; going on {where}"

    def best_network(self) -> Recogniser:
        """The whole network with the weights of the best epoch."""
        return self._network_with(self._best)

    def _before(self) -> Epoch:
        score = self._score(self._base.network, near_space=NEAR_SPACE)
        return Epoch(0, 0.0, 0.0, score, 0.0, is_best=True)

    def _epoch(self) -> Epoch:
        started = time.perf_counter()
        lap = self._course.lap(self.pieces)
        seconds = time.perf_counter() - started
        score = self._score(self._network_with(self._blended()), near_space=0.0)
        return Epoch(
            number=len(self.epochs),
            loss=lap.loss,
            drift=lap.drift,
            score=score,
            seconds=time.perf_counter() - started,
            is_best=is_best(score, self.epochs, self._recipe),
            learning_rate=lap.learning_rate,
            speed=self._lines / max(seconds, 1e-9),
        )

    def _score(self, network: Recogniser, near_space: float) -> Score:
        slice_lines = max(1, SLICE_LINES * self._recipe.accumulation // self.pieces)
        reader = LineReader(network.neck, network.head, self._base.characters, near_space, slice_lines)
        return score_lines(reader, self._val)

    def _weights(self) -> Weights:
        neck, head = self._network.neck.state_dict(), self._head.state_dict()
        return {
            "neck": {k: v.clone() for k, v in neck.items()},
            "head": {k: v.clone() for k, v in head.items()},
        }

    def _blended(self) -> Weights:
        """So far from the base's weights to the trained ones: what was learnt generalises better so."""
        now = self._weights()
        return {
            part: {
                name: torch.lerp(old, now[part][name], self._recipe.blend) if old.is_floating_point() else old
                for name, old in tensors.items()
            }
            for part, tensors in self._start.items()
        }

    def _network_with(self, weights: Weights) -> Recogniser:
        head = copy.deepcopy(self._head)
        head.load_state_dict(weights["head"])
        self._shown.neck.load_state_dict(weights["neck"])
        merge_head(self._shown.head, head, self._classes)
        return self._shown.eval()


def is_best(score: Score, epochs: Sequence[Epoch], recipe: CtcRecipe) -> bool:
    """Whether an epoch is the one to keep so far: the newest that is within a standard error of the best.

    Late epochs have settled, and validation errors are a count with its own noise. With few
    validation lines it needn't beat the base model, as that would be chance; a clearly worse one never
    counts.
    """
    errors = [epoch.score.errors for epoch in epochs]
    if score.characters >= recipe.min_val_characters and score.errors >= errors[0]:
        return False
    return score.errors <= min(errors) + math.sqrt(min(errors)) + _FEW_ERRORS


def _classes(base: BaseModel, lines: LabelledLines, recipe: CtcRecipe) -> Tensor:
    used = {char for label in lines.labels for char in label}
    network = base.network
    rivals = likely_rivals(network.neck, network.head, _sample(lines, recipe.seed), recipe.rivals)
    return trained_classes(base.characters, used, rivals)


def _sample(lines: LabelledLines, seed: int) -> list[Tensor]:
    """Features of some lines of every width, as fp32."""
    share = min(1.0, _RIVAL_LINES / max(1, len(lines.labels)))
    rng = torch.Generator().manual_seed(seed)
    out = []
    for bucket in lines.buckets:
        rows = torch.rand(len(bucket.lines), generator=rng) < share
        if bool(rows.any()):
            out.append(bucket.features[rows].float())
    return out
