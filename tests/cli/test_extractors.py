"""`recto extract --extractor`: language models here and in servers, and what doesn't go together."""

import json
from pathlib import Path

import numpy as np
import pytest

from recto.cli.extract_pages import OpenedAgain
from recto.cli.read_run import Wanted
from recto.documents.opening import open_page
from recto.documents.transcript import Finish, Transcript
from recto.engines.model_store import StoredModel
from recto.errors import BrokenDocument

from ..engines.remote.speaker import Reply, said, speaking
from ..tiny import text_weights, tiny_base, tiny_weights  # noqa: F401
from .test_extract import answers, run, scans, text  # noqa: F401

SMALL = {
    "type": "object",
    "required": ["total"],
    "properties": {
        "shop": {"type": "string"},
        "total": {"type": "string", "x-recto": {"kind": "money", "role": "total"}},
    },
}


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "small.json"
    path.write_text(json.dumps(SMALL))
    return path


def test_a_language_model_here_says_who_it_is_and_nothing_that_isnt_there(
    text: Path,  # noqa: F811
    schema: Path,
    text_weights: StoredModel,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RECTO_TEXT_MODEL", str(text_weights.path))
    done = run(text, "--schema", schema, "--extractor", "text")
    assert done.exit_code == 0, done.stderr
    (answer,) = answers(done.stdout)
    assert answer["extractor"] == f"language model {text_weights.name}"
    assert answer["values"] == {} and answer["missing"] == ["total"]  # its numbers are random
    assert {one["name"] for one in answer["ungrounded"]} <= {"shop", "total"}


def test_a_language_model_in_a_server(
    text: Path,  # noqa: F811
    schema: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = json.dumps({"shop": "Corner Shop Ltd", "total": "99.00"})
    with speaking(Reply(said(answer)), models=("qwen",)) as speaker:
        monkeypatch.setenv("RECTO_REMOTE_URL", speaker.url)
        done = run(text, "--schema", schema, "--extractor", "remote")
    assert done.exit_code == 0, done.stderr
    (told,) = answers(done.stdout)
    assert told["extractor"] == "language model remote qwen"
    assert told["values"] == {"shop": "Corner Shop Ltd"}
    assert [one["value"] for one in told["ungrounded"]] == ["99.00"]
    assert "TOTAL" not in speaker.asked[0]["messages"][0]["content"]
    assert "Total:   EUR 12.00" in speaker.asked[0]["messages"][0]["content"]


def test_a_model_that_sees_the_pages(
    scans: Path,  # noqa: F811
    schema: Path,
    tiny_weights: StoredModel,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RECTO_VLM_MODEL", str(tiny_weights.path))
    monkeypatch.setenv("RECTO_VLM_MAX_NEW_TOKENS", "60")
    document = scans / "letter.pdf"
    done = run(document, "--schema", schema, "--extractor", "vision", "--model", "base", "--pages", "2")
    assert done.exit_code == 0, done.stderr
    (answer,) = answers(done.stdout)
    assert answer["extractor"] == f"vision model {tiny_weights.name}"
    assert answer["values"] == {}
    (told,) = answers(run(document, "--schema", schema).stdout)
    assert told["extractor"] == "tagger, not trained (auto: no model is given)"


def test_a_model_that_sees_needs_pages(
    text: Path,  # noqa: F811
    schema: Path,
    tiny_weights: StoredModel,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RECTO_VLM_MODEL", str(tiny_weights.path))
    done = run(text, "--schema", schema, "--extractor", "vision")
    assert done.exit_code == 1 and "no page to look at" in done.stderr


def test_a_page_is_opened_again_as_it_was_read(scans: Path) -> None:  # noqa: F811
    again = OpenedAgain(Wanted(dpi=50))
    path = scans / "letter.pdf"
    page = open_page(path, 2, dpi=50)
    seen = Transcript(
        str(path),
        2,
        page.width,
        page.height,
        "",
        (),
        "fake",
        Finish.COMPLETE,
        sha256=page.sha256,
        dpi=page.dpi,
    )
    assert np.array_equal(again(seen).image, page.image)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(BrokenDocument, match="has changed"):
        again(seen)


def test_what_doesnt_go_together_is_refused(text: Path, schema: Path) -> None:  # noqa: F811
    done = run(text, "--schema", schema, "--extractor", "remote", "--model", "somewhere")
    assert done.exit_code == 2 and "the server has the model" in done.stderr
    done = run(text, "--extractor", "text")
    assert done.exit_code == 2 and "say what is wanted" in done.stderr
