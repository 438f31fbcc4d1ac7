"""Fitting: what it changes, gradients in pieces, and going on from a state as if nothing had been."""

import copy
from dataclasses import dataclass, field, replace

import pytest
import torch
from torch import Tensor

from recto.training.ctc.alphabet import cut_head, trained_classes
from recto.training.ctc.base_model import BaseModel
from recto.training.ctc.batches import Shuffler, add_gradient
from recto.training.ctc.drift import Drift
from recto.training.ctc.features import LabelledLines
from recto.training.ctc.fit import Fitted, fit
from recto.training.ctc.prepare import Prepared
from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.state import unpack
from recto.training.progress import Epoch

RECIPE = CtcRecipe(epochs=3, patience_epochs=3, batch_lines=8, rivals=20, seed=5)


class Killed(BaseException):
    """What a kill looks like from inside."""


@dataclass
class Memory:
    """A keeper that remembers; killed once it has kept `lives` states."""

    lives: int = 99
    states: list[bytes] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def newest(self) -> bytes | None:
        return self.states[-1] if self.states else None

    def resumed(self, epochs: tuple[Epoch, ...]) -> None:
        self.epochs = list(epochs)

    def keep(self, epoch: Epoch, state: bytes) -> None:
        if len(self.states) >= self.lives:
            raise Killed
        self.states.append(state)
        self.epochs.append(epoch)

    def say(self, remark: str) -> None:
        self.said.append(remark)


@pytest.fixture(scope="module")
def undisturbed(base: BaseModel, prepared: Prepared) -> tuple[Fitted, Memory]:
    keeper = Memory()
    return fit(base, prepared, RECIPE, keeper), keeper


def weights(fitted: Fitted) -> dict[str, Tensor]:
    return dict(fitted.network.state_dict())


def same(one: Fitted, other: Fitted) -> bool:
    return all(torch.equal(value, weights(other)[key]) for key, value in weights(one).items())


def figures(epochs: list[Epoch]) -> list[Epoch]:
    return [replace(epoch, seconds=0, speed=0) for epoch in epochs]


def test_lines_are_read_better_and_only_what_should_has_changed(
    base: BaseModel, undisturbed: tuple[Fitted, Memory]
) -> None:
    fitted, _ = undisturbed
    before, after = fitted.epochs[0].score, fitted.epochs[fitted.best_epoch].score
    assert after.cer < 0.75 * before.cer
    changed = {
        key
        for key, value in base.network.state_dict().items()
        if not torch.equal(value, weights(fitted)[key])
    }
    assert {key.split(".")[0] for key in changed} == {"neck", "head"}
    rows = (base.network.head.weight != fitted.network.head.weight).any(1)
    assert 0 < int(rows.sum()) <= fitted.trained_classes


def test_labels_of_other_lines_teach_nothing(base: BaseModel, prepared: Prepared) -> None:
    lines = prepared.train.lines
    wrong = replace(lines, labels=lines.labels[1:] + lines.labels[:1])
    recipe = RECIPE.model_copy(update={"epochs": 6, "blend": 1.0, "min_val_characters": 0})
    fitted = fit(base, replace(prepared, train=replace(prepared.train, lines=wrong)), recipe, Memory())
    assert fitted.best_epoch == 0
    state = fitted.network.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in base.network.state_dict().items())


@pytest.mark.parametrize("lives", [0, 2])
def test_a_killed_training_ends_as_an_undisturbed_one(
    base: BaseModel, prepared: Prepared, undisturbed: tuple[Fitted, Memory], lives: int
) -> None:
    killed = Memory(lives=lives)
    with pytest.raises(Killed):
        fit(base, prepared, RECIPE, killed)
    again = Memory(states=killed.states)
    torch.rand(7)  # what else the process drew in between doesn't matter
    fitted = fit(base, prepared, RECIPE, again)
    assert same(fitted, undisturbed[0])
    assert figures(again.epochs) == figures(undisturbed[1].epochs)


def test_a_finished_training_isn_t_trained_further(
    base: BaseModel, prepared: Prepared, undisturbed: tuple[Fitted, Memory]
) -> None:
    again = Memory(states=undisturbed[1].states[-1:], lives=1)
    assert same(fit(base, prepared, RECIPE, again), undisturbed[0])


def test_patience(base: BaseModel, prepared: Prepared) -> None:
    """A rate that changes nothing: no epoch is better than the base model."""
    recipe = RECIPE.model_copy(
        update={"epochs": 9, "patience_epochs": 2, "learning_rate": 1e-12, "min_val_characters": 0}
    )
    fitted = fit(base, replace(prepared, replay=LabelledLines((), (), ())), recipe, Memory())
    assert [epoch.number for epoch in fitted.epochs] == [0, 1, 2]


def test_accumulated_halves_are_the_whole_batch(base: BaseModel, prepared: Prepared) -> None:
    """The gradients of a batch, whole and in pieces, differ by rounding only."""
    lines = prepared.train.lines
    classes = trained_classes(base.characters, set("".join(lines.labels)), torch.arange(9))
    whole = gradients(base, prepared, classes, 1)
    assert max(float(grad.abs().max()) for grad in whole) > 0.01
    for pieces in (2, 4, 8):
        for one, other in zip(whole, gradients(base, prepared, classes, pieces), strict=True):
            assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)


def gradients(base: BaseModel, prepared: Prepared, classes: Tensor, pieces: int) -> list[Tensor]:
    """Of one batch of labelled lines and one of general lines."""
    neck, head = copy.deepcopy(base.network.neck).train(), cut_head(base.network.head, classes)
    with torch.no_grad():
        head.bias += 0.1  # moved from the base, so that drift isn't nothing
    drift = Drift(base.network.neck, cut_head(base.network.head, classes), prepared.replay.buckets, RECIPE)
    batch = next(Shuffler(prepared.train.lines, base.characters, classes, 8, seed=1).epoch())
    add_gradient(neck, head, batch, pieces)
    drift.add_gradient(neck, head, pieces)
    return [p.grad.clone() for p in (*neck.parameters(), *head.parameters()) if p.grad is not None]


def test_a_state_is_data_and_nothing_else(undisturbed: tuple[Fitted, Memory]) -> None:
    state = unpack(undisturbed[1].states[-1])
    assert state.epochs == undisturbed[0].epochs
    assert state.pieces == 1
