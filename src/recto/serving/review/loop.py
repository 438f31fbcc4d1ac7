"""Loop: what the dashboard shows of the loops of a workspace, and how it asks one for a Cycle.

Serving doesn't know what retrains: whoever starts the service hands a `Loop` over (`cli/serve_loop`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TriggerSays:
    """Whether a Cycle is due by one Trigger, and why."""

    trigger: str
    due: bool
    words: str


@dataclass(frozen=True, slots=True)
class Share:
    """One category: how many trusted pages, their share, and the share wanted (0–1)."""

    category: str
    documents: int
    share: float
    wanted: float | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One Cycle: how it went, the figures (0–1) on its test documents before and after, what gates said.

    They are error rates, and of a tagger the mean F1 of its fields.

    `remark` is the newest line of its training's log, while it runs.
    """

    cycle: int
    state: str
    started_at: datetime
    reasons: Sequence[str]
    before: float | None
    after: float | None
    verdicts: Sequence[tuple[str, bool, str]]
    release: int | None
    outcome: str | None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class LoopStanding:
    """One loop: its Triggers, its mix, what was asked for, and its Cycles, oldest first.

    `of_fields` says that it is a tagger's: there is no mix, and `labelled` counts the documents with trusted
    fields by split.
    """

    scope: str
    new: int
    balanced: bool
    mix: Sequence[Share]
    triggers: Sequence[TriggerSays]
    requests: Sequence[str]
    turns: Sequence[Turn]
    of_fields: bool = False
    labelled: Mapping[str, int] = field(default_factory=dict)

    @property
    def running(self) -> Turn | None:
        """The Cycle that goes on now."""
        return next((turn for turn in reversed(self.turns) if turn.state == "running"), None)


class Loop(Protocol):
    """The loops of one workspace."""

    def standings(self) -> Sequence[LoopStanding]:
        """How each stands now."""
        ...

    def ask(self, scope: str, reason: str) -> None:
        """Have `recto loop` run a Cycle at its next look. Raises RegistryError for a scope without a loop."""
        ...
