"""The remote engine against a real HTTP server: what is asked, what comes back, and what goes wrong."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Finish, Transcript
from recto.engines.backoff import Backoff
from recto.engines.reading import read_pages
from recto.engines.remote import RemoteEngine, load
from recto.engines.remote.server import Server
from recto.errors import EngineError, RectoError, SettingsError
from recto.settings import RemoteSettings

from .speaker import Reply, Speaker, said, speaking

QUICK = Backoff(attempts=3, first_s=0.01)
BOXES = (
    "<|ref|>text<|/ref|><|det|>[[100, 200, 500, 400]]<|/det|>\nTotal 7.00\n"
    "<|ref|>image<|/ref|><|det|>[[0,0,9,9]]<|/det|>"
)


def page(number: int = 1) -> Page:
    image = np.full((300, 999, 3), 255, np.uint8)
    cv2.putText(image, f"Total {number}.00", (30, 200), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 120), 4)
    return Page("receipt.png", number, image, sha256="ab", dpi=200)


class Wire:
    """Engines that are closed at the end of a test."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def speaker(self, *replies: Reply, models: tuple[str, ...] = ("ocr",)) -> Speaker:
        return self._stack.enter_context(speaking(*replies, models=models))

    def engine(self, url: str, **options: object) -> RemoteEngine:
        settings = RemoteSettings(url=url, **options)
        server = Server(settings, QUICK)
        self._stack.callback(server.close)
        return RemoteEngine(server, settings)

    def read(self, reply: Reply, **options: object) -> Transcript:
        return self.engine(self.speaker(reply).url, **options).read([page()])[0]


@pytest.fixture
def wire() -> Iterator[Wire]:
    with ExitStack() as stack:
        yield Wire(stack)


def test_a_page_goes_there_and_its_places_come_back(wire: Wire) -> None:
    speaker = wire.speaker(Reply(said(BOXES + "<｜end▁of▁sentence｜>")))
    engine = wire.engine(speaker.url)
    transcript = engine.read([page()])[0]
    assert (engine.batch_pages, engine.label) == (0, "remote ocr")
    assert transcript.text == "Total 7.00"
    assert [(line.text, line.box) for line in transcript.lines] == [
        ("Total 7.00", pytest.approx((100, 200 * 300 / 999, 500, 400 * 300 / 999)))
    ]
    assert transcript.lines[0].confidence is None
    assert (transcript.finish, transcript.engine) == (Finish.COMPLETE, "remote ocr")
    assert (transcript.document, transcript.page, transcript.width, transcript.height) == (
        "receipt.png",
        1,
        999,
        300,
    )
    assert (transcript.sha256, transcript.dpi) == ("ab", 200)
    assert np.array_equal(speaker.image(), page().image)


@pytest.mark.parametrize(
    ("options", "extras"),
    [
        (
            {},
            {
                "skip_special_tokens": False,
                "logprobs": True,
                "vllm_xargs": {"ngram_size": 30, "window_size": 90, "whitelist_token_ids": [128821, 128822]},
            },
        ),
        ({"architecture": "qwen3-vl"}, {"skip_special_tokens": False, "logprobs": True}),
        ({"preset": "sglang"}, {"skip_special_tokens": False, "logprobs": True}),
        ({"preset": "plain"}, {}),
    ],
    ids=["vllm", "vllm with qwen", "sglang", "plain"],
)
def test_what_is_asked(wire: Wire, options: dict[str, object], extras: dict[str, object]) -> None:
    speaker = wire.speaker(Reply(said("x")))
    wire.engine(speaker.url, max_new_tokens=77, temperature=0.5, task="text", **options).read([page()])
    asked = speaker.asked[0]
    (message,) = asked.pop("messages")
    assert asked == {"model": "ocr", "max_tokens": 77, "temperature": 0.5, **extras}
    assert [part["type"] for part in message["content"]] == ["image_url", "text"]
    words = "Free OCR." if "qwen3-vl" not in options.values() else "Read all text in this image."
    assert message["content"][1]["text"].startswith(words)


def test_tasks_share_the_server(wire: Wire) -> None:
    speaker = wire.speaker(Reply(said("x")))
    engine = wire.engine(speaker.url)
    engine.with_task("locate", "the total").read([page()])
    engine.read([page()])
    words = [asked["messages"][0]["content"][1]["text"] for asked in speaker.asked]
    assert words == [
        "Locate <|ref|>the total<|/ref|> in the image.",
        "<|grounding|>Convert the document to markdown.",
    ]
    with pytest.raises(EngineError, match="no task is called 'guess'"):
        engine.with_task("guess")


def test_pages_can_go_as_jpeg(wire: Wire) -> None:
    speaker = wire.speaker(Reply(said("x")))
    wire.engine(speaker.url, image_format="jpeg").read([page()])
    assert speaker.asked[0]["messages"][0]["content"][0]["image_url"]["url"].startswith(
        "data:image/jpeg;base64,"
    )
    assert np.abs(speaker.image().astype(int) - page().image).mean() < 2


