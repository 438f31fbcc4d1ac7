"""Course: neck and head while they learn: optimiser, schedule, and all that the next step depends on."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recto.training.ctc.batches import Shuffler, add_gradient
from recto.training.ctc.drift import Drift
from recto.training.ctc.recipe import CtcRecipe


@dataclass(frozen=True, slots=True)
class Lap:
    """One pass over all lines: mean CTC loss per line, mean drift per step, and the last learning rate."""

    loss: float
    drift: float
    learning_rate: float


class Course:
    """AdamW and a one-cycle schedule (Smith and Topin, 2018) over all epochs of a recipe."""

    def __init__(
        self, modules: tuple[nn.Module, nn.Linear], data: Shuffler, drift: Drift, recipe: CtcRecipe
    ) -> None:
        self._neck, self._head = modules
        self._data, self._drift, self._recipe = data, drift, recipe
        self._weights = [*self._neck.parameters(), *self._head.parameters()]
        self._optimiser = torch.optim.AdamW(
            self._weights, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        total = max(4, recipe.epochs * data.steps)  # fewer steps make no schedule
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser,
            max_lr=recipe.learning_rate,
            total_steps=total,
            pct_start=min(0.9, max(recipe.warmup_share, 2 / total)),
        )

    def lap(self, pieces: int) -> Lap:
        """One epoch; each step is computed in `pieces`."""
        self._neck.train()
        total = drifted = rate = 0.0
        lines = steps = 0
        for batch in self._data.epoch():
            self._optimiser.zero_grad(set_to_none=True)
            total += len(batch.targets) * add_gradient(self._neck, self._head, batch, pieces)
            drifted += self._drift.add_gradient(self._neck, self._head, pieces)
            nn.utils.clip_grad_norm_(self._weights, self._recipe.gradient_norm)
            rate = self._optimiser.param_groups[0]["lr"]
            self._optimiser.step()
            self._schedule.step()
            lines += len(batch.targets)
            steps += 1
        self._neck.eval()
        return Lap(total / max(lines, 1), drifted / max(steps, 1), rate)

    def state(self) -> dict[str, object]:
        """Weights, optimiser, schedule and random states: what `restore` takes."""
        return {
            "neck": self._neck.state_dict(),
            "head": self._head.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "torch": torch.get_rng_state(),
            "shuffler": self._data.rng.getstate(),
            "drift": self._drift.rng.getstate(),
        }

    def restore(self, state: dict[str, object]) -> None:
        """Go back to a state: the next lap is the one that followed it."""
        self._optimiser.zero_grad(set_to_none=True)
        self._neck.load_state_dict(_table(state["neck"]))
        self._head.load_state_dict(_table(state["head"]))
        self._optimiser.load_state_dict(_table(state["optimiser"]))
        self._schedule.load_state_dict(_table(state["schedule"]))
        rng = state["torch"]
        assert isinstance(rng, Tensor)
        torch.set_rng_state(rng)
        self._data.rng.setstate(_row(state["shuffler"]))
        self._drift.rng.setstate(_row(state["drift"]))
        self._neck.eval()


def _table(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def _row(value: object) -> tuple[object, ...]:
    assert isinstance(value, tuple)
    return value
