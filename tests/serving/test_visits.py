"""What is counted and logged of each request has few and short values, whatever a stranger sends."""

import asyncio
import logging

import httpx
import pytest

from recto.engines.fake import FakeEngine
from recto.serving.app import create_app
from recto.serving.service import Service

from .conftest import settings_with


def test_methods_that_strangers_make_up_are_one_label(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(settings_with(), load=lambda _: FakeEngine())
    caplog.set_level(logging.INFO, "recto.serving.visits")

    async def ask() -> None:
        transport = httpx.ASGITransport(create_app(service))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for number in range(20):
                made_up = f"M{number}" + "X" * 5000
                await client.request(made_up, f"/healthz/{made_up}", headers={"X-Request-ID": made_up})
                await client.request(made_up, "/healthz")
            await client.get("/healthz")

    asyncio.run(ask())
    series = [
        line
        for line in service.metrics.render().decode().splitlines()
        if line.startswith("recto_http_request_duration_seconds_count")
    ]
    assert len(series) == 3, series  # other at no address, other at /healthz, GET /healthz
    assert sum('method="other"' in line for line in series) == 2
    answered = [record for record in caplog.records if record.getMessage() == "answered"]
    assert len(answered) == 41
    assert max(len(str(value)) for record in answered for value in vars(record).values()) < 200
