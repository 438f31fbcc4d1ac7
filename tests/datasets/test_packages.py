import pytest

from recto.datasets.packages import need
from recto.errors import MissingPackage


def test_what_is_missing_is_named_with_what_to_install() -> None:
    with pytest.raises(MissingPackage, match="pyarrow_of_tomorrow isn't installed") as caught:
        need("pyarrow_of_tomorrow", "Parquet datasets")
    assert caught.value.hint == "pip install 'recto[data]'"
    assert caught.value.where == "Parquet datasets"


def test_what_is_there_is_given() -> None:
    assert need("json.decoder", "tests").__name__ == "json.decoder"
