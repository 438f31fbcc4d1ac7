"""`recto doctor` as it is typed: findings as lines or JSON, and an exit code."""

import json
from pathlib import Path

import pytest

from recto.training.findings import SHOWN_TEXT

from ..engines.remote.speaker import Reply, said, speaking
from .conftest import call


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No workspace, and an empty store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECTO_MODELS", str(tmp_path / "store"))


def test_what_fails_is_told_with_what_to_do_and_makes_it_1() -> None:
    done = call("doctor", "--model", "deepseek-ocr-2", RECTO_VLM_DEVICE="cpu")
    assert done.exit_code == 1
    assert "ok       CPU engine: " in done.stdout
    assert "FAILED   weights: " in done.stdout
    assert "hint: recto models pull deepseek-ocr-2" in done.stdout
    assert "skipped  page is read with it: not tried: weights failed" in done.stdout


def test_findings_as_json() -> None:
    with speaking(Reply(said(SHOWN_TEXT)), models=("ocr",)) as speaker:
        done = call("doctor", "--remote", "--json", RECTO_REMOTE_URL=speaker.url)
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ok"]) == (0, True)
    assert [finding["name"] for finding in told["findings"]] == ["server", "remote page"]
    assert set(told["findings"][0]) == {"name", "state", "what", "hint", "seconds"}


def test_without_a_server_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECTO_REMOTE_URL", raising=False)
    done = call("doctor", "--remote")
    assert done.exit_code == 1
    assert "hint: set it in recto.toml, or RECTO_REMOTE_URL" in done.stdout
    assert "2 of 2 failed" in done.stdout
