"""The list of verbs: each adds itself to the app. A new verb is one file and one line here."""

from recto.cli import app, data, evaluate, improve, read

__all__ = ["app", "data", "evaluate", "improve", "read"]
