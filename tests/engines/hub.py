"""A small Hugging Face Hub: as much of its API as fetching weights asks for, over real HTTP, with faults."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "5b1a" * 10
OLDER = "0dd1" * 10
LARGE = 1000
"""Files of so many bytes are kept as the Hub keeps large ones: by SHA-256, on another path."""


@dataclass
class Repo:
    """A repository: the same files at each commit; `main` is the first."""

    files: Mapping[str, bytes]
    commits: tuple[str, ...] = (COMMIT, OLDER)
    licence: str = "mit"
    token: str = ""
    gated: bool = False

    def commit(self, revision: str) -> str | None:
        return self.commits[0] if revision == "main" else revision if revision in self.commits else None


@dataclass
class Asked:
    """One request for a file's bytes."""

    name: str
    start: int
    authorization: str


@dataclass
class Hub:
    """The server's memory: its repositories, what was asked for, and the faults that it still has to make.

    `cuts`: so many bytes of the next answers, then the connection is closed. `statuses`: the next answers to
    requests for bytes. `tampered`: files that come with a wrong last byte. `hold`: after a cut, the
    connection is kept open until it is set. `ranges`: whether it knows ranges. `is_hub`:
    else it answers questions with a page for people.
    """

    repos: dict[str, Repo]
    endpoint: str = ""
    asked: list[Asked] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    statuses: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    tampered: set[str] = field(default_factory=set)
    hold: threading.Event | None = None
    ranges: bool = True
    is_hub: bool = True

    def starts(self, name: str) -> list[int]:
        """From which byte a file was asked for, each time."""
        return [one.start for one in self.asked if one.name == name]


@contextmanager
def hub_with(repos: Mapping[str, Repo]) -> Iterator[Hub]:
    """The Hub, while the block runs."""
    memory = Hub(dict(repos))

    class Answer(_Answer):
        hub = memory

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        memory.endpoint = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield memory
        finally:
            if memory.hold is not None:
                memory.hold.set()
            server.shutdown()
            thread.join()


class _Answer(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._info(found[1], found[2] or "main")
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(found[1], found[2], found[3])
        elif found := re.fullmatch(r"/cdn/([^/]+/[^/]+)/(.+)", path):
            self._bytes(found[2], self.hub.repos[found[1]].files[found[2]])
        else:
            self._say(404, {})

    def _info(self, name: str, revision: str) -> None:
        repo = self._opened(name)
        if repo is None:
            return
        if not self.hub.is_hub:
            self._say(200, {"Content-Type": "text/html"}, b"<html>Welcome</html>")
            return
        commit = repo.commit(revision)
        if commit is None:
            self._say(404, {"X-Error-Code": "RevisionNotFound"})
            return
        siblings = [_sibling(file, data) for file, data in repo.files.items()]
        info = {"id": name, "sha": commit, "siblings": siblings, "cardData": {"license": repo.licence}}
        self._say(200, {"Content-Type": "application/json"}, json.dumps(info).encode())

    def _resolve(self, name: str, revision: str, file: str) -> None:
        repo = self._opened(name)
        if repo is None:
            return
        if repo.gated:
            self._say(403, {"X-Error-Code": "GatedRepo"})
        elif file not in repo.files or repo.commit(revision) is None:
            self._say(404, {"X-Error-Code": "EntryNotFound"})
        elif len(repo.files[file]) >= LARGE:
            self._say(302, {"Location": f"/cdn/{name}/{file}", "X-Repo-Commit": revision})
        else:
            self._bytes(file, repo.files[file])

    def _opened(self, name: str) -> Repo | None:
        """The repository, if there is one and the token opens it; strangers hear 401 in both cases."""
        repo = self.hub.repos.get(name)
        if repo is not None and self.headers.get("Authorization", "") in (
            f"Bearer {repo.token}",
            *_open(repo),
        ):
            return repo
        self._say(401, {"X-Error-Code": "RepoNotFound"})
        return None

    def _bytes(self, name: str, data: bytes) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and self.hub.ranges else 0
        self.hub.asked.append(Asked(name, start, self.headers.get("Authorization", "")))
        if self.hub.statuses:
            self._say(*self.hub.statuses.pop(0))
            return
        if name in self.hub.tampered:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.end_headers()
        if self.hub.cuts and len(data) >= LARGE:
            self.wfile.write(data[start : start + self.hub.cuts.pop(0)])
            self.wfile.flush()
            if self.hub.hold is not None:
                self.hub.hold.wait(60)
            self.close_connection = True
        else:
            self.wfile.write(data[start:])

    def _say(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def _open(repo: Repo) -> tuple[str, ...]:
    """What else opens a repository without a token of its own: anything."""
    return () if repo.token else ("", "Bearer hf_anybody")


def _sibling(name: str, data: bytes) -> dict[str, object]:
    git = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    said: dict[str, object] = {"rfilename": name, "size": len(data), "blobId": git}
    if len(data) >= LARGE:
        said["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return said
