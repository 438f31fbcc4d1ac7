"""`--schema`, `--extractor` and `--model` of verbs that extract: what is looked for, and what looks for it.

Without `--model` the workspace's current tagger of the schema is taken. Where there is none the tagger goes
by labels and rules alone, and its answers say that it isn't trained.
"""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recto.cli.model_option import Weights
    from recto.extraction.schema import Schema
    from recto.extraction.tagger import Tagger

SchemaOption = Annotated[
    str | None,
    typer.Option(
        "--schema",
        help="What is wanted: invoice, receipt, contract, tax_form; a JSON Schema file; "
        "module:Model of pydantic.",
    ),
]
TaggerOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="DIR_OR_RELEASE",
        help="Trained tagger: a model folder, or in a workspace a Release (if left out, the current one of "
        "the schema); or `untrained`. Without --schema, its own counts.",
    ),
]

ReadWithOption = Annotated[
    str | None,
    typer.Option(
        "--read-with",
        metavar="DIR_OR_RELEASE",
        help="Model of the engine that reads, as --model of recto read.",
    ),
]


UNTRAINED = "untrained"
"""What --model and --baseline call the rules alone."""


class ExtractorName(StrEnum):
    """What extracts; auto is the tagger, as long as there is nothing else to choose from."""

    AUTO = "auto"
    TAGGER = "tagger"


def chosen_extractor(schema: str | None, model: str | None, workspace: Path | None) -> "Tagger":
    """The tagger that `--model` names, for `--schema` if that is given; without a model an untrained one.

    Raises BadParameter where neither says what is wanted; SchemaError, ModelFolderError, RegistryError;
    EngineError for a model of another engine, or of another schema.
    """
    from recto.extraction.loading import load_schema
    from recto.extraction.tagger import Tagger

    if schema is None and model is None:
        from recto.extraction.schema import BUILT_IN

        known = ", ".join(BUILT_IN)
        raise typer.BadParameter(f"say what is wanted: {known}, or a file", param_hint="--schema")
    wanted = None if schema is None else load_schema(schema)
    if model is None:
        assert wanted is not None
        return _current(wanted, workspace)
    if model == UNTRAINED:
        return Tagger(_required(wanted))
    return _trained(model, wanted, workspace)


def _required(wanted: "Schema | None") -> "Schema":
    if wanted is None:
        raise typer.BadParameter(f"--model {UNTRAINED} needs it", param_hint="--schema")
    return wanted


def _current(wanted: "Schema", workspace: Path | None) -> "Tagger":
    """The tagger of the workspace around here; which one it is, is told on stderr."""
    from recto.extraction.tagger import Tagger
    from recto.registry.extractors import in_use, tagger_for
    from recto.settings import nearest_workspace
    from recto.workspace.folder import open_workspace

    start = workspace or nearest_workspace(Path())
    if start is None:
        return Tagger(wanted)
    tagger = tagger_for(wanted, in_use(open_workspace(start), wanted.name))
    typer.echo(f"fields are found by: {tagger.label}", err=True)
    return tagger


def _trained(model: str, wanted: "Schema | None", workspace: Path | None) -> "Tagger":
    from recto.cli.model_option import chosen_weights
    from recto.errors import EngineError
    from recto.extraction.tagger_folder import ENGINE, open_tagger

    weights = chosen_weights(ENGINE, model, workspace)
    folder = _folder_of(weights)
    if folder is None:  # `--model base`
        raise EngineError("a tagger has no base weights", where="--model", hint="leave --model away")
    tagger = open_tagger(folder)
    if wanted is not None and wanted.digest != tagger.schema.digest:
        raise EngineError(
            f"this tagger was trained for another schema ({tagger.schema.name!r}) than {wanted.name!r}",
            where=model,
            hint="leave --schema away, or train a tagger for this schema",
        )
    if weights.release is not None:
        return replace(tagger, label=f"{tagger.label}, Release {weights.release.number}")
    return tagger


def _folder_of(weights: "Weights") -> Path | None:
    from recto.errors import EngineError
    from recto.extraction.tagger_folder import ENGINE
    from recto.registry.store import model_path

    release = weights.release
    if release is None or weights.workspace is None:
        return weights.folder
    if release.engine != ENGINE:
        raise EngineError(
            f"Release {release.number} is made for engine {release.engine!r}: it extracts nothing",
            hint="--read-with reads with it",
        )
    return model_path(weights.workspace, release)
