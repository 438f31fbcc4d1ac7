"""The tiny language model, for every test of this folder."""

from ...tiny import text_base, text_weights  # noqa: F401
