"""The picture of history: it is a picture, of what it should show, and refuses what it can't draw."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from recto.errors import SettingsError, WorkspaceError
from recto.retraining.history_plot import draw_history
from recto.retraining.record import CycleRecord

Record = Callable[..., CycleRecord]


def test_a_png_of_several_scopes(record: Record, tmp_path: Path) -> None:
    rows = [
        record(1, after=0.02, state="released", release=1),
        record(2, before=0.02, after=0.03, state="refused"),
        record(3, scope="legal", after=0.01, state="released", release=2),
    ]
    draw_history(rows, tmp_path / "history.png", title="shop")
    with Image.open(tmp_path / "history.png") as picture:
        assert picture.width > 800 and picture.height > 800


@pytest.mark.parametrize("count", [1, 17, 60])
def test_any_number_of_cycles(record: Record, tmp_path: Path, count: int) -> None:
    rows = [record(number, after=0.02, state="refused") for number in range(1, count + 1)]
    draw_history(rows, tmp_path / "history.svg", title="shop")
    text = (tmp_path / "history.svg").read_text("utf-8")
    assert text.startswith("<?xml") and "</svg>" in text


def test_nothing_measured_is_our_error(record: Record, tmp_path: Path) -> None:
    failed = record(1, before=None, after=None, state="failed")
    with pytest.raises(WorkspaceError, match="no Cycle has been measured"):
        draw_history([failed], tmp_path / "history.png", title="shop")
    assert not (tmp_path / "history.png").exists()


def test_another_kind_of_picture_is_refused(record: Record, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\.png or \.svg"):
        draw_history([record(1)], tmp_path / "history.jpg", title="shop")
