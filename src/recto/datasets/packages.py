"""Optional libraries of the dataset formats, imported when a format needs them."""

from importlib import import_module
from types import ModuleType

from recto.errors import MissingPackage


def need(module: str, purpose: str) -> ModuleType:
    """The library called `module`. Raises MissingPackage that says how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        if error.name is not None and not (module + ".").startswith(error.name + "."):
            raise MissingPackage(
                f"{module} can't be imported: {error}", where=purpose, hint="pip install 'recto[data]'"
            ) from error
        raise MissingPackage(
            f"{module} isn't installed", where=purpose, hint="pip install 'recto[data]'"
        ) from None
