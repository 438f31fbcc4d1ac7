"""Identity: what a Run depends on: recipe, data, code, the model to improve on. One Identity, one Run."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

import recto
from recto.errors import OutputError, TrainingError
from recto.evaluation.machine import describe_machine
from recto.training.way import Way

_ROOMS = (
    "documents",
    "datasets",
    "engines",
    "extraction",
    "evaluation",
    "training",
    "registry",
    "retraining",
)
"""What reads, learns, measures and judges."""
_NO_MATTER = ("trackers", "price_per_hour")
"""Settings that change nothing in what is learnt: they may differ when a Run is gone on with."""


class Identity(BaseModel):
    """Recipe, dataset (where it lies, and the fingerprint of its content), version of the code.

    `verb` is the command: a Run of `train` isn't one of `improve`. `model` is the content hash of the model
    that is measured before: a Release's, or that of the base weights; `base` that of the base weights which
    learn (both are "" in Runs of a recto without them). `packages` are the versions of those that compute
    (none in Runs of a recto without them).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    verb: str
    recipe: dict[str, JsonValue]
    dataset: str
    fingerprint: str
    code: str
    model: str = ""
    base: str = ""
    packages: dict[str, str] = {}


def identity_of(verb: str, way: Way, data: tuple[Path, str], model: str) -> Identity:
    """The Identity of a Run with the code as it is; `data` is the dataset's root and fingerprint.

    `model` is the content of what is measured before; "" is the base. Raises what finding the base does.
    """
    base = way.base_sha256()
    return Identity(
        verb=verb,
        recipe=way.recipe.model_dump(mode="json"),
        dataset=str(data[0]),
        fingerprint=data[1],
        code=code_version(),
        model=model or base,
        base=base,
        packages=describe_machine(way.packages).packages,
    )


@cache
def code_version() -> str:
    """Version of recto and a digest of the source that decides results: `0.1.0+3f2a91bc04de`."""
    root = Path(recto.__file__).parent
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    return f"{recto.__version__}+{digest.hexdigest()[:12]}"


def read_identity(path: Path) -> Identity:
    """The Identity in a run folder. Raises OutputError."""
    try:
        return Identity.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        hint = "choose another --out"
        raise OutputError(f"this is no run that can be read: {error}", where=path, hint=hint) from error


def differing(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    """The settings in which two recipes teach something else."""
    names = [name for name in (*one, *(name for name in other if name not in one)) if name not in _NO_MATTER]
    return [name for name in names if one.get(name) != other.get(name)]


def outdated(earlier: Identity, wanted: Identity) -> str:
    """Why what an earlier Run has finished doesn't count here, in words: the user can't bring it back.

    "" where code, packages and the model to improve on are as they were.
    """
    if earlier.code != wanted.code:
        return f"recto {earlier.code} began this run, this is {wanted.code}"
    if earlier.packages != wanted.packages:
        names = sorted({*earlier.packages, *wanted.packages})
        other = [name for name in names if earlier.packages.get(name) != wanted.packages.get(name)]
        return f"this run began with other versions of {', '.join(other)}"
    if earlier.base != wanted.base:
        return f"this run began with base weights {earlier.base[:12]}, here are {wanted.base[:12]}"
    if earlier.model != wanted.model:
        return f"this run began beside model {earlier.model[:12]}, in use is {wanted.model[:12]}"
    return ""


def refuse_another(earlier: Identity, wanted: Identity, folder: Path) -> None:
    """Raise TrainingError, which names both, where `folder` holds a Run of another recipe or dataset.

    Code, packages and the model to improve on aren't compared: see `outdated`.
    """
    differences = []
    if earlier.verb != wanted.verb:
        differences.append(f"it is one of `recto {earlier.verb}`, not of `recto {wanted.verb}`")
    if earlier.fingerprint != wanted.fingerprint:
        differences.append(
            f"its dataset is {earlier.dataset} ({earlier.fingerprint[:12]}), "
            f"not {wanted.dataset} ({wanted.fingerprint[:12]})"
        )
    changed = differing(earlier.recipe, wanted.recipe)
    if changed:
        there = ", ".join(f"{name}: {earlier.recipe.get(name)}" for name in changed)
        here = ", ".join(f"{name}: {wanted.recipe.get(name)}" for name in changed)
        differences.append(f"its recipe says {there}, not {here}")
    if differences:
        raise TrainingError(
            f"the folder holds another run: {'; '.join(differences)}",
            where=folder,
            hint="give the same dataset and recipe, choose another --out, or pass --overwrite",
        )
