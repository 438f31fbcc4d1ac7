"""A language model in a server, over real HTTP: what it is asked, and what its answers mean."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from recto.documents.transcript import Finish
from recto.engines.backoff import Backoff
from recto.engines.remote.server import Server
from recto.engines.remote.writer import MOST_CHARACTERS, RemoteWriter
from recto.engines.text.writing import Question, Written
from recto.errors import EngineError
from recto.settings import RemoteSettings

from .speaker import Reply, Speaker, said, speaking

SHAPE = {
    "type": "object",
    "properties": {"total": {"type": ["string", "null"], "minLength": 1, "maxLength": 9}},
    "required": ["total"],
    "additionalProperties": False,
}
ANSWER = '{"total":"9,00 €"}'


def question(document: str = "TOTAL 9,00 €") -> Question:
    return Question("Find it.\n<document>\n", document, "\n</document>", SHAPE, "bill.txt")


@contextmanager
def asking(*replies: Reply, **options: object) -> Iterator[tuple[Speaker, RemoteWriter]]:
    with speaking(*replies, models=("qwen",)) as speaker:
        settings = RemoteSettings(url=speaker.url, **options)
        server = Server(settings, Backoff(attempts=1))
        try:
            yield speaker, RemoteWriter(server, settings)
        finally:
            server.close()


def token(text: str, chance: float) -> dict[str, object]:
    return {"token": text, "logprob": math.log(chance), "bytes": list(text.encode())}


def test_it_is_asked_for_json_of_the_shape() -> None:
    with asking(Reply(said(ANSWER)), max_new_tokens=99) as (speaker, writer):
        assert writer.label == "remote qwen"
        (written,) = writer.write([question()])
    assert written == Written(ANSWER, Finish.COMPLETE, 12)
    assert speaker.asked == [
        {
            "model": "qwen",
            "messages": [{"role": "user", "content": "Find it.\n<document>\nTOTAL 9,00 €\n</document>"}],
            "max_tokens": 99,
            "temperature": 0.0,
            "logprobs": True,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": SHAPE, "strict": True},
            },
        }
    ]


def test_plain_servers_get_no_keywords_that_openai_refuses() -> None:
    with asking(Reply(said(ANSWER)), preset="plain") as (speaker, writer):
        writer.write([question()])
    wanted = speaker.asked[0]["response_format"]["json_schema"]["schema"]
    assert wanted["properties"] == {"total": {"type": ["string", "null"]}}


def test_tokens_tell_how_sure_it_was_whatever_bytes_they_have() -> None:
    sign = "€".encode()
    tokens = [
        token('{"total":"', 1), token("9", 0.5), token(",00 ", 0.5),
        {"token": "\\xe2", "logprob": math.log(0.5), "bytes": list(sign[:1])},
        {"token": "\\x82", "logprob": 0.0, "bytes": list(sign[1:])}, token('"}', 0.25),
    ]  # fmt: skip
    with asking(Reply(said(ANSWER, tokens=tokens))) as (_, writer):
        (written,) = writer.write([question()])
    start = ANSWER.index("9")
    assert written.chance(start, start + 1) == pytest.approx(0.5)
    assert written.chance(start, start + len("9,00 €")) == pytest.approx(0.125)
    assert written.chance(start - 1, len(ANSWER)) == pytest.approx(0.03125)


def test_tokens_that_are_another_text_tell_nothing() -> None:
    with asking(Reply(said(ANSWER, tokens=[token("{}", 0.5)]))) as (_, writer):
        (written,) = writer.write([question()])
    assert written.chance(0, 3) is None


def test_what_was_cut_and_what_wasnt_sent_is_told() -> None:
    with asking(Reply(said('{"total":', "length"))) as (speaker, writer):
        (written,) = writer.write([question("x" * (MOST_CHARACTERS + 5))])
    assert (written.finish, written.seen) == (Finish.TRUNCATED, MOST_CHARACTERS)
    assert speaker.asked[0]["messages"][0]["content"].count("x") == MOST_CHARACTERS


def test_each_question_is_asked_and_a_refusal_names_the_document() -> None:
    with asking(Reply(said("{}")), Reply(said(ANSWER))) as (speaker, writer):
        assert [one.text for one in writer.write([question("a"), question("b")])] == ["{}", ANSWER]
        assert len(speaker.asked) == 2
    refusal = Reply({"error": {"message": "response_format isn't known"}}, 400)
    with asking(refusal) as (_, writer), pytest.raises(EngineError, match="isn't known") as caught:
        writer.write([question()])
    assert caught.value.where == "bill.txt"
