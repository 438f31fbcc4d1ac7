"""The two networks as OpenVINO runs them: compiled for this CPU, with uint8 pixels in and few numbers out.

Normalisation happens inside the graph, and the recogniser answers with the best character per time step
instead of 18,710 probabilities, which saves most of the traffic. What the numbers mean is in `detector`
and `recogniser`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from recto.errors import ModelFolderError

Precision = Literal["auto", "f32", "bf16"]

_CORE = ov.Core()
# Fills the binding's table of types: two threads that need it for the first time at once would wait for each
# other for ever, one of them with the table's lock, the other with Python's (seen in 2 of 40 processes).
ov.Tensor(np.zeros(1, np.uint8)).data  # noqa: B018


class Network:
    """A compiled network that many threads may call at once (each call takes a request of its own).

    `remembered_shapes` is the capacity of the runtime's cache of kernels per input shape: 0 where every
    input has another shape and the cache would only grow, many where a few shapes come again and again.
    """

    def __init__(self, model: ov.Model, precision: Precision, *, remembered_shapes: int) -> None:
        threads = usable_cores()
        self._compiled = _CORE.compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": resolve_precision(precision),
                "NUM_STREAMS": str(threads),
                "INFERENCE_NUM_THREADS": str(threads),
                "CPU_RUNTIME_CACHE_CAPACITY": str(remembered_shapes),
            },
        )

        self._idle: SimpleQueue[ov.InferRequest] = SimpleQueue()

    def __call__(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Outputs for a batch of N × height × width × 3 uint8 RGB pixels, as copies."""
        request = self._take()
        request.infer([pixels], share_inputs=True)
        outputs = [np.array(request.get_output_tensor(i).data) for i in range(len(self._compiled.outputs))]
        self._idle.put(request)
        return outputs

    def _take(self) -> ov.InferRequest:
        """A request that nobody uses: one per thread at most, since a new one costs much memory."""
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._compiled.create_infer_request()


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resolve_precision(precision: Precision) -> str:
    """`auto` is bf16 where the CPU computes it natively, f32 elsewhere."""
    if precision != "auto":
        return precision
    capabilities: Sequence[str] = _CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if "BF16" in capabilities else "f32"


def detector_network(path: Path, precision: Precision) -> Network:
    """Pixels → logits of "is text", one per pixel (N × 1 × height × width)."""
    model = _read(path)
    logits = _before_last(model, "Sigmoid")
    return Network(
        _with_pixels_in(ov.Model([ops.result(logits)], model.get_parameters())),
        precision,
        remembered_shapes=0,
    )


def recogniser_network(path: Path, allowed: NDArray[np.int64], precision: Precision) -> Network:
    """Pixels → per time step: index into `allowed`, its probability, and the margin of the space.

    `allowed` are class indices of the full alphabet, ascending, class 0 (CTC blank) first and the space
    last; other characters are never read. Outputs are N × steps × 1, N × steps × 1 and N × steps × 1,
    the last one being the logit of the space minus that of the best class.
    """
    model = _read(path)
    logits = _restricted(_before_last(model, "Softmax"), allowed)
    best = ops.topk(logits, ops.constant(np.int64(1)), 2, "max", "none")
    shifted = ops.subtract(logits, best.output(0))
    total = ops.reduce_sum(ops.exp(shifted), ops.constant(np.array([2])), keep_dims=True)
    probability = ops.divide(ops.constant(np.float32(1)), total)
    space = ops.gather(shifted, ops.constant(np.array([len(allowed) - 1])), ops.constant(np.int64(2)))
    results = [ops.result(best.output(1)), ops.result(probability), ops.result(space)]
    return Network(
        _with_pixels_in(ov.Model(results, model.get_parameters())), precision, remembered_shapes=5000
    )


def _read(path: Path) -> ov.Model:
    try:
        return _CORE.read_model(path)
    except RuntimeError as error:
        raise ModelFolderError(
            "this is not an ONNX network that can be read", where=path, hint="restore the model folder"
        ) from error


def _before_last(model: ov.Model, kind: str) -> ov.Output:
    """What flows into the last operation, which must be of the given kind."""
    last = model.output(0).get_node().input_value(0).get_node()
    if last.get_type_name() != kind:
        raise ModelFolderError(
            f"the network ends with {last.get_type_name()}, not {kind}",
            where=model.get_friendly_name(),
            hint="only PP-OCRv6 networks work here",
        )
    return last.input_value(0)


def _restricted(logits: ov.Output, allowed: NDArray[np.int64]) -> ov.Output:
    """The final linear layer with the columns of the allowed classes only."""
    add = _upstream(logits, "Add")
    product = _upstream(add.input_value(0), "MatMul")
    weight = _upstream(product.input_value(1), "Constant").data
    bias = _upstream(add.input_value(1), "Constant").data.reshape(-1)
    narrow = ops.matmul(
        product.input_value(0), ops.constant(weight[:, allowed].copy()), transpose_a=False, transpose_b=False
    )
    return ops.add(narrow, ops.constant(bias[allowed].copy())).output(0)


def _upstream(value: ov.Output, kind: str) -> ov.Node:
    """The nearest operation of a kind, looking up through the first inputs."""
    node = value.get_node()
    while node.get_type_name() != kind:
        node = node.input_value(0).get_node()
    return node


def _with_pixels_in(model: ov.Model) -> ov.Model:
    """The same network fed with N × height × width × 3 uint8 RGB; it was trained on BGR in −1 … 1."""
    steps = ov.preprocess.PrePostProcessor(model)
    tensor = steps.input().tensor()
    tensor.set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    tensor.set_color_format(ov.preprocess.ColorFormat.RGB)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    conversion = steps.input().preprocess()
    conversion.convert_element_type(ov.Type.f32).convert_color(ov.preprocess.ColorFormat.BGR)
    conversion.mean(127.5).scale(127.5)
    return steps.build()


def characters_of(path: Path) -> list[str]:
    """Classes 1, 2, … of a recogniser, without the space at the end, from the file's own metadata."""
    try:
        joined: str = _read(path).get_rt_info(["framework", "character"]).astype(str)
    except RuntimeError as error:
        raise ModelFolderError(
            "this network doesn't say which characters it knows",
            where=path,
            hint="a recogniser carries them in its ONNX metadata under `character`",
        ) from error
    return joined.split("\n")
