"""The PyTorch recogniser computes what the ONNX graph computes, and goes back into it."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from recto.datasets.synthesis import canary
from recto.engines.ppocr.crops import batches_by_width, scale_line
from recto.engines.ppocr.line_network import LineNetwork, normalised
from recto.engines.ppocr.weights import RECOGNISER_FILE, weights_path
from recto.errors import ParityError, TrainingError
from recto.evaluation.metrics import edits
from recto.evaluation.metrics.ratio import total
from recto.training.ctc import replay
from recto.training.ctc.alphabet import cut_head, merge_head, trained_classes
from recto.training.ctc.base_model import BaseModel
from recto.training.ctc.features import extract
from recto.training.ctc.labelling import read_pieces
from recto.training.ctc.learn import check_parity
from recto.training.ctc.network import Recogniser
from recto.training.ctc.replay import general_lines
from recto.training.ctc.weights import graph_characters, load_network, read_graph, write_network

SOURCE = weights_path(RECOGNISER_FILE)
TEXTS = (
    "TOTAL 12.50",
    "Grüße aus Köln",
    "Invoice no. 2019-0047",
    "déjà reçu, 3 h 15",
    "¿Cuándo? Mañana, señor.",
    "SUBTOTAL (GST 6%) : 1,204.90",
    "thirty days after delivery",
    "x",
)


@pytest.fixture(scope="module")
def graph() -> onnx.ModelProto:
    return read_graph(SOURCE)


@pytest.fixture
def network(graph: onnx.ModelProto) -> Recogniser:
    return load_network(graph)


@pytest.fixture(scope="module")
def lines() -> list[np.ndarray]:
    """Fixed lines: what is replayed may change, and with it how hard its lines are to tell."""
    font = ImageFont.truetype(str(files("matplotlib") / "mpl-data/fonts/ttf/DejaVuSans.ttf"), 32)
    return [scale_line(_printed(text, font)) for text in TEXTS]


def _printed(text: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    sheet = Image.new("L", (int(font.getlength(text)) + 12, 48), 245)
    ImageDraw.Draw(sheet).text((6, 4), text, fill=30, font=font)
    return np.repeat(np.asarray(sheet)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_torch_computes_what_the_graph_computes(
    network: Recogniser, lines: list[np.ndarray], runtime: str
) -> None:
    """Double precision shows the mathematics; what remains is each runtime's rounding on single frames."""
    exact = network.double()
    run = runner(runtime)
    differences = []
    for _, pixels in batches_by_width(lines, 4):
        with torch.inference_mode():
            found = exact(torch.from_numpy(normalised(pixels)).double()).softmax(2).numpy()
        wanted = run(pixels)
        assert found.shape == wanted.shape
        assert (found.argmax(2) == wanted.argmax(2)).all()
        differences.append(np.abs(found - wanted).max(axis=2).ravel())
    per_frame = np.concatenate(differences)
    assert np.median(per_frame) <= 1e-6
    assert np.percentile(per_frame, 90) <= 1e-5
    assert per_frame.max() <= 1e-4


def runner(runtime: str) -> Callable[[np.ndarray], np.ndarray]:
    if runtime == "openvino":
        return LineNetwork(SOURCE, "probabilities", precision="f32")
    session = onnxruntime.InferenceSession(SOURCE)
    return lambda pixels: np.asarray(session.run(None, {"x": normalised(pixels)})[0])


def test_features_are_the_backbones(network: Recogniser, lines: list[np.ndarray]) -> None:
    runtime = LineNetwork(SOURCE, "features", precision="f32")
    _, pixels = next(batches_by_width(lines, 2))
    with torch.inference_mode():
        found = network.backbone(torch.from_numpy(normalised(pixels))).numpy()
    assert np.allclose(runtime(pixels), found, atol=1e-3)


def test_changed_weights_come_back_out_of_the_graph(
    graph: onnx.ModelProto, network: Recogniser, lines: list[np.ndarray]
) -> None:
    with torch.no_grad():
        network.head.weight[5] += 0.1
        network.neck.mixers[0].up.weight.mul_(1.01)
    data = write_network(graph, network)
    assert check_parity(data, network, lines) <= 2e-4
    written = onnx.load_from_string(data)
    assert graph_characters(written) == graph_characters(graph)
    again = load_network(written).state_dict()
    assert all(torch.equal(again[key], value) for key, value in network.state_dict().items())


def test_a_wrong_write_back_is_noticed(network: Recogniser, lines: list[np.ndarray]) -> None:
    with torch.no_grad():
        network.head.bias[7] += 5.0
    with pytest.raises(ParityError, match="differs"):
        check_parity(SOURCE.read_bytes(), network, lines)


def test_a_graph_of_another_shape_is_refused(graph: onnx.ModelProto) -> None:
    other = onnx.ModelProto()
    other.CopyFrom(graph)
    del other.graph.node[-3]
    with pytest.raises(ParityError, match="weight tensors"):
        load_network(other)


def test_no_graph_at_all(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="can't be read"):
        read_graph(tmp_path / "nothing.onnx")


def test_head_rows_that_are_not_trained_stay(network: Recogniser) -> None:
    before = network.head.weight.detach().clone()
    classes = torch.tensor([0, 3, 9])
    small = cut_head(network.head, classes)
    with torch.no_grad():
        small.weight.add_(1.0)
    merge_head(network.head, small, classes)
    changed = (network.head.weight != before).any(1).nonzero().flatten()
    assert changed.tolist() == [0, 3, 9]


def test_trained_classes_hold_labels_latin_and_rivals() -> None:
    characters = "aé疗日 "
    assert trained_classes(characters, {"日"}, torch.tensor([3])).tolist() == [0, 1, 2, 3, 4, 5]
    assert trained_classes(characters, set(), torch.tensor([], dtype=torch.long)).tolist() == [0, 1, 2, 5]


def test_general_lines_repeat_by_seed() -> None:
    one, other = list(general_lines(3, seed=1)), list(general_lines(3, seed=1))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(one, other, strict=True))
    assert [line.text for line in one] == [line.text for line in other]
    assert Image.fromarray(one[0].image).mode == "RGB"


def test_general_lines_say_what_is_printed_on_them(base: BaseModel) -> None:
    lines = list(general_lines(40, seed=2))
    buckets = extract(base.backbone, (scale_line(line.image) for line in lines))
    readings = read_pieces(base, buckets, frozenset())
    pairs = zip(lines, readings, strict=True)
    assert total(edits.cer(line.text, said.text) for line, said in pairs).value <= 0.15


def test_half_of_the_canary_pages_have_print_that_is_never_taught() -> None:
    untaught = [look for look in canary._LOOKS.values() if set(look.faces) - set(replay._FACES)]
    assert len(untaught) >= len(canary._LOOKS) / 2
