"""The rows of `recto corrections calibration`."""

from recto.cli.calibration_table import calibration_rows
from recto.corrections.calibration.judged import Reader
from recto.corrections.calibration.report import reported

from ..corrections.calibration.conftest import ranked, too_sure


def test_thresholds_and_what_is_missing() -> None:
    sharp = reported(Reader("general", "ppocr", "4"), ranked(50, wrong_below=0.2), [0.99])
    few = reported(Reader("legal", "ppocr", ""), too_sure(3), [0.99])
    never = reported(Reader("x", "ppocr", ""), too_sure(30), [0.99])
    rows = list(calibration_rows([sharp, few, never]))
    assert rows[0] == "general: ppocr, Release 4"
    assert rows[1] == "  50 documents drawn at random; 100 of 500 lines are wrong"
    assert any(
        row.startswith("  lines, 99 % right: accept from 0.") and "need no person, " in row for row in rows
    )
    assert "legal: ppocr, base weights" in rows and "  confidences stay as the engine says them" in rows
    assert rows[-2] == "  lines, 99 % right: no confidence is high enough"
