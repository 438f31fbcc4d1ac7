"""Out of memory, in the words of everybody who says so here: Python, torch on CPU and GPU, oneDNN."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from recto.errors import TrainingError
from recto.training.progress import GOES_ON

_WORDS = (
    "can't allocate memory",  # torch's CPU allocator
    "cannot allocate memory",
    "not enough memory",  # the same on Windows
    "out of memory",
    "bad_alloc",  # C++, below torch
    "could not create a memory",  # oneDNN
    "could not create a primitive",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory ran out; less of it at once may then work."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)


@contextmanager
def enough_memory(less: str) -> Iterator[None]:
    """Turns what is left of such errors into TrainingError: where nothing can be made smaller.

    `less` says what to begin anew with: "a lower max_tokens".
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        hint = f"close other programs: {GOES_ON}; or begin anew with {less}"
        raise TrainingError("memory ran out", hint=hint) from error
