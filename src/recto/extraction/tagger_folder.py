"""A trained tagger on disk: the model folder of its rankers, and back.

`tagger.json` holds the schema and the few numbers of each ranker, `rankers.npz` their weights. Nothing in
either is run.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from recto.engines.model_folder import BaseWeights, ModelCard, ModelFolder, open_model, write_model
from recto.errors import ModelFolderError
from recto.extraction.loading import schema_from_json
from recto.extraction.ranker import Calibration, Ranker
from recto.extraction.schema import Schema
from recto.extraction.tagger import Tagger
from recto.extraction.values.dates import Order

ENGINE = "tagger"
BASE = "recto patterns"
_SETTINGS, _WEIGHTS = "tagger.json", "rankers.npz"


class _RankerJson(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    bias: float
    trust: float
    known: dict[str, str]
    calibration: dict[str, float]


class _TaggerJson(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    schema_name: str
    json_schema: dict[str, JsonValue]
    rankers: dict[str, _RankerJson]
    order: Order | None = None


def write_tagger(
    path: Path,
    tagger: Tagger,
    *,
    recipe: Mapping[str, JsonValue],
    data_fingerprint: str,
    metrics: Mapping[str, JsonValue],
) -> ModelFolder:
    """Write the tagger as the model folder `path`, whole or not at all. Raises OutputError."""
    settings = _TaggerJson(
        schema_name=tagger.schema.name,
        json_schema=dict(tagger.schema.json_schema),
        rankers={name: _json(ranker) for name, ranker in tagger.rankers.items()},
        order=tagger.order,
    )
    card = ModelCard(
        engine=ENGINE,
        base=BaseWeights(name=BASE, sha256=base_of(tagger.schema)),
        characters="",
        recipe=dict(recipe),
        data_fingerprint=data_fingerprint,
        metrics=dict(metrics),
    )
    files = {_SETTINGS: settings.model_dump_json(indent=1).encode(), _WEIGHTS: _packed(tagger.rankers)}
    return write_model(path, card, files)


def open_tagger(path: Path) -> Tagger:
    """The tagger in the model folder `path`. Raises ModelFolderError."""
    folder = open_model(path, engine=ENGINE)
    try:
        settings = _TaggerJson.model_validate_json(folder.file(_SETTINGS).read_bytes())
        with np.load(folder.file(_WEIGHTS), allow_pickle=False) as weights:
            rankers = {name: _ranker(one, weights, name) for name, one in settings.rankers.items()}
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        hint = "train it again: recto train DATASET --recipe …"
        raise ModelFolderError(f"no tagger can be made of it: {error}", where=path, hint=hint) from error
    schema = schema_from_json(settings.json_schema, settings.schema_name)
    return Tagger(schema, rankers, label_of(folder), settings.order)


def label_of(folder: ModelFolder) -> str:
    """What answers of the tagger in this model folder call it. Raises ModelFolderError."""
    return f"tagger {sha256_of(folder)[:8]}"


def sha256_of(folder: ModelFolder) -> str:
    """The content of its weights, by which two taggers are told apart. Raises ModelFolderError."""
    folder.file(_WEIGHTS)
    return folder.card.files[_WEIGHTS].sha256


def base_of(schema: Schema) -> str:
    """What an untrained tagger of the schema is, as a hash: the schema alone."""
    return hashlib.sha256(f"{BASE} {schema.digest}".encode()).hexdigest()


def _json(ranker: Ranker) -> _RankerJson:
    return _RankerJson(
        bias=ranker.bias,
        trust=ranker.trust,
        known=dict(ranker.known),
        calibration=asdict(ranker.calibration),
    )


def _packed(rankers: Mapping[str, Ranker]) -> bytes:
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, ranker in rankers.items():
        arrays[f"{name} indices"], arrays[f"{name} weights"] = ranker.indices, ranker.weights
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]  # its stubs know no names
    return stream.getvalue()


def _ranker(one: _RankerJson, weights: Mapping[str, NDArray[np.generic]], name: str) -> Ranker:
    return Ranker(
        indices=weights[f"{name} indices"].astype(np.int32),
        weights=weights[f"{name} weights"].astype(np.float32),
        bias=one.bias,
        trust=one.trust,
        known=one.known,
        calibration=Calibration(**one.calibration),
    )
