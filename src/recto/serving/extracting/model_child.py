"""The program of a process that asks language models: loads them once, then answers orders line by line.

It gets questions, never a schema or a document to take apart. It may use what the machine has, memory and
connections too: the service waits so long and no longer, and kills it then.
"""

import base64
import json
import os
import signal
import sys
from functools import lru_cache
from pathlib import Path
from typing import IO, cast

from pydantic import BaseModel, ConfigDict

from recto.documents.opening import open_page
from recto.engines.text.writing import PageQuestion, PageWriter, Question, Writer, Written
from recto.errors import QuestionRefused, RectoError
from recto.serving.extracting.protocol import (
    Means,
    PictureJson,
    QuestionJson,
    WriteOrder,
    WriteReply,
    WrittenJson,
)
from recto.settings import RemoteSettings, TextSettings, VlmSettings

GRACE_S = 5
"""So much longer than an answer may take, the service waits for it: the model stops by itself before."""


class Setup(BaseModel):
    """What the process is told first: settings of all models, and how long loading and an answer may take."""

    model_config = ConfigDict(frozen=True)
    text: TextSettings
    vlm: VlmSettings
    remote: RemoteSettings
    load_s: float
    answer_s: float


class Models:
    """The models that were asked for, each loaded once; those that share a base share it in memory."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        shorter = min(setup.answer_s, setup.text.timeout_s)
        self._text = setup.text.model_copy(update={"timeout_s": shorter})
        self.writer = lru_cache(maxsize=8)(self._writer)
        self.page_writer = lru_cache(maxsize=1)(self._page_writer)

    def _writer(self, means: Means, folder: str | None) -> Writer:
        if means == "remote":
            from recto.engines.remote.server import Server
            from recto.engines.remote.writer import RemoteWriter

            return RemoteWriter(Server(self._setup.remote), self._setup.remote)
        from recto.engines.text.model import open_text

        return open_text(None if folder is None else Path(folder), self._text)

    def _page_writer(self) -> PageWriter:
        from recto.engines.text.page_model import open_page_model

        return open_page_model(None, self._setup.vlm, timeout_s=self._setup.answer_s)

    def label(self, order: WriteOrder) -> str:
        """What the model calls itself that is ordered, once it is loaded. Raises RectoErrors."""
        if order["means"] == "vision":
            return self.page_writer().label
        return self.writer(order["means"], order["folder"]).label

    def written(self, order: WriteOrder, question: QuestionJson) -> Written:
        """What it writes. Raises RectoErrors."""
        if (picture := order["picture"]) is not None:
            return self.page_writer().write_about([_page_question(question, picture)])[0]
        asked = Question(question["before"], question["document"], question["after"], question["shape"])
        return self.writer(order["means"], order["folder"]).write([asked])[0]


def _page_question(question: QuestionJson, picture: PictureJson) -> PageQuestion:
    page = open_page(base64.b64decode(picture["png"]), 1, name=picture["name"])
    return PageQuestion(page, question["before"], question["shape"])


def _written_json(written: Written) -> WrittenJson:
    return {
        "text": written.text,
        "finish": written.finish.value,
        "seen": written.seen,
        "ends": list(written.ends),
        "logprobs": list(written.logprobs),
    }


def main() -> None:
    """Answer orders until standard input closes.

    What takes far too long ends the process: nobody may be there any more to kill it.
    """
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # libraries that print don't disturb
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    setup = Setup.model_validate_json(sys.stdin.buffer.readline())
    models = Models(setup)
    for line in sys.stdin.buffer:
        order = cast(WriteOrder, json.loads(line))
        try:
            signal.setitimer(signal.ITIMER_REAL, setup.load_s + GRACE_S)
            _say(replies, {"ready": models.label(order)})
            signal.setitimer(signal.ITIMER_REAL, setup.answer_s + 2 * GRACE_S)
            if (question := order["question"]) is not None:
                _say(replies, {"written": _written_json(models.written(order, question))})
        except RectoError as error:
            _say(replies, {"problem": str(error), "refused": isinstance(error, QuestionRefused)})
        signal.setitimer(signal.ITIMER_REAL, 0)


def _say(replies: IO[bytes], reply: WriteReply) -> None:
    replies.write(json.dumps(reply).encode() + b"\n")
    replies.flush()


if __name__ == "__main__":
    main()
