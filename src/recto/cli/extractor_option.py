"""`--schema`, `--extractor` and `--model` of verbs that extract: what is looked for, and what looks for it.

Without `--model` the workspace's current Release of the schema is taken. Where there is none a tagger goes by
labels and rules alone, and its answers say that it isn't trained.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recto.cli.model_option import Weights
    from recto.extraction.extractor import Extractor
    from recto.extraction.schema import Schema
    from recto.extraction.vision import PageSource
    from recto.settings import Settings

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
        help="Trained tagger or language model: a model folder, or in a workspace a Release (if left out, "
        "the current one of the schema); or `untrained`. Without --schema, its own counts. For --extractor "
        "vision a model that reads pages.",
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


_VLM = "vlm"
UNTRAINED = "untrained"
"""What --model and --baseline call the rules alone."""


class ExtractorName(StrEnum):
    """What extracts; auto is what --model is made for, else the current Release, else the tagger."""

    AUTO = "auto"
    TAGGER = "tagger"
    TEXT = "text"
    REMOTE = "remote"
    VISION = "vision"


ExtractorOption = Annotated[
    ExtractorName,
    typer.Option(
        "--extractor",
        help="What finds the fields: tagger; text: a language model here (text.model); remote: one in a "
        "server (remote.url); vision: a vision-language model here that sees the pages (vlm.model); auto: "
        "what --model is, else the current Release of the schema, else the tagger.",
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the flags say: who is to extract, with which model, for which schema, in which workspace.

    `source` opens pages again, for an extractor that looks at them.
    """

    schema: str | None
    model: str | None = None
    extractor: ExtractorName = ExtractorName.AUTO
    workspace: Path | None = None
    source: "PageSource | None" = None


def chosen_extractor(asked: Asked) -> "Extractor":
    """The extractor that the flags say, for `--schema` or that of the model.

    Raises BadParameter where nothing says what is wanted, or flags don't go together; SchemaError,
    ModelFolderError, RegistryError; EngineError for a model of another engine, or of another schema.
    """
    from recto.extraction.loading import load_schema
    from recto.extraction.tagger import Tagger

    if asked.schema is None and asked.model is None:
        from recto.extraction.schema import BUILT_IN

        known = ", ".join(BUILT_IN)
        raise typer.BadParameter(f"say what is wanted: {known}, or a file", param_hint="--schema")
    wanted = None if asked.schema is None else load_schema(asked.schema)
    if asked.extractor is ExtractorName.VISION:
        return _seeing(asked, _required(wanted, "--extractor vision"))
    if asked.model is not None:
        if asked.extractor is ExtractorName.REMOTE:
            raise typer.BadParameter("the server has the model: [remote] model", param_hint="--model")
        if asked.model == UNTRAINED:
            return Tagger(_required(wanted, f"--model {UNTRAINED}"))
        return _trained(asked, asked.model, wanted)
    assert wanted is not None
    match asked.extractor:
        case ExtractorName.AUTO | ExtractorName.TAGGER:
            return _current(asked, wanted)
        case ExtractorName.TEXT:
            return _language_model(wanted, _settings(asked))
        case _:
            return _in_a_server(wanted, _settings(asked))


def told_extractor(asked: Asked) -> "Extractor":
    """The same; where nobody named it, its answers say why it is this one."""
    from recto.extraction.chosen import ChosenExtractor

    extractor = chosen_extractor(asked)
    if asked.extractor is not ExtractorName.AUTO:
        return extractor
    return ChosenExtractor(extractor, "--model is one" if asked.model else "no model is given")


def _settings(asked: Asked) -> "Settings":
    from recto.settings import settings_here

    return settings_here(asked.workspace or Path())


def _language_model(schema: "Schema", settings: "Settings") -> "Extractor":
    from recto.engines.text.model import open_text
    from recto.extraction.asked import AskedExtractor

    return AskedExtractor(schema, open_text(None, settings.text))


def _in_a_server(schema: "Schema", settings: "Settings") -> "Extractor":
    from recto.engines.remote.server import Server
    from recto.engines.remote.writer import RemoteWriter
    from recto.extraction.asked import AskedExtractor

    return AskedExtractor(schema, RemoteWriter(Server(settings.remote), settings.remote))


