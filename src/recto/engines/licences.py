"""What the licence of base weights asks of those who pass changed weights on: its text, and who made them.

The texts are those that came with the weights' own package. Nothing is looked up elsewhere.
"""

from importlib.metadata import PackageNotFoundError, distribution

from recto.errors import MissingPackage

_PACKAGES = {"PP-OCRv6-small": "rapidocr"}
_WANTED = ("LICENSE", "MODEL_LICENSES.md")

HOLDERS = {
    "PP-OCRv6-small": (
        "Copyright in the original weights is held by Baidu and/or the applicable PaddleOCR rights holders.\n"
        "They were converted to ONNX and packaged by the RapidOCR Authors. Both are licensed under the\n"
        "Apache License, Version 2.0 (LICENSE, and MODEL_LICENSES.md for where they come from)."
    )
}
"""Base weights → who holds the rights, and under which licence."""


def licence_files(base: str) -> dict[str, bytes]:
    """File name → text that must go with weights made from `base`.

    Raises MissingPackage where the package that brought the weights doesn't carry them.
    """
    name = _PACKAGES.get(base)
    if name is None:
        raise MissingPackage(
            f"no licence is known for the base weights {base!r}",
            hint="they weren't made by this recto; pass the model folder on by yourself, with its licence",
        )
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        files = []
    found = {
        file.name: file.read_binary() for file in files if file.name in _WANTED and "licenses" in file.parts
    }
    missing = [wanted for wanted in _WANTED if wanted not in found]
    if missing:
        raise MissingPackage(
            f"the package {name} doesn't carry {' and '.join(missing)}",
            hint=f"install it again: pip install --force-reinstall {name}",
        )
    return found
