"""The list of verbs: each adds itself to the app. A new verb is one file and one line here."""

from recto.cli import (
    add,
    app,
    data,
    evaluate,
    history,
    improve,
    init,
    keys,
    loop,
    mcp,
    read,
    releases,
    serve,
    status,
    train,
    verify,
)

__all__ = [
    "add",
    "app",
    "data",
    "evaluate",
    "history",
    "improve",
    "init",
    "keys",
    "loop",
    "mcp",
    "read",
    "releases",
    "serve",
    "status",
    "train",
    "verify",
]
