"""A fine-tuned language model on disk: what its model folder says beside weights, and the extractor of it.

`asking.json` holds the schema that it was taught, and how its confidences are calibrated.
"""

from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from recto.engines.model_folder import model_file
from recto.errors import ModelFolderError
from recto.extraction.asked import AskedExtractor
from recto.extraction.loading import schema_from_json
from recto.extraction.ranker import Calibration
from recto.extraction.schema import Schema
from recto.settings import TextSettings

ENGINE = "text"
SETTINGS = "asking.json"


class _AskingJson(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_name: str
    json_schema: dict[str, JsonValue]
    calibration: dict[str, float]


def asking_json(schema: Schema, calibration: Calibration) -> bytes:
    """The content of `asking.json`."""
    told = _AskingJson(
        schema_name=schema.name, json_schema=dict(schema.json_schema), calibration=asdict(calibration)
    )
    return told.model_dump_json(indent=1).encode()


def open_asked(path: Path, settings: TextSettings) -> AskedExtractor:
    """The extractor in the model folder `path`, its weights loaded. Raises ModelFolderError, and what loading
    raises.
    """
    schema, calibration = taught_in(path)
    from recto.engines.text.model import open_text

    return AskedExtractor(schema, open_text(path, settings), calibration)


def taught_in(path: Path) -> tuple[Schema, Calibration]:
    """The schema that the model in the folder `path` was taught, and its calibration; no weights are loaded.

    Raises ModelFolderError.
    """
    file = model_file(path, SETTINGS, engine=ENGINE)
    try:
        told = _AskingJson.model_validate_json(file.read_bytes())
        calibration = Calibration(**told.calibration)
    except (ValidationError, TypeError) as error:
        hint = "train it again: recto train DATASET --recipe …"
        raise ModelFolderError(f"{SETTINGS} can't be read: {error}", where=path, hint=hint) from error
    return schema_from_json(told.json_schema, told.schema_name), calibration
