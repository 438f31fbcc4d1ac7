"""Names of models as OpenAI's clients say them, and back. Pure: what is loaded is in `serving/models`.

recto             whatever the route of the request leads to
recto/legal       the model that reads for scope `legal`
recto/legal@7     the same, as long as Release 7 is what reads there
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recto.errors import RequestRefused
from recto.serving.models import ModelStatus

DEFAULT = "recto"
MODEL = "model"
"""The field of a request that holds such a name."""

_NAME = re.compile(r"recto(?:/(?P<scope>[^/@]+)(?:@(?P<release>\d{1,9}))?)?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a name asks for: a scope, and the Release that has to read; None is any."""

    scope: str | None = None
    release: str | None = None


def wanted(name: str) -> Wanted:
    """What `name` asks for. Raises RequestRefused for a name that can't be one of ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise unknown(name)
    return Wanted(found["scope"], found["release"])


def name_of(scope: str, release: int | str | None = None) -> str:
    """The name of a scope's model, or of one Release in it."""
    return f"{DEFAULT}/{scope}" if release is None else f"{DEFAULT}/{scope}@{release}"


def names_of(models: Sequence[ModelStatus]) -> dict[str, datetime]:
    """Every name that is answered now, and since when."""
    names = {DEFAULT: models[0].since} if models else {}
    for model in models:
        names[name_of(model.scope)] = model.since
        if model.release is not None:
            names[name_of(model.scope, model.release)] = model.since
    return names


def unknown(name: str) -> RequestRefused:
    """The error for a model that isn't served (any more)."""
    return RequestRefused(
        f"the model {name!r} isn't served here", where=MODEL, hint="GET /v1/models lists those that are"
    )
