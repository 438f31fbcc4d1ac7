"""Agents that want a task: engines that know tasks are asked for it; with others the route says so."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.registry.reading import Named
from recto.serving.service import Service

from ..conftest import encoded, picture
from .conftest import Reciting, Served, serving, settings_with

AGENTS = {
    "analyst": {"scope": "accounting", "task": "figure", "output": "text"},
    "plain": {"scope": "accounting", "output": "text"},
}


class Obedient(Reciting):
    """Says which task it was asked for."""

    def __init__(self, task: str = "its own") -> None:
        self.task = task

    def with_task(self, task: str, what: str = "") -> "Obedient":
        return Obedient(task)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        return [replace(said, text=self.task) for said in super().read(pages)]


@pytest.fixture(params=["knows tasks", "knows none"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    engine = Obedient() if request.param == "knows tasks" else Reciting()
    settings = settings_with(agents=AGENTS)
    with serving(Service(settings, load=lambda number: Named(engine, "7"))) as running:
        yield running


def test_the_task_of_an_agent(served: Served, request: pytest.FixtureRequest) -> None:
    def ask(agent: str) -> dict[str, object]:
        files = {"file": ("a.png", encoded(picture(), "PNG"))}
        return served.client.post("/v1/read", files=files, data={"agent": agent}).json()

    knows = "knows tasks" in request.node.name
    asked, plain = ask("analyst"), ask("plain")
    assert asked["text"] == ("figure" if knows else "a.png page 1")
    told = (
        "asked for the task 'figure'" if knows else "the task 'figure' is ignored: reciting 1 knows no tasks"
    )
    assert asked["route"]["why"].endswith(told)
    assert "task" not in plain["route"]["why"]
    assert plain["text"] == ("its own" if knows else "a.png page 1")
    profiles = served.client.get("/v1/agents").json()["agents"]
    assert {profile["name"]: profile["task"] for profile in profiles}["analyst"] == "figure"


def test_pages_of_one_task_share_batches_and_the_release(served: Served) -> None:
    models = served.service.models
    first, again = models.current("general", "figure"), models.current("general", "figure")
    assert first is again
    assert first.engine.read([Page("a", 1, np.asarray(picture()))])[0].release == "7"
    assert models.current("general").engine is not first.engine or first.remark.startswith("the task")
