"""POST /v1/extract and jobs where the settings name a language model: real processes, tiny models."""

import asyncio
import json
from pathlib import Path

import pytest

from recto.engines.model_store import StoredModel
from recto.errors import ModelNotFound, SettingsError
from recto.serving.service import Service
from recto.workspace.folder import Workspace

from ...engines.remote.speaker import Reply, said, speaking
from ...tiny import text_weights, tiny_base, tiny_weights  # noqa: F401
from ..conftest import serving, settings_with
from .test_extract import OWN, TEXT, Selling, ask, found, refused, send
from .test_jobs import add, ended, fields

PATIENT_S = 600.0
"""Loading torch may take long where much else goes on."""
SAID = said(json.dumps({"total": "12.00"}))


def service(extractor: str, **tables: dict[str, object]) -> Service:
    patient = {"request_timeout_s": PATIENT_S}
    settings = settings_with(extraction={"extractor": extractor}, serving=patient, **tables)
    return Service(settings, load=lambda _: Selling())


def test_a_server_finds_what_stands_there_and_a_request_cant_choose_another(
    samples: dict[str, bytes],
) -> None:
    with (
        speaking(Reply(SAID), models=("qwen",)) as speaker,
        serving(service("remote", remote={"url": speaker.url})) as served,
    ):
        answer = ask(served, TEXT, OWN, extractor="tagger", model="gpt")
        assert answer.status_code == 422  # it knows no such words
        answer = ask(served, TEXT, OWN)
        assert found(answer) == {"total": "12.00"}
        assert answer.json()["extractor"] == "language model remote qwen"
        assert answer.json()["fields"][0]["box"] is None
        answer = send(served, samples["scan.png"], schema=json.dumps(OWN))
        assert found(answer) == {"total": "12.00"}
        assert answer.json()["fields"][0]["box"] is not None
        wrong = ask(served, "Total: EUR 9.00", OWN)
        assert found(wrong) == {} and wrong.json()["ungrounded"][0]["value"] == "12.00"
        count = len(speaker.asked)
        assert ask(served, "", OWN).json()["extractor"] == "language model, not asked: nothing was read"
        refused(ask(served, TEXT, {"type": "array"}), 422)
        assert len(speaker.asked) == count
        assert {question["model"] for question in speaker.asked} == {"qwen"}


def test_a_model_that_isnt_there_is_a_503_and_never_another_extractor() -> None:
    remote = {"url": "http://127.0.0.1:9/v1", "attempts": 1}
    with serving(service("remote", remote=remote)) as served:
        told = refused(ask(served, TEXT, OWN), 503)
        assert told == "the language model can't be asked now"


def test_a_model_of_text_here(text_weights: StoredModel) -> None:  # noqa: F811
    text = {"model": str(text_weights.path), "device": "cpu", "max_new_tokens": 60}
    with serving(service("text", text=text)) as served:
        served.client.timeout = PATIENT_S
        answer = ask(served, TEXT, OWN)
        found(answer)
        assert answer.json()["extractor"] == f"language model {text_weights.name}"
        about = {"type": "string", "description": "what nobody wants to know, at length, " * 8}
        long = {f"field {number}": about for number in range(200)}
        told = refused(ask(served, TEXT, {"type": "object", "properties": long}), 422)
        assert told == "the language model can't be asked for so much"
        found(ask(served, TEXT, OWN))  # and it goes on


def test_a_model_that_sees_pages_here(
    tiny_weights: StoredModel,  # noqa: F811
    samples: dict[str, bytes],
) -> None:
    vlm = {"model": str(tiny_weights.path), "device": "cpu", "max_new_tokens": 40}
    with serving(service("vision", vlm=vlm)) as served:
        served.client.timeout = PATIENT_S
        answer = send(served, samples["scan.png"], schema=json.dumps(OWN))
        found(answer)
        assert answer.json()["extractor"] == f"vision model {tiny_weights.name}"
        answer = ask(served, TEXT, OWN)
        assert found(answer) == {"total": "12.00"}
        told = answer.json()["extractor"]
        assert told == "tagger, not trained (a text has no page that a model could see)"


def test_a_service_doesnt_start_without_what_its_extractor_needs(tmp_path: Path) -> None:
    for extractor, tables, error in (
        ("text", {"text": {"model": str(tmp_path / "none")}}, ModelNotFound),
        ("vision", {"vlm": {"model": str(tmp_path / "none")}}, ModelNotFound),
        ("remote", {}, SettingsError),
    ):
        with pytest.raises(error):
            asyncio.run(service(extractor, **tables).start())


def test_a_job_waits_for_its_model(workspace: Workspace, samples: dict[str, bytes]) -> None:
    with speaking(Reply(SAID), models=("qwen",)) as speaker:
        settings = settings_with(extraction={"extractor": "remote"}, remote={"url": speaker.url})
        with serving(Service(settings, workspace, load=lambda _: Selling())) as served:
            job_id = add(served, ("a.png", samples["scan.png"]), schema=json.dumps(OWN))["id"]
            assert ended(served, job_id)["state"] == "done"
            (document,) = fields(served, job_id)
            assert document["extractor"] == "language model remote qwen"
            assert document["values"] == {"total": "12.00"}
