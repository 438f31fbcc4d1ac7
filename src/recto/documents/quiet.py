"""Quiet: Pillow's warnings stay inside while a file is decoded, in any number of threads at once.

What they warn of (odd metadata, large images) is either harmless or raised by recto as an error of its own.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_lock = threading.Lock()
_inside = 0
_filters = ExitStack()


@contextmanager
def without_pillow_warnings() -> Iterator[None]:
    """Ignore warnings from Pillow's modules.

    `warnings.catch_warnings` alone isn't safe in threads: interleaved exits would leave the wrong filters
    behind. So the first thread to enter sets the filter, and the last one to leave takes it away.
    """
    global _inside  # noqa: PLW0603  the filters of `warnings` are global as well
    with _lock:
        if _inside == 0:
            _filters.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", module=r"PIL\.")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _filters.close()
