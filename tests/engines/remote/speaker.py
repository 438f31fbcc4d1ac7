"""A small server that speaks OpenAI's protocol: it keeps what it is asked, and answers what it was told."""

import base64
import io
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

Json = dict[str, object]


@dataclass(frozen=True)
class Reply:
    """One answer; `wait` is waited for before it is given, `body` may be anything.

    With `trickles`, `body` is only the beginning: blanks follow, one after the other, until nobody listens.
    """

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: threading.Event | threading.Barrier | None = None
    trickles: bool = False


@dataclass
class Speaker:
    """The server's memory. `replies` are given in turn, the last one for ever."""

    replies: list[Reply]
    models: list[str]
    url: str = ""
    asked: list[Json] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    def image(self, index: int = 0) -> np.ndarray:
        """The picture of a question."""
        url = self.asked[index]["messages"][0]["content"][0]["image_url"]["url"]
        data = base64.b64decode(url.partition(",")[2])
        return np.asarray(Image.open(io.BytesIO(data)))


def said(text: str | None, finish: str = "stop", tokens: list[Json] | None = None) -> Json:
    """A completion that says `text`."""
    choice: Json = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    if tokens is not None:
        choice["logprobs"] = {"content": tokens}
    return {"id": "1", "object": "chat.completion", "choices": [choice], "usage": {"total_tokens": 3}}


@contextmanager
def speaking(*replies: Reply, models: tuple[str, ...] = ("deepseek-ai/DeepSeek-OCR-2",)) -> Iterator[Speaker]:
    """The server, while the block runs."""
    memory = Speaker(list(replies), list(models))

    class Answer(_Answer):
        speaker = memory

    with _Server(("127.0.0.1", 0), Answer) as server:
        memory.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield memory
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    """Some clients don't wait for the answer: that is no fault of the server."""

    def handle_error(self, request: object, client_address: object) -> None:
        assert isinstance(sys.exception(), ConnectionError)


class _Answer(BaseHTTPRequestHandler):
    speaker: Speaker
    _turn = threading.Lock()

    def do_GET(self) -> None:
        self.speaker.authorizations.append(self.headers.get("Authorization", ""))
        if self.path == "/v1/models":
            models = [{"id": name, "object": "model"} for name in self.speaker.models]
            self._say(Reply({"object": "list", "data": models}))
        else:
            self._say(Reply({"detail": "Not Found"}, 404))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self._turn:
            self.speaker.asked.append(body)
            self.speaker.authorizations.append(self.headers.get("Authorization", ""))
            replies = self.speaker.replies
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.wait is not None:
            reply.wait.wait(60)
        self._say(reply if self.path == "/v1/chat/completions" else Reply({"detail": "Not Found"}, 404))

    def _say(self, reply: Reply) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        length = {} if reply.trickles else {"Content-Length": str(len(body))}
        for key, value in {**reply.headers, **length}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)
        while reply.trickles:
            self.wfile.write(b" ")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