def test_markdown_is_kept(wire: Wire) -> None:
    text = "# Invoice\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    transcript = wire.read(Reply(said(text)), preset="plain")
    assert transcript.text == text
    assert all(line.box == (0, 0, 999, 300) for line in transcript.lines)


@pytest.mark.parametrize(
    ("reply", "finish", "text"),
    [
        (said("Total", "length"), Finish.TRUNCATED, "Total"),
        (said("Total\n" + "ab 12\n" * 200), Finish.REPEATING, "Total\nab 12"),
        (said("Total\n" + "ab 12\n" * 40, "length"), Finish.REPEATING, "Total\nab 12"),
        (said(""), Finish.BLANK, ""),
        (said(None), Finish.BLANK, ""),
    ],
    ids=["cut", "loop", "cut in a loop", "empty", "null"],
)
def test_how_it_ended(wire: Wire, reply: object, finish: Finish, text: str) -> None:
    transcript = wire.read(Reply(reply), task="text")
    assert (transcript.finish, transcript.text) == (finish, text)


def test_a_blank_page_is_not_sent(wire: Wire) -> None:
    speaker = wire.speaker(Reply(said("Once upon a time")))
    white = Page("white.png", 1, np.full((400, 300, 3), 250, np.uint8))
    transcript = wire.engine(speaker.url).read([white])[0]
    assert (transcript.finish, transcript.text, speaker.asked) == (Finish.BLANK, "", [])


def test_probabilities_of_tokens_become_confidences(wire: Wire) -> None:
    euro = "€".encode()
    tokens = [
        {"token": "Tot", "logprob": np.log(0.9), "bytes": list(b"Tot")},
        {"token": "al\n", "logprob": np.log(0.4), "bytes": list(b"al\n")},
        {"token": "\\xe2", "logprob": np.log(0.5), "bytes": list(euro[:1])},
        {"token": "\\x82\\xac7", "logprob": np.log(0.5), "bytes": [*euro[1:], ord("7")]},
        {"token": "<end>", "logprob": np.log(0.1)},
    ]
    transcript = wire.read(Reply(said("Total\n€7", tokens=tokens)), task="text")
    assert [line.confidence for line in transcript.lines] == [pytest.approx(0.6), pytest.approx(0.5)]
    words = [word.confidence for line in transcript.lines for word in line.words]
    assert words == pytest.approx([0.36, 0.25])
    other = wire.read(Reply(said("something else", tokens=tokens)), task="text")
    assert [(line.confidence, line.words) for line in other.lines] == [(None, ())]


@pytest.mark.parametrize(
    ("reply", "told", "hint", "tries"),
    [
        (Reply({"error": {"message": "bad key"}}, 401), "answered 401: bad key", "api_key_variable", 1),
        (Reply({"message": "no such model"}, 404), "answered 404: no such model", "model of it", 1),
        (Reply({"error": "too big"}, 413), "answered 413: too big", "jpeg", 1),
        (Reply({"error": {"message": "busy"}}, 429), "answered 429: busy", "concurrency", 3),
        (Reply({"error": {}}, 429, {"Retry-After": "999"}), "answered 429", "concurrency", 1),
        (Reply(b"<h1>broken</h1>", 500), "answered 500: <h1>broken</h1>", "log of the server", 3),
        (Reply(b"", 503), "answered 503: Service Unavailable", "log of the server", 3),
        (Reply(b"<html>"), "isn't one of OpenAI's protocol", "with /v1 at its end", 1),
        (Reply({"choices": []}), "isn't one of OpenAI's protocol: choices", "with /v1 at its end", 1),
        (Reply({"detail": "?"}), "isn't one of OpenAI's protocol: choices", "with /v1 at its end", 1),
        (Reply(b"plain", headers={"Content-Encoding": "gzip"}), "can't be unpacked", "a proxy", 3),
        (Reply(b" " * (65 * 2**20)), "is longer than 64 MiB", "of a model server", 1),
    ],
    ids=[
        "401", "404", "413", "429", "429 for too long", "500", "503", "no JSON", "no choice", "other JSON",
        "badly packed", "too long",
    ],
)  # fmt: skip
def test_refusals_in_our_words(wire: Wire, reply: Reply, told: str, hint: str, tries: int) -> None:
    speaker = wire.speaker(reply)
    with pytest.raises(EngineError, match=r"receipt\.png, page 1") as raised:
        wire.engine(speaker.url).read([page()])
    assert told in raised.value.what
    assert hint in raised.value.hint
    assert len(speaker.asked) == tries


def test_what_passes_is_waited_for(wire: Wire) -> None:
    replies = (Reply({}, 503), Reply({}, 429, {"Retry-After": "0"}), Reply(said("Total")))
    speaker = wire.speaker(*replies)
    assert wire.engine(speaker.url, task="text").read([page()])[0].text == "Total"
    assert len(speaker.asked) == 3


