"""OpenAI's own client against a real server."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import openai
import pytest
from PIL import Image

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.errors import RequestConflict, RequestRefused
from recto.serving.app import create_app
from recto.serving.models import ModelStatus
from recto.serving.openai.asking import ChatRequest, route_of
from recto.serving.openai.model_names import Wanted, names_of, wanted
from recto.serving.routing import RouteRequest
from recto.serving.service import Service
from recto.settings import Settings

from .live import live


class Measuring:
    """Says of each page how wide it is; a page that is 13 pixels wide breaks it."""

    label = "measuring 1"
    batch_pages = 4

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        return [self._read(page) for page in pages]

    def _read(self, page: Page) -> Transcript:
        [said] = FakeEngine({page.document: f"{page.width} wide"}).read([page])
        return replace(said, engine=self.label)


def picture(width: int, height: int = 20) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(stream, "PNG")
    return stream.getvalue()


def data_url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image_part(data: bytes) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": data_url(data)}}


def user(*parts: dict[str, object]) -> list[dict[str, object]]:
    return [{"role": "user", "content": list(parts)}]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    service = Service(Settings(), load=lambda release: Measuring())
    with live(create_app(service)) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as made:
        yield made


def test_one_image(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(
        model="recto", messages=user({"type": "text", "text": "Read this."}, image_part(picture(31)))
    )
    assert said.choices[0].message.content == "31 wide"
    assert said.choices[0].finish_reason == "stop"
    assert said.usage is None
    assert said.model_extra["recto"][0]["scope"] == "general"


def test_several_images_come_in_their_order(client: openai.OpenAI) -> None:
    parts = [image_part(picture(width)) for width in (30, 20, 40)]
    said = client.chat.completions.create(model="recto", messages=user(*parts))
    assert said.choices[0].message.content == "30 wide\n\n20 wide\n\n40 wide"
    assert len(said.model_extra["recto"]) == 3


def test_a_stream_says_the_same_piece_by_piece(client: openai.OpenAI) -> None:
    parts = [image_part(picture(width)) for width in (30, 20)]
    with client.chat.completions.create(model="recto", messages=user(*parts), stream=True) as stream:
        chunks = list(stream)
    told = [chunk.choices[0].delta.content for chunk in chunks]
    assert "".join(filter(None, told)) == "30 wide\n\n20 wide"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, "stop"]
    assert chunks[0].model_extra["recto"]["engine"] == "measuring 1"


def test_only_the_last_message_with_images_is_read(client: openai.OpenAI) -> None:
    chat = [
        *user(image_part(picture(30))),
        {"role": "assistant", "content": "30 wide"},
        *user(image_part(picture(20))),
        *user({"type": "text", "text": "And now?"}),
    ]
    said = client.chat.completions.create(model="recto", messages=chat)
    assert said.choices[0].message.content == "20 wide"


def test_a_pdf_is_a_file(client: openai.OpenAI, make_pdf: object) -> None:
    part = {"type": "file", "file": {"file_data": data_url(make_pdf(2), "application/pdf")}}
    said = client.chat.completions.create(model="recto", messages=user(part))
    assert said.choices[0].message.content.count("wide") == 2
    assert said.model_extra["recto"][0]["pages"] == 2


def test_the_names_of_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["recto", "recto/general"]


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"messages": [{"role": "user", "content": "What is the total?"}]}, 422, "messages"),
        ({"model": "gpt-4o"}, 404, "model"),
        ({"model": "recto/legal"}, 404, "model"),
        ({"model": "recto/general@7"}, 404, "model"),
        ({"n": 2}, 422, "n"),
        ({"response_format": {"type": "json_object"}}, 422, "response_format"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, 422, "tools"),
        ({"messages": []}, 422, "messages"),
        ({"extra_body": {"agent": "nobody"}}, 422, None),
    ],
)
def test_what_cannot_be_done(
    client: openai.OpenAI, fields: dict[str, object], status: int, param: str | None
) -> None:
    asked = {"model": "recto", "messages": user(image_part(picture(30)))} | fields
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(**asked)
    assert caught.value.status_code == status
    assert caught.value.param == param
    assert caught.value.body["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_bad_image_has_a_status_of_its_own(client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="recto", messages=user(image_part(b"no image")), stream=stream)
    assert caught.value.status_code == 415
    assert caught.value.code == "unsupported-document"


def test_a_bad_image_in_the_middle_of_a_stream_ends_it_with_an_error(client: openai.OpenAI) -> None:
    parts = user(image_part(picture(30)), image_part(b"no image"))
    with client.chat.completions.create(model="recto", messages=parts, stream=True) as stream:
        assert next(stream).choices[0].delta.content == "30 wide"
        with pytest.raises(openai.APIError, match="the file is of another type"):
            list(stream)


def test_urls_are_not_fetched_unless_allowed(client: openai.OpenAI) -> None:
    part = {"type": "image_url", "image_url": {"url": "http://127.0.0.1/secret.png"}}
    with pytest.raises(openai.UnprocessableEntityError, match="fetches no images"):
        client.chat.completions.create(model="recto", messages=user(part))


def test_a_body_that_is_no_json(url: str) -> None:
    answer = httpx.post(f"{url}/v1/chat/completions", content=b"{", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_every_scope_and_release_has_a_name() -> None:
    at = datetime(2026, 1, 3, tzinfo=UTC)
    statuses = [
        ModelStatus("general", None, "base", at, None),
        ModelStatus("legal", 7, "tuned", at, None),
    ]
    assert list(names_of(statuses)) == ["recto", "recto/general", "recto/legal", "recto/legal@7"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("recto", Wanted()),
        ("recto/legal", Wanted("legal")),
        ("recto/legal@7", Wanted("legal", "7")),
        ("recto/", None),
        ("recto/legal@", None),
        ("recto/a/b", None),
        ("Recto", None),
    ],
)
def test_names_of_models_are_read(name: str, expected: Wanted | None) -> None:
    if expected is not None:
        assert wanted(name) == expected
        return
    with pytest.raises(RequestRefused):
        wanted(name)


@pytest.mark.parametrize(
    ("model", "fields", "expected"),
    [
        ("recto", {"agent": "qa", "business": "legal", "category": "contract"}, ("qa", "legal", "contract")),
        ("recto/legal", {}, (None, "legal", None)),
        ("recto/legal", {"business": "legal", "category": "invoice"}, (None, "legal", None)),
        ("recto/legal@3", {"agent": "legal"}, ("legal", "legal", None)),
        ("recto/legal", {"business": "saas"}, None),
        ("recto/legal@3", {"agent": "qa"}, None),
        ("recto/general", {"business": "legal"}, None),
    ],
)
def test_a_name_with_a_scope_decides_alone(
    model: str, fields: dict[str, str], expected: tuple[str | None, ...] | None
) -> None:
    asked = ChatRequest.model_validate({"model": model, "messages": user(), **fields})
    if expected is None:
        with pytest.raises(RequestConflict):
            route_of(asked, Settings().agents)
    else:
        assert route_of(asked, Settings().agents) == RouteRequest(*expected)


def test_contradicting_fields_are_a_400(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model="recto/general",
            messages=user(image_part(picture(30))),  # type: ignore[arg-type]
            extra_body={"business": "legal"},
        )
    assert (caught.value.param, caught.value.code) == ("business", "request-conflict")


def test_errors_are_counted_and_what_nobody_foresaw_has_the_same_shape(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(Settings(), load=lambda release: Measuring())

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    with live(create_app(service)) as address:
        at = f"{address}/v1/chat/completions"
        asked = {"model": "recto", "messages": user(image_part(picture(30)))}
        assert httpx.post(at, json=asked | {"model": "gpt-4o"}).status_code == 404
        assert httpx.post(at, json=asked | {"messages": 3}).status_code == 422
        monkeypatch.setattr(service, "read", broken)
        answer = httpx.post(at, json=asked)
    assert answer.status_code == 500 and answer.headers["X-Request-ID"]
    assert answer.json()["error"]["type"] == "server_error" and "secret" not in answer.text
    told = service.metrics.render().decode()
    assert 'recto_errors_total{type="RequestRefused"} 2.0' in told
    assert 'recto_errors_total{type="unforeseen"} 1.0' in told
    assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)


@pytest.mark.parametrize(
    "wrong",
    [{"content": [0] * 200_000}, {"content": [{"type": "text", "text": ""}] * 2_000}],
    ids=["no parts", "too many"],
)
def test_a_million_mistakes_are_told_as_a_few(client: openai.OpenAI, wrong: dict[str, object]) -> None:
    body = {"model": "recto", "messages": [{"role": "user", **wrong}]}
    address, key = f"{client.base_url}chat/completions", {"Authorization": f"Bearer {client.api_key}"}
    answer = httpx.post(address, json=body, headers=key, timeout=60)
    assert answer.status_code in (400, 422)
    assert len(answer.content) < 2_000


def test_the_mistakes_of_many_messages_are_not_listed(client: openai.OpenAI) -> None:
    body = {"model": "recto", "messages": [{"role": "user", "content": [0] * 900}] * 900}
    address, key = f"{client.base_url}chat/completions", {"Authorization": f"Bearer {client.api_key}"}
    answer = httpx.post(address, json=body, headers=key, timeout=60)
    assert answer.status_code in (400, 422)
    assert len(answer.content) < 2_000
