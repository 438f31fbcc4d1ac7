"""The parts of the CPU engine that are pure: alphabet, crops, sizes, turning."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.engines.ppocr import crops, networks, orientation, weights
from recto.engines.ppocr.alphabet import BLANK, allowed_classes, is_european
from recto.engines.ppocr.detector import DetectorSettings, input_size
from recto.errors import ModelFolderError


@pytest.mark.parametrize("character", [*"aZ9éßøŁñΩЖя€£§°ªµº", "“", "☑", "▶", "–"])
def test_european_signs_may_be_read(character: str) -> None:
    assert is_european(character)


@pytest.mark.parametrize("character", [*"疗カ한：（，。ａ"])
def test_east_asian_signs_may_not(character: str) -> None:
    assert not is_european(character)


def test_allowed_classes_keep_blank_first_and_space_last() -> None:
    assert allowed_classes(["a", "疗", "b"], "european").tolist() == [BLANK, 1, 3, 4]
    assert allowed_classes(["a", "疗", "b"], "any").tolist() == [BLANK, 1, 2, 3, 4]


def test_the_weights_know_their_characters() -> None:
    characters = networks.characters_of(weights.weights_path(weights.RECOGNISER_FILE))
    assert len(characters) == 18_708
    assert {"A", "ß", "€"} <= set(characters)


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recogniser.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(ModelFolderError, match=r"recogniser\.onnx"):
        networks.characters_of(path)


@given(width=st.integers(1, 20_000), height=st.integers(1, 20_000))
def test_input_sizes_are_multiples_within_the_limit(width: int, height: int) -> None:
    settings = DetectorSettings()
    for length in input_size(width, height, settings):
        assert length % 32 == 0
        assert 32 <= length <= settings.max_side_px


@given(width=st.integers(1, crops.MAX_WIDTH_PX))
def test_padding_is_small_and_never_cuts(width: int) -> None:
    padded = crops.padded_width(width)
    assert width <= padded <= max(crops.MIN_WIDTH_PX, 1.2 * width + 16)


def test_a_crop_has_the_pixels_of_its_box() -> None:
    image = np.zeros((60, 90, 3), np.uint8)
    image[20:40, 30:70] = 200
    crop = crops.crop_line(image, crops.quad_of_box((30, 20, 70, 40)))
    assert crop.shape == (20, 40, 3)
    assert crop[2:-2, 2:-2].min() == 200


@given(turns=st.integers(0, 3), x=st.integers(2, 36), y=st.integers(2, 16))
def test_a_quad_goes_back_to_where_its_pixel_was(turns: int, x: int, y: int) -> None:
    page = np.zeros((20, 40, 3), np.uint8)
    page[y, x] = 255
    rows, columns = np.nonzero(orientation.turned(page, turns)[:, :, 0])
    row, column = int(rows[0]), int(columns[0])
    quad = crops.quad_of_box((column, row, column + 1, row + 1))
    back = orientation.quad_before_turning(quad, turns, 40, 20)
    assert back.min(axis=0).tolist() == [x, y]
    assert back.max(axis=0).tolist() == [x + 1, y + 1]


def test_sideways_is_told_by_the_long_lines() -> None:
    upright = [crops.quad_of_box((0, 20.0 * i, 200, 20.0 * i + 15)) for i in range(5)]
    lying = [quad[:, ::-1].copy()[[0, 3, 2, 1]] for quad in upright]
    assert not orientation.is_sideways(upright)
    assert orientation.is_sideways(lying)
    assert not orientation.is_sideways([])
