"""Weights between the ONNX graph of the recogniser and its PyTorch module, both ways.

The graph is walked in its own order and its weight tensors are matched one to one with those of the
module, so that a graph of another shape is refused instead of filled wrongly. Nothing here runs a graph.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper

from recto.errors import ParityError, TrainingError
from recto.training.ctc.network import Recogniser

_CHARACTER_KEY = "character"
_WEIGHTED = frozenset({"Conv", "Add", "Mul", "MatMul", "BatchNormalization"})


def read_graph(path: Path) -> onnx.ModelProto:
    """The ONNX model at `path`. Raises TrainingError."""
    try:
        return onnx.load(path)
    except (OSError, DecodeError) as error:
        raise TrainingError(f"the base recogniser can't be read: {error}", where=path) from error


def graph_characters(graph: onnx.ModelProto) -> str:
    """The characters that the classes 1… stand for; the blank space is the last one."""
    for entry in graph.metadata_props:
        if entry.key == _CHARACTER_KEY:
            return "".join(entry.value.split("\n")) + " "
    raise TrainingError("the recogniser's graph names no characters", hint="use the base weights of recto")


def load_network(graph: onnx.ModelProto) -> Recogniser:
    """A Recogniser that computes what `graph` computes (before its softmax), in evaluation mode."""
    network = Recogniser(classes=len(graph_characters(graph)) + 1)
    tensors = {tensor.name: tensor for tensor in graph.graph.initializer}
    state = network.state_dict()
    for key, (name, transposed) in _slots(graph, network).items():
        value = numpy_helper.to_array(tensors[name]).copy()
        value = value.T if transposed else value
        state[key] = torch.from_numpy(np.ascontiguousarray(value)).reshape(state[key].shape)
    network.load_state_dict(state)
    return network.eval()


def write_network(graph: onnx.ModelProto, network: Recogniser) -> bytes:
    """The same graph, metadata and all, with the weights of `network`; `graph` itself is not changed."""
    out = onnx.ModelProto()
    out.CopyFrom(graph)
    tensors = {tensor.name: tensor for tensor in out.graph.initializer}
    state = network.state_dict()
    for key, (name, transposed) in _slots(graph, network).items():
        value = state[key].detach().float().numpy()
        value = np.ascontiguousarray(value.T if transposed else value)
        tensor = tensors[name]
        tensor.CopyFrom(numpy_helper.from_array(value.reshape(tuple(tensor.dims)), name))
    data: bytes = out.SerializeToString()
    return data


def _slots(graph: onnx.ModelProto, network: Recogniser) -> dict[str, tuple[str, bool]]:
    """Key of the module's state → (name in the graph, whether it is stored transposed there)."""
    keys = [key for key in network.state_dict() if not key.endswith("num_batches_tracked")]
    names = _weight_names(graph)
    if len(keys) != len(names):
        raise ParityError(f"the graph has {len(names)} weight tensors, the module {len(keys)}")
    tensors = {tensor.name: tensor for tensor in graph.graph.initializer}
    slots = {}
    for key, (name, transposed) in zip(keys, names, strict=True):
        have, want = tuple(tensors[name].dims), tuple(network.state_dict()[key].shape)
        if (have[::-1] if transposed else tuple(d for d in have if d != 1)) != (
            want if transposed else tuple(d for d in want if d != 1)
        ):
            raise ParityError(f"{name} has shape {have} in the graph, {key} has {want} in the module")
        slots[key] = (name, transposed)
    return slots


def _weight_names(graph: onnx.ModelProto) -> list[tuple[str, bool]]:
    """Names of weight tensors in the order of use; scalars and shapes are not weights."""
    floats = {
        tensor.name
        for tensor in graph.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT and int(np.prod(tensor.dims)) > 1
    }
    return [
        (name, node.op_type == "MatMul")
        for node in graph.graph.node
        if node.op_type in _WEIGHTED
        for name in node.input
        if name in floats
    ]