def _seeing(asked: Asked, schema: "Schema") -> "Extractor":
    """A vision-language model: `--model`, or the base weights of [vlm]."""
    from recto.engines.text.page_model import open_page_model
    from recto.extraction.vision import VisionExtractor

    if asked.source is None:
        raise typer.BadParameter("only recto extract shows pages to a model", param_hint="--extractor")
    settings = _settings(asked).vlm
    folder = None if asked.model is None else _seeing_folder(asked, asked.model)
    return VisionExtractor(schema, open_page_model(folder, settings), asked.source)


def _seeing_folder(asked: Asked, model: str) -> Path | None:
    """The folder of a model for engine vlm; None for the base weights. Raises EngineError for any other."""
    from recto.cli.model_option import chosen_weights
    from recto.errors import EngineError

    weights = chosen_weights(None if model != "base" else _VLM, model, asked.workspace)
    if weights.engine != _VLM:
        raise EngineError(
            f"it is made for engine {weights.engine!r}: it sees no pages as a vision-language model does",
            where=model,
            hint="leave --model away, or name one that recto read --engine vlm reads with",
        )
    return None if model == "base" else weights.path()


def _required(wanted: "Schema | None", what: str) -> "Schema":
    if wanted is None:
        raise typer.BadParameter(f"{what} needs it", param_hint="--schema")
    return wanted


def _current(asked: Asked, wanted: "Schema") -> "Extractor":
    """The current Release of the workspace around here, else a tagger; which one it is, is told on stderr."""
    from recto.extraction.tagger import Tagger
    from recto.registry.extractors import extractor_for, in_use, tagger_for
    from recto.settings import nearest_workspace
    from recto.workspace.folder import open_workspace

    start = asked.workspace or nearest_workspace(Path())
    if start is None:
        return Tagger(wanted)
    workspace = open_workspace(start)
    found = in_use(workspace, wanted.name)
    extractor: Extractor = tagger_for(wanted, found)
    if asked.extractor is ExtractorName.AUTO:
        extractor = extractor_for(wanted, found, workspace.settings.text)
    typer.echo(f"fields are found by: {extractor.label}", err=True)
    return extractor


def _trained(asked: Asked, model: str, wanted: "Schema | None") -> "Extractor":
    from recto.cli.model_option import chosen_weights
    from recto.errors import EngineError
    from recto.extraction import asked_folder, tagger_folder
    from recto.registry.extractors import released

    engines = {ExtractorName.TAGGER: tagger_folder.ENGINE, ExtractorName.TEXT: asked_folder.ENGINE}
    weights = chosen_weights(engines.get(asked.extractor), model, asked.workspace)
    folder = _folder_of(weights, model)
    if weights.engine == asked_folder.ENGINE:
        extractor: Extractor = asked_folder.open_asked(folder, _settings(asked).text)
    else:
        extractor = tagger_folder.open_tagger(folder)
    if weights.release is not None:
        extractor = released(extractor, weights.release.number)
    taught = extractor.schema
    if wanted is not None and wanted.digest != taught.digest:
        raise EngineError(
            f"it was trained for another schema ({taught.name!r}) than {wanted.name!r}",
            where=model,
            hint="leave --schema away, or train one for this schema",
        )
    return extractor


def _folder_of(weights: "Weights", model: str) -> Path:
    """The model folder that finds fields. Raises EngineError for a Release that reads, and base weights."""
    from recto.errors import EngineError
    from recto.extraction import asked_folder, tagger_folder
    from recto.registry.store import model_path

    release = weights.release
    if release is not None and weights.workspace is not None:
        if release.engine not in (asked_folder.ENGINE, tagger_folder.ENGINE):
            raise EngineError(
                f"Release {release.number} is made for engine {release.engine!r}: it extracts nothing",
                hint="--read-with reads with it; --extractor vision asks one of a vision-language model",
            )
        return model_path(weights.workspace, release)
    if weights.folder is None:
        raise EngineError(f"--model {model} names no model that extracts", hint="leave --model away")
    return weights.folder
