"""The tiny model, for every test of this folder."""

from ...tiny import tiny_base, tiny_weights  # noqa: F401
