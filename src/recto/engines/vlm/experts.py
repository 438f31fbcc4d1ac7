"""Experts: how transformers multiplies by those experts that the router chose for each token.

- `eager`: one expert after the other, each with its tokens.
- `grouped_mm`: all at once, tokens sorted by expert, nothing copied. What transformers takes of itself.
- `batched_mm`: the weights of the chosen experts are copied for every token. Left alone, transformers
  switches to it on a GPU while an answer is written, token by token; set to `grouped_mm`, it doesn't.

All give the same numbers, to rounding.
"""

from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.packages import transformers
from recto.errors import EngineError
from recto.settings.table import Experts

_ALWAYS_GROUPED = "recto_grouped_mm"
"""grouped_mm by another name, which transformers doesn't switch away from."""


def compute_experts(loaded: Loaded, how: Experts) -> None:
    """Compute the routed experts of `loaded` by `how` from now on; "auto" leaves that to transformers.

    Raises EngineError for an architecture without routed experts, and for what this PyTorch can't.
    """
    if how == "auto":
        return
    if not loaded.architecture.layers.experts:
        what = f"{loaded.architecture.name} has no routed experts that could be computed by {how}"
        raise EngineError(what, where="experts", hint="experts: auto")
    try:
        loaded.model.set_experts_implementation(how)
    except (ValueError, ImportError) as error:
        what = f"experts can't be computed by {how}: {str(error).splitlines()[0]}"
        raise EngineError(what, where="experts", hint="experts: auto") from error
    if how == "grouped_mm":
        functions = transformers.integrations.moe.ALL_EXPERTS_FUNCTIONS
        functions.register(_ALWAYS_GROUPED, functions[how])
        loaded.model.set_experts_implementation(_ALWAYS_GROUPED)
