"""The checkup: every step really taken on a CPU with the tiny model, and told when it fails."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.engines.model_store import TINY, StoredModel
from recto.errors import EngineError
from recto.settings import Settings
from recto.training.checkup import checkup, checkup_remote
from recto.training.findings import SHOWN_TEXT, Finding, Skipped, found
from recto.training.lora.rehearsal import rehearse

from ..engines.remote.speaker import Reply, Speaker, said, speaking
from ..tiny import tiny_weights  # noqa: F401

ON_CPU = Settings.model_validate({"vlm": {"device": "cpu"}})
BUILT_ON_EACH_OTHER = (
    "weights", "model loads", "LoRA attaches", "one step trains", "adapter is saved", "page is read with it",
)  # fmt: skip


def by_name(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def test_all_of_it_works_on_a_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECTO_MODELS", str(tmp_path / "store"))
    findings = by_name(checkup(ON_CPU))
    assert [finding for finding in findings.values() if finding.state == "failed"] == []
    assert all(findings[name].state == "ok" for name in ("versions", "CPU engine", *BUILT_ON_EACH_OTHER))
    assert f"{TINY} (deepseek-ocr-2): random numbers" in findings["weights"].what
    assert "16,384 of 529,440 parameters learn" in findings["LoRA attaches"].what
    assert "senseless" in findings["page is read with it"].what
    assert not (tmp_path / "store").exists()


def test_what_follows_a_failure_is_not_tried(tiny_weights: StoredModel, tmp_path: Path) -> None:  # noqa: F811
    broken = tmp_path / "broken"
    shutil.copytree(tiny_weights.path, broken)
    weights = broken / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole.replace(b"lm_head", b"lm_hand", 1))  # cut ones aren't taken for weights at all
    findings = by_name(rehearse(ON_CPU, str(broken)))
    assert findings["weights"].state == "ok"
    assert findings["model loads"].state == "failed"
    assert "can't be loaded as deepseek-ocr-2" in findings["model loads"].what
    later = [findings[name] for name in BUILT_ON_EACH_OTHER[2:]]
    assert {finding.state for finding in later} == {"skipped"}
    assert {finding.what for finding in later} == {"not tried: model loads failed"}


def test_missing_weights_are_told_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECTO_MODELS", str(tmp_path))
    finding = by_name(rehearse(ON_CPU, "deepseek-ocr-2"))["weights"]
    assert (finding.state, finding.hint) == ("failed", "recto models pull deepseek-ocr-2")


def test_a_missing_extra_is_skipped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)  # as where it isn't installed
    findings = list(checkup(ON_CPU))
    assert findings[-1].state == "skipped"
    assert "not installed: peft" in findings[-1].what
    assert findings[-1].hint == "pip install 'recto[vlm]'"


def test_whatever_a_step_raises_is_a_finding() -> None:
    def refused() -> str:
        raise EngineError("no", where="[vlm] device", hint="yes")

    def broken() -> str:
        raise AttributeError("no attribute 'x'\nand more")

    told = found("a", refused)
    assert (told.state, told.what, told.hint) == ("failed", "[vlm] device: no", "yes")
    told = found("b", broken)
    assert (told.state, told.what) == ("failed", "AttributeError: no attribute 'x'")
    assert "constraints.txt" in told.hint
    assert found("c", lambda: Skipped("not here", "get it")) == Finding("c", "skipped", "not here", "get it")


@pytest.fixture
def speaker() -> Iterator[Speaker]:
    with speaking(Reply(said(SHOWN_TEXT)), models=("ocr",)) as running:
        yield running


def test_a_server_is_looked_at(speaker: Speaker) -> None:
    settings = Settings.model_validate({"remote": {"url": speaker.url}})
    findings = by_name(checkup_remote(settings))
    assert {finding.state for finding in findings.values()} == {"ok"}
    assert findings["server"].what == f"{speaker.url} has: ocr"
    speaker.replies[:] = [Reply(said("I am a chat model"))]
    wrong = by_name(checkup_remote(settings))["remote page"]
    assert wrong.state == "failed"
    assert "reads 'I am a chat model' where 'TOTAL 18.99' is printed" in wrong.what


def test_a_server_that_is_not_there(speaker: Speaker) -> None:
    settings = Settings.model_validate({"remote": {"url": "http://127.0.0.1:9/v1"}})
    findings = by_name(checkup_remote(settings))
    assert {finding.state for finding in findings.values()} == {"failed"}
    assert "can't be reached" in findings["server"].what