def test_an_answer_that_does_not_come_is_given_up(wire: Wire) -> None:
    never = threading.Event()
    speaker = wire.speaker(Reply(said("late"), wait=never))
    try:
        with pytest.raises(EngineError, match=r"didn't answer within 0.05 s"):
            wire.engine(speaker.url, timeout_s=0.05).read([page()])
    finally:
        never.set()


def test_an_answer_that_only_trickles_in_is_given_up(wire: Wire) -> None:
    """Each piece of it comes in time; so some proxies keep a connection from being closed."""
    speaker = wire.speaker(Reply(b"{", trickles=True))
    with pytest.raises(EngineError, match=r"didn't answer within 0.2 s"):
        wire.engine(speaker.url, timeout_s=0.2).read([page()])
    assert len(speaker.asked) == QUICK.attempts


@pytest.mark.parametrize(
    "token",
    [
        b'{"token": "Total", "logprob": NaN}',
        b'{"token": "Total", "logprob": Infinity}',
        b'{"token": "Total", "logprob": 1e308}',
        b'{"token": "Total", "logprob": 800}',
        b'{"token": "Total", "logprob": -1, "bytes": [999]}',
        b'{"token": "Total", "logprob": -1, "bytes": [-1]}',
    ],
)
def test_probabilities_that_cannot_be_are_none(wire: Wire, token: bytes) -> None:
    body = b'{"choices": [{"message": {"content": "Total"}, "logprobs": {"content": [%b]}}]}' % token
    reading = wire.read(Reply(body), task="text")
    assert (reading.text, reading.lines[0].confidence) == ("Total", None)


def test_nobody_there(wire: Wire) -> None:
    with pytest.raises(EngineError, match="can't be reached") as raised:
        wire.engine("http://127.0.0.1:9/v1", model="ocr").read([page()])
    assert "recto doctor --remote" in raised.value.hint


def test_several_pages_are_asked_for_at_once_but_not_more_than_set(wire: Wire) -> None:
    together = threading.Barrier(3)  # an answer comes when three have asked
    speaker = wire.speaker(Reply(said("x"), wait=together))
    engine = wire.engine(speaker.url, concurrency=3)
    readings = list(read_pages(engine, map(page, range(1, 10))))
    assert [reading.page for reading in readings if isinstance(reading, Transcript)] == list(range(1, 10))
    assert together.n_waiting == 0


@pytest.mark.parametrize(("models", "told"), [((), "0 models: none"), (("a", "b"), "2 models: a, b")])
def test_the_model_must_be_plain(wire: Wire, models: tuple[str, ...], told: str) -> None:
    speaker = wire.speaker(Reply(said("x")), models=models)
    with pytest.raises(EngineError, match=told) as raised:
        wire.engine(speaker.url)
    assert speaker.url not in str(raised.value)  # it may end up before strangers
    assert wire.engine(speaker.url, model="b").label == "remote b"


def test_a_key_comes_from_the_environment_only(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = wire.speaker(Reply(said("x")))
    monkeypatch.setenv("OCR_KEY", "secret")
    wire.engine(speaker.url, api_key_variable="OCR_KEY").read([page()])
    assert speaker.authorizations == ["Bearer secret"] * 2
    monkeypatch.delenv("OCR_KEY")
    with pytest.raises(SettingsError, match="OCR_KEY isn't set"):
        wire.engine(speaker.url, api_key_variable="OCR_KEY")


def test_a_key_from_a_file_has_its_line_end_taken_off(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = wire.speaker(Reply(said("x")))
    monkeypatch.setenv("OCR_KEY", "secret\r\n")
    wire.engine(speaker.url, api_key_variable="OCR_KEY").read([page()])
    assert speaker.authorizations == ["Bearer secret"] * 2


@pytest.mark.parametrize("key", ["sk-1\nsk-2", "sk-é", "sk-1\x7f"])
def test_a_key_that_cannot_be_sent_is_refused_and_never_shown(
    key: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_KEY", key)
    with pytest.raises(SettingsError, match="OCR_KEY has characters that HTTP can't send") as raised:
        wire.engine("http://127.0.0.1:9/v1", model="ocr", api_key_variable="OCR_KEY")
    assert "sk-" not in f"{raised.value} {raised.value.hint}"


def test_a_host_that_cannot_be_is_refused(wire: Wire) -> None:
    with pytest.raises(SettingsError, match=r"\[remote\] url: is no URL"):
        wire.engine("http://\u200b.com/v1", model="ocr")


def test_without_a_url_it_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECTO_REMOTE_URL", raising=False)
    with pytest.raises(RectoError, match="RECTO_REMOTE_URL"):
        load()


def test_it_needs_no_learning_library() -> None:
    program = (
        "import sys\n"
        "for name in ('torch', 'transformers', 'peft', 'tokenizers'): sys.modules[name] = None\n"
        "import recto.engines.remote\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
