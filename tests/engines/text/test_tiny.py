from pathlib import Path

import pytest

from recto.engines.model_keeping import keep_tiny_text
from recto.engines.model_store import STORE_VARIABLE, TINY_TEXT, find_model
from recto.errors import ModelNotFound


def test_the_tiny_model_is_kept_and_the_same_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "one"))
    with pytest.raises(ModelNotFound) as caught:
        find_model(TINY_TEXT)
    assert caught.value.hint == "recto models tiny --architecture text builds it"
    first = keep_tiny_text()
    assert (first.name, first.architecture) == (TINY_TEXT, "qwen3")
    assert keep_tiny_text() == first
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "other"))
    assert keep_tiny_text().sha256 == first.sha256
