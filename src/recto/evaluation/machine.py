"""The machine that measured: what it is, and how much memory this process takes. It changes nothing there."""

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from recto.evaluation.report import Machine

_PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "openvino", "rapidocr", "rapidfuzz", "torch")
_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


def describe_machine(more: Sequence[str] = ()) -> Machine:
    """System, processor, cores that this process may use, and versions of what decides results.

    `more` are distributions that do so, too.
    """
    return Machine(
        system=platform.platform(),
        cpu=_cpu(),
        cores=_cores(),
        memory_gb=_memory_gb(),
        python=platform.python_version(),
        packages=_versions((*_PACKAGES, *more)),
    )


def reset_peak_memory() -> None:
    """Start a new peak where the system can (Linux); elsewhere the peak is the whole process's."""
    try:
        _CLEAR_REFS.write_text("5")
    except OSError:
        return


def peak_memory_mb() -> float | None:
    """Largest resident memory of this process since the last reset in MiB; None where nobody tells.

    Programs that an engine starts (tesseract) aren't part of it.
    """
    if _STATUS.exists():
        for row in _STATUS.read_text().splitlines():
            if row.startswith("VmHWM:"):
                return int(row.split()[1]) / 1024
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS, KiB elsewhere
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for row in info.read_text(errors="replace").splitlines():
            if row.startswith("model name"):
                return row.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gb() -> float | None:
    if sys.platform == "win32":
        return None
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return None


def _versions(names: Sequence[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
