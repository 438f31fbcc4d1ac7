"""Facts that can't be had: a scrape goes without them and says so. What they say: tests/observability."""

import asyncio
import logging
from pathlib import Path

import pytest

from recto.engines.fake import FakeEngine
from recto.errors import RegistryError
from recto.observability.metrics import Metrics
from recto.registry.store import release_folder
from recto.serving.facts import ModelFacts, WorkspaceFacts
from recto.serving.models import Models
from recto.workspace.folder import create_workspace

from ..registry.conftest import Pages, Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(create_workspace(tmp_path / "shop"), Pages(tmp_path), tmp_path)


def watching(registry: Registry) -> Metrics:
    metrics = Metrics()
    metrics.watch(WorkspaceFacts(registry.workspace))
    return metrics


def test_a_new_workspace_has_no_release_and_no_cycle(registry: Registry) -> None:
    found = watching(registry).render().decode()
    assert "recto_facts_known 1.0" in found
    assert "recto_release_current{" not in found
    assert 'recto_cycles_total{scope="general",state="failed"} 0.0' in found  # the first one is an increase
    assert 'recto_jobs{state="done"} 0.0' in found


def test_a_lost_database_costs_its_facts_and_no_scrape(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = watching(registry)
    database = registry.workspace.path / "recto.db"
    for path in registry.workspace.path.glob("recto.db*"):
        path.unlink()
    database.write_text(
        "this was a database, a long time ago; now it is a letter to nobody in particular" * 50
    )
    with caplog.at_level(logging.WARNING):
        found = metrics.render().decode()
    assert "recto_facts_known 0.0" in found and "recto_queue_pages 0.0" in found
    assert "recto_jobs" not in found
    assert "can't be asked" in caplog.text


def test_a_damaged_release_is_current_and_has_no_figures(registry: Registry) -> None:
    made = registry.add()
    registry.promote(made.number)
    (release_folder(registry.workspace, made) / "report.json").write_text("{}")
    found = watching(registry).render().decode()
    assert 'recto_release_current{scope="general"} 1.0' in found
    assert "recto_release_cer_ratio{" not in found
    assert "recto_facts_known 1.0" in found


def test_a_release_that_cannot_be_loaded_shows(registry: Registry) -> None:
    registry.promote(registry.add().number)
    settings = registry.workspace.settings.serving

    def load(number: int | None) -> FakeEngine:
        if number is not None:
            raise RegistryError("damaged on purpose")
        return FakeEngine()

    models = Models(registry.workspace, settings, load)
    asyncio.run(models.start())
    models.close()
    metrics = Metrics()
    metrics.watch(ModelFacts(models))
    found = metrics.render().decode()
    assert 'recto_loaded_release{scope="general"} 0.0' in found
    assert 'recto_loaded_release_stale{scope="general"} 1.0' in found
