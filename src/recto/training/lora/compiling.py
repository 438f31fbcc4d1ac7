"""Compiling: the language layers by `torch.compile`, for steps that learn; reading pages is left as it is.

Each layer is compiled by itself and for any number of tokens, so that all layers share what the compiler
makes, and gradient checkpointing goes around it as ever. Routed experts and attention within packed pages
stay out: what they compute depends on the data. The first step takes minutes, and on a CPU a C++ compiler.
Where compiling fails, training stops and says so: nothing goes on uncompiled.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch._dynamo.exc import TorchDynamoException
from torch._inductor.exc import InductorError
from transformers.modeling_layers import GradientCheckpointingLayer

from recto.engines.vlm.loading import Loaded
from recto.errors import TrainingError

_OFF = "compile: false"
_VERSIONS = 64
"""Kinds of layers and batches, at most, before the compiler gives up, which is an error here."""


def compile_layers(loaded: Loaded) -> None:
    """Let every language layer compute compiled while it learns; once for each model.

    Raises TrainingError where the architecture has no layers of the kind that can be.
    """
    architecture = loaded.architecture
    language = loaded.model.get_submodule(architecture.layers.language)
    layers = [layer for layer in language.modules() if isinstance(layer, GradientCheckpointingLayer)]
    if not layers:
        what = f"the layers of {architecture.name} can't be compiled one by one"
        raise TrainingError(what, where="compile", hint=_OFF)
    experts = {parameter.rpartition(".")[0] for parameter in architecture.layers.experts}
    for layer in layers:
        for name, part in layer.named_modules():
            if name in experts:
                part.forward = torch.compiler.disable(part.forward)  # type: ignore[no-untyped-call]
        layer.forward = _compiled_to_learn(layer)


def _compiled_to_learn(layer: nn.Module) -> Callable[..., object]:
    """The layer's computation: compiled in training mode, else as it was."""
    plain = layer.forward
    compiled = torch.compile(plain, dynamic=True)

    def forward(*inputs: object, **options: object) -> object:
        if not layer.training:
            return plain(*inputs, **options)
        try:
            with torch._dynamo.config.patch(recompile_limit=_VERSIONS, fail_on_recompile_limit_hit=True):
                return compiled(*inputs, **options)
        except (TorchDynamoException, InductorError) as error:
            what = f"a language layer can't be compiled: {(str(error).splitlines() or [''])[0]}"
            raise TrainingError(what, where="compile", hint=_OFF) from error

    return forward
