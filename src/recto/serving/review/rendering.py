"""Rendering: templates → HTML answers, with the one policy of what a page may load: only its own."""

import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from recto.evaluation.report_view import shown, signed_points, signed_seconds
from recto.serving.review.visitor import Visitor

STATIC = Path(__file__).parent / "static"
CONTENT_SECURITY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No inline script or style, no other host; the JSON that a page carries is data, which is never run."""

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}


def percent(share: float) -> str:
    """`4.2 %`."""
    return f"{share * 100:.1f} %"


_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters.update(percent=percent, shown=shown, points=signed_points, seconds=signed_seconds)


def rendered(
    name: str, visitor: Visitor | None, context: Mapping[str, object], *, here: str = "", status: int = 200
) -> HTMLResponse:
    """The page of this template; `here` is the address that the navigation marks."""
    token = json.dumps({"X-CSRF-Token": visitor.csrf} if visitor else {})
    html = _PAGES.get_template(name).render({"visitor": visitor, "here": here, "token": token, **context})
    # Without any referrer a browser calls a form's origin "null": signing in would look like another site's.
    headers = {"Content-Security-Policy": CONTENT_SECURITY, "Referrer-Policy": "same-origin"}
    return HTMLResponse(html, status, headers=headers)


def static_file(name: str) -> Response | None:
    """One of the files beside the templates, None where there is no such file."""
    known = {path.name: path for path in STATIC.iterdir()}
    path = known.get(name)
    if path is None:
        return None
    return Response(path.read_bytes(), media_type=_TYPES[path.suffix], headers={"Cache-Control": "no-cache"})


def go_to(address: str) -> Response:
    """Has htmx load another page."""
    return Response(status_code=200, headers={"HX-Redirect": address})
