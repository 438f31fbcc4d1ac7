"""The recogniser for training: the same graph, run for its features or for all its probabilities.

Training computes the frozen part of the network here, where it is quickest and exactly what reading uses,
and checks what it wrote back against the same runtime. Reading itself is in `recogniser`.
"""

from pathlib import Path
from typing import Literal

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops

from recto.engines.ppocr.networks import Precision, resolve_precision
from recto.errors import ModelFolderError

Wanted = Literal["features", "probabilities"]

_CORE = ov.Core()


class LineNetwork:
    """The recogniser's graph up to `wanted`.

    `features` is the output of the backbone, N × 384 × 1 × width / 8; `probabilities` are N × width / 8 ×
    classes over the full alphabet. `source` is an ONNX file or its bytes.
    """

    def __init__(self, source: Path | bytes, wanted: Wanted, *, precision: Precision = "auto") -> None:
        model = _read(source)
        if wanted == "features":
            model = ov.Model([ops.result(_backbone_end(model))], model.get_parameters())
        hints = {"INFERENCE_PRECISION_HINT": resolve_precision(precision), "PERFORMANCE_HINT": "LATENCY"}
        self._request = _CORE.compile_model(model, "CPU", hints).create_infer_request()

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The output for N × 48 × width × 3 pixels (RGB), as a copy."""
        self._request.infer([normalised(pixels)])
        return np.array(self._request.get_output_tensor(0).data, np.float32)


def normalised(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """N × height × width × 3 RGB pixels as the graph's input: N × 3 × height × width, BGR, −1 … 1."""
    planes = pixels[:, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    return np.ascontiguousarray((planes - np.float32(127.5)) / np.float32(127.5))


def _read(source: Path | bytes) -> ov.Model:
    try:
        return _CORE.read_model(source)
    except RuntimeError as error:
        where = source if isinstance(source, Path) else "weights in memory"
        raise ModelFolderError("this is not an ONNX network that can be read", where=where) from error


def _backbone_end(model: ov.Model) -> ov.Output:
    """The only pooling by averages: below it stands the backbone, above it neck and head."""
    pools = [node for node in model.get_ops() if node.get_type_name() == "AvgPool"]
    if len(pools) != 1:
        raise ModelFolderError(
            f"a PP-OCRv6 recogniser has one average pooling, this network {len(pools)}",
            where=model.get_friendly_name(),
            hint="only PP-OCRv6 recognisers can be trained",
        )
    return pools[0].output(0)
