"""What the dashboard is told of the loops: Triggers, requests, Cycles, and the newest word of a training."""

from pathlib import Path

import pytest

from recto.cli.serve_loop import WorkspaceLoop, newest_remark
from recto.errors import RegistryError
from recto.retraining.ledger import begin
from recto.workspace.folder import create_workspace

EPOCH = '{"time": "t", "event": "epoch", "number": 3, "score": {"cer": 0.0312}}'
REMARK = '{"time": "t", "event": "remark", "text": "going on after epoch 2"}'
OTHER = '{"time": "t", "event": "stage", "name": "lines"}'


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], ""),
        ([OTHER], ""),
        ([REMARK, EPOCH, OTHER], "epoch 3: 3.12% of characters wrong on validation"),
        ([EPOCH, REMARK, '{"event": "rema'], "going on after epoch 2"),
    ],
)
def test_the_newest_word(rows: list[str], said: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    assert newest_remark(log) == ""
    log.write_text("\n".join(rows))
    assert newest_remark(log) == said


def test_asking_for_a_cycle_and_seeing_it(tmp_path: Path) -> None:
    workspace = create_workspace(tmp_path / "work")
    loop = WorkspaceLoop(workspace)
    (before,) = loop.standings()
    assert (before.scope, before.requests, before.turns, before.running) == ("general", [], [], None)
    assert "first_run" in {said.trigger for said in before.triggers}
    loop.ask("general", "anna wants it")
    assert loop.standings()[0].requests == ["anna wants it"]
    with pytest.raises(RegistryError, match="no scope"):
        loop.ask("nothing", "anna wants it")
    begin(workspace, "general", ["anna wants it"])
    assert [turn.reasons for turn in loop.standings()[0].turns] == [["anna wants it"]]
