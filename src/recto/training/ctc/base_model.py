"""The base recogniser in all the forms that training needs: graph, PyTorch module, backbone, characters."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import onnx

from recto.engines.ppocr.line_network import LineNetwork
from recto.engines.ppocr.weights import RECOGNISER_FILE, weights_path
from recto.training.ctc.network import Recogniser
from recto.training.ctc.weights import graph_characters, load_network, read_graph


@dataclass(frozen=True, eq=False)
class BaseModel:
    """Weights that training starts from: `graph` as shipped, `network` the same in PyTorch."""

    source: Path
    graph: onnx.ModelProto
    characters: str
    network: Recogniser

    @cached_property
    def backbone(self) -> LineNetwork:
        """Pixels of lines → backbone features, as reading computes them."""
        return LineNetwork(self.source, "features")


def load_base() -> BaseModel:
    """The weights that come with the CPU engine. Raises TrainingError."""
    source = weights_path(RECOGNISER_FILE)
    graph = read_graph(source)
    return BaseModel(source, graph, graph_characters(graph), load_network(graph))
