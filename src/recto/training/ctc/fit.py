"""CTC training of neck and head on cached features, with the base model as its fallback.

Loss: CTC on the labelled lines (Graves et al., 2006) plus, on replayed general lines, the divergence from
the base model's own output (learning without forgetting; Li and Hoiem, 2016). The best epoch by validation
CER wins; epoch 0 is the base model, so training that doesn't help changes nothing.
"""

import copy
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from recto.engines.ppocr.recogniser import NEAR_SPACE
from recto.training.ctc.alphabet import class_of, cut_head, likely_rivals, merge_head, trained_classes
from recto.training.ctc.features import Bucket, LabelledLines
from recto.training.ctc.network import Recogniser
from recto.training.ctc.scoring import score_lines
from recto.training.progress import Epoch
from recto.training.recipe import Recipe

_RIVAL_LINES = 600


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """The trained network (the base's weights where `best_epoch` is 0) and every epoch."""

    network: Recogniser
    epochs: tuple[Epoch, ...]
    best_epoch: int
    trained_classes: int


def fit(
    base: Recogniser,
    characters: str,
    lines: tuple[LabelledLines, LabelledLines],
    replay: Sequence[Bucket],
    recipe: Recipe,
    on_epoch: Callable[[Epoch, Recogniser], None],
) -> Fitted:
    """Train on the first of `lines`, choose by the second; `replay` are features of general lines."""
    torch.manual_seed(recipe.seed)
    train, val = lines
    network = copy.deepcopy(base)
    used = {char for label in train.labels for char in label}
    rivals = likely_rivals(base.neck, base.head, _sample(train, recipe.seed), recipe.rivals)
    classes = trained_classes(characters, used, rivals)
    small = cut_head(base.head, classes)
    course = _Course(network.neck, small, recipe, _steps_per_epoch(train, recipe))
    data = _Batches(train, characters, classes, recipe)
    drift = _Drift(base.neck, small, replay, recipe) if replay else None

    first = score_lines(network.neck, network.head, val, characters, near_space=NEAR_SPACE)
    epochs = [Epoch(0, 0.0, 0.0, first, 0.0, is_best=True)]
    on_epoch(epochs[0], network)
    best = copy.deepcopy(network.state_dict())
    for number in range(1, recipe.epochs + 1):
        started = time.perf_counter()
        loss, drifted = course.run(data.shuffled(), drift)
        merge_head(network.head, small, classes)
        score = score_lines(network.neck, network.head, val, characters)
        is_best = score.errors < min(epoch.score.errors for epoch in epochs)
        if is_best:
            best = copy.deepcopy(network.state_dict())
        epochs.append(Epoch(number, loss, drifted, score, time.perf_counter() - started, is_best))
        on_epoch(epochs[-1], network)
        if number - _best(epochs) >= recipe.patience_epochs:
            break
    network.load_state_dict(best)
    return Fitted(network.eval(), tuple(epochs), _best(epochs), len(classes))


def _best(epochs: Sequence[Epoch]) -> int:
    return max(epoch.number for epoch in epochs if epoch.is_best)


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


def _steps_per_epoch(lines: LabelledLines, recipe: Recipe) -> int:
    return sum(-(-len(bucket.lines) // recipe.batch_lines) for bucket in lines.buckets)


class _Batches:
    """Labelled batches of one width each, in a new order every epoch."""

    def __init__(self, lines: LabelledLines, characters: str, classes: Tensor, recipe: Recipe) -> None:
        table = class_of(characters)
        place = {int(value): i for i, value in enumerate(classes)}
        self._targets = [
            torch.tensor([place[table[c]] for c in label], dtype=torch.long) for label in lines.labels
        ]
        self._buckets = lines.buckets
        self._size = recipe.batch_lines
        self._rng = random.Random(recipe.seed)

    def shuffled(self) -> Iterator[tuple[Tensor, list[Tensor]]]:
        """Features N × 384 × 1 × T in fp32 and one target per line."""
        plan = []
        for bucket in self._buckets:
            rows = list(range(len(bucket.lines)))
            self._rng.shuffle(rows)
            plan += [(bucket, rows[i : i + self._size]) for i in range(0, len(rows), self._size)]
        self._rng.shuffle(plan)
        for bucket, rows in plan:
            yield bucket.features[rows].float(), [self._targets[bucket.lines[row]] for row in rows]


class _Drift:
    """How far the network has moved from the base on general lines: KL divergence per frame."""

    def __init__(self, neck: nn.Module, head: nn.Linear, replay: Sequence[Bucket], recipe: Recipe) -> None:
        self._rng = random.Random(recipe.seed + 1)
        self._size = max(1, recipe.batch_lines // 4)
        self._parts = []
        with torch.inference_mode():
            for bucket in replay:
                for features in torch.split(bucket.features, self._size):
                    wanted = head(neck(features.float())).log_softmax(2).half()
                    self._parts.append((features.clone(), wanted.clone()))

    def loss(self, neck: nn.Module, head: nn.Linear) -> Tensor:
        """The divergence on one random batch."""
        features, wanted = self._rng.choice(self._parts)
        said = head(neck(features.float())).log_softmax(2)
        target = wanted.float()
        apart = functional.kl_div(said, target, reduction="sum", log_target=True)
        per_frame: Tensor = apart / (target.shape[0] * target.shape[1])
        return per_frame


class _Course:
    """Optimiser and schedule over all epochs."""

    def __init__(self, neck: nn.Module, head: nn.Linear, recipe: Recipe, steps_per_epoch: int) -> None:
        self._neck, self._head, self._recipe = neck, head, recipe
        self._weights = [*neck.parameters(), *head.parameters()]
        self._optimiser = torch.optim.AdamW(
            self._weights, lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        total = max(4, recipe.epochs * steps_per_epoch)  # fewer steps make no schedule
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser,
            max_lr=recipe.learning_rate,
            total_steps=total,
            pct_start=min(0.9, max(recipe.warmup_share, 2 / total)),
        )

    def run(
        self, batches: Iterator[tuple[Tensor, list[Tensor]]], drift: _Drift | None
    ) -> tuple[float, float]:
        """One epoch; mean CTC loss per line and mean drift per batch."""
        self._neck.train()
        total = drifted = 0.0
        lines = steps = 0
        for features, targets in batches:
            loss = ctc_loss(self._head(self._neck(features)), targets)
            moved = drift.loss(self._neck, self._head) if drift else torch.zeros(())
            self._optimiser.zero_grad(set_to_none=True)
            (loss + self._recipe.replay_weight * moved).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self._weights, self._recipe.gradient_norm)
            self._optimiser.step()
            self._schedule.step()
            total += loss.item() * len(targets)
            drifted += moved.item()
            lines += len(targets)
            steps += 1
        self._neck.eval()
        return total / max(lines, 1), drifted / max(steps, 1)


def ctc_loss(logits: Tensor, targets: Sequence[Tensor]) -> Tensor:
    """Mean CTC loss per line; logits N × T × classes, all T frames count, as in reading."""
    n, frames, _ = logits.shape
    lengths = torch.tensor([len(target) for target in targets])
    return (
        functional.ctc_loss(
            logits.log_softmax(2).transpose(0, 1),
            torch.cat(list(targets)),
            torch.full((n,), frames),
            lengths,
            reduction="sum",
            zero_infinity=True,
        )
        / n
    )
