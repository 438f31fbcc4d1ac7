"""Where a language model computes, in which numbers, and with which attention.

Whatever is `auto` is chosen here and told in words, so that a result says what it ran on. What was asked for
and isn't there is an error: nothing falls back in silence. Only the CPU was measured; CUDA (AMD's ROCm
answers to that name as well), XPU and MPS are chosen as PyTorch's documentation says.
"""

from dataclasses import dataclass
from importlib.util import find_spec

from recto.engines.vlm.packages import torch
from recto.errors import EngineError, MissingPackage
from recto.settings import Computing

_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
_HALF = (torch.bfloat16, torch.float16)
_MPS_WITH_BFLOAT16 = (14, 0)


@dataclass(frozen=True, slots=True)
class Placement:
    """A device (`cuda:0`, `cpu`), a number type, an implementation of attention, and why these.

    `attention` is `flash_attention_2`, `sdpa` or `eager`, as transformers calls them.
    """

    device: str
    dtype: torch.dtype
    attention: str
    why: tuple[str, ...] = ()

    @property
    def dtype_name(self) -> str:
        """`bfloat16`, `float16` or `float32`."""
        return str(self.dtype).removeprefix("torch.")

    def __str__(self) -> str:
        """As a Run's log and `recto doctor` tell it."""
        return f"{self.device}, {self.dtype_name}, {self.attention}"


def choose(options: Computing) -> Placement:
    """The placement for `device`, `dtype` and `attention` of the settings, each chosen where it is `auto`.

    Raises EngineError for what this machine doesn't have, MissingPackage where flash-attn isn't installed.
    """
    device, why_device = _device(options.device)
    dtype, why_dtype = _dtype(options.dtype, device)
    attention, why_attention = _attention(options.attention, device, dtype)
    return Placement(device, dtype, attention, (why_device, why_dtype, why_attention))


def devices() -> tuple[str, ...]:
    """The kinds of device that PyTorch can use here, best first."""
    present = {
        "cuda": torch.cuda.is_available(),
        "xpu": torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    return tuple(kind for kind, is_there in present.items() if is_there)


def _device(asked: str) -> tuple[str, str]:
    there = devices()
    if asked == "auto":
        others = "no GPU that PyTorch can use" if there[0] == "cpu" else "the first of those that are here"
        return there[0], f"device {there[0]}: {others}"
    kind, _, number = asked.partition(":")
    count = {"cuda": torch.cuda.device_count, "xpu": torch.xpu.device_count}.get(kind, lambda: 1)()
    if kind not in there or (number and int(number) >= count):
        raise EngineError(
            f"there is no device {asked!r} that PyTorch {torch.__version__} can use here",
            where="device",
            hint=f'device = "auto", or one of: {", ".join(there)}',
        )
    return asked, f"device {asked}: as set"


def _dtype(asked: str, device: str) -> tuple[torch.dtype, str]:
    if asked != "auto":
        if asked == "float16" and device == "cpu":
            raise EngineError(
                "float16 on a CPU is slow and overflows",
                where="dtype",
                hint='dtype = "bfloat16" or "auto"',
            )
        return _DTYPES[asked], f"dtype {asked}: as set"
    kind = device.partition(":")[0]
    if kind == "cpu":
        return torch.float32, "dtype float32: exact, and what every CPU computes"
    if kind == "mps" and not torch.backends.mps.is_macos_or_newer(*_MPS_WITH_BFLOAT16):
        return torch.float32, "dtype float32: this macOS has no bfloat16 on its GPU, and float16 overflows"
    if kind == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.float16, "dtype float16: this GPU has no bfloat16"
    return torch.bfloat16, "dtype bfloat16: as the weights are published"


def _attention(asked: str, device: str, dtype: torch.dtype) -> tuple[str, str]:
    fits = device.startswith("cuda") and dtype in _HALF
    installed = find_spec("flash_attn") is not None
    if asked == "flash":
        if not fits:
            raise EngineError(
                f"flash attention needs a CUDA device and 16-bit numbers, not {device} with {dtype}",
                where="attention",
                hint='attention = "auto"',
            )
        if not installed:
            raise MissingPackage(
                "flash attention isn't installed", hint="pip install flash-attn --no-build-isolation"
            )
        return "flash_attention_2", "attention flash_attention_2: as set"
    if asked != "auto":
        return asked, f"attention {asked}: as set"
    if fits and installed:
        return "flash_attention_2", "attention flash_attention_2: flash-attn is installed"
    missing = "flash-attn isn't installed" if fits else "flash attention is for CUDA with 16-bit numbers"
    return "sdpa", f"attention sdpa: {missing}"
