"""Optional libraries of engines: what to install where one is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from recto.errors import MissingPackage


@contextmanager
def needed_for_the_hub() -> Iterator[None]:
    """Imports that fetching weights needs. Raises MissingPackage that says how to install them."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"{error.name} isn't installed: weights can't be fetched from the Hub",
            hint="pip install 'recto[vlm]'; or without it: recto models pull NAME --from FOLDER",
        ) from None
