"""Label Studio: the tasks of a project, exported as JSON, with their images beside the file.

Of a task the annotation that was marked as ground truth counts, else the newest that wasn't cancelled;
predictions are never taken for the truth. A region (rectangle, or a polygon's bounds) with a text is a line;
a text without region is the page's. A single choice called `category` or `business` is that of the page.
Specification: https://labelstud.io/guide/export.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recto.datasets.example import Example, JsonValue
from recto.datasets.naming import category_from_name, safe_name, split_from_name
from recto.datasets.pages import open_example
from recto.datasets.problem import MissingFile, Reading, RowPlace
from recto.datasets.readers.text import read_text
from recto.datasets.row import file_inside
from recto.datasets.strict_json import parse_json
from recto.documents.formats.sheet import Point, bounds, polygon_along
from recto.documents.transcript import Line
from recto.errors import AnnotationError, RectoError

_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
_Percent = Annotated[float, Field(ge=-1000, le=1000, allow_inf_nan=False)]


class _Value(BaseModel):
    """What one result says: a place in percent of the page, a text, or choices."""

    model_config = ConfigDict(extra="ignore")
    x: _Percent | None = None
    y: _Percent | None = None
    width: _Percent | None = None
    height: _Percent | None = None
    rotation: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    points: list[Annotated[list[_Percent], Field(min_length=2, max_length=2)]] | None = None
    text: str | list[str] | None = None
    choices: list[str] | None = None


class _Result(BaseModel):
    """One result; results of one region have one `id`."""

    model_config = ConfigDict(extra="ignore")
    id: str = ""
    from_name: str = ""
    value: _Value = _Value()


class _Annotation(BaseModel):
    """What one person said of a task."""

    model_config = ConfigDict(extra="ignore")
    result: list[_Result] = []
    was_cancelled: bool = False
    ground_truth: bool = False
    updated_at: str = ""


class _Task(BaseModel):
    """One page."""

    model_config = ConfigDict(extra="ignore")
    data: dict[str, object]
    annotations: list[_Annotation] = []


@dataclass(frozen=True, slots=True)
class _Region:
    """A place in percent of the page, with its text."""

    corners: tuple[Point, ...]
    text: str
    turned: float


def read(path: Path) -> Reading:
    """The Examples of an export. Raises AnnotationError where it is no list of tasks."""
    try:
        tasks = parse_json(read_text(path))
    except ValueError as error:
        raise AnnotationError(str(error), where=path) from None
    if not isinstance(tasks, list):
        raise AnnotationError("an export of Label Studio is a list of tasks", where=path)
    reading = Reading()
    for number, entry in enumerate(tasks, start=1):
        origin = RowPlace(path, str(number))
        try:
            reading.examples.append(_example(entry, path.parent, origin))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            reading.wrong(origin, f"{place[:80]}: {first['msg']}")
        except RectoError as error:
            reading.wrong(origin, error.what)
        except ValueError as error:
            reading.wrong(origin, error)
    return reading


def _example(entry: JsonValue, root: Path, origin: RowPlace) -> Example:
    task = _Task.model_validate(entry)
    image = _image_of(task.data, root)
    source = file_inside(root, image)
    chosen = _chosen(task.annotations)
    results = chosen.result if chosen else []
    bare = Example(image, source, None, _choice(results, "category") or category_from_name(image))
    regions = list(_regions(results))
    whole = [text for one in results if not _has_place(results, one) and (text := _text(one.value))]
    lines: tuple[Line, ...] = ()
    if regions:
        page = open_example(bare)
        lines = tuple(_line(region, page.width, page.height) for region in regions)
    text = "\n".join(whole) or "\n".join(line.text for line in lines)
    return Example(
        image=image,
        source=source,
        text=text or None,
        category=bare.category,
        business=_choice(results, "business"),
        split=split_from_name(image),
        lines=lines or None,
        origin=str(origin),
        category_guessed=_choice(results, "category") is None,
    )


def _chosen(annotations: list[_Annotation]) -> _Annotation | None:
    kept = [one for one in annotations if not one.was_cancelled]
    return max(kept, key=lambda one: (one.ground_truth, one.updated_at), default=None)


def _image_of(data: dict[str, object], root: Path) -> str:
    """The task's image below `root`, by the end of its address; uploads have a prefix that files lack."""
    addresses = [data.get(key) for key in ("image", "ocr", "img")] + list(data.values())
    for address in addresses:
        if not isinstance(address, str) or not address.strip():
            continue
        for name in _names(address):
            try:
                file_inside(root, safe_name(name))
            except ValueError:
                continue
            return safe_name(name)
    first = next((one for one in addresses if isinstance(one, str)), "")
    raise MissingFile(f"no image of this task is here ({first[:120]!r})")


def _names(address: str) -> Iterator[str]:
    """From the whole path to the bare name."""
    parts = urlsplit(address)
    inner = parse_qs(parts.query).get("d")
    path = PurePosixPath(inner[0] if inner else unquote(parts.path))
    names = [part for part in path.parts if part != "/"]
    for start in range(len(names)):
        yield "/".join(names[start:])
    if names:
        yield _UPLOADED.sub("", names[-1])
        yield f"images/{names[-1]}"  # where exports of the kind "with images" keep them


def _regions(results: list[_Result]) -> Iterator[_Region]:
    """Every region that has a place and a text, in the file's order."""
    for identity in dict.fromkeys(one.id for one in results if _corners(one.value)):
        same = [one.value for one in results if one.id == identity] if identity else []
        text = next((text for value in same if (text := _text(value))), "")
        place = next(value for value in same if _corners(value)) if same else None
        if text and place is not None:
            yield _Region(_corners(place), text, place.rotation)


def _has_place(results: list[_Result], one: _Result) -> bool:
    return any(other.id == one.id and _corners(other.value) for other in results)


def _text(value: _Value) -> str:
    rows = [value.text] if isinstance(value.text, str) else value.text or []
    return " ".join(" ".join(rows).split())


def _corners(value: _Value) -> tuple[Point, ...]:
    """The outline in percent; nothing for a result without a place."""
    if value.points:
        return tuple((x, y) for x, y in value.points)
    if value.x is None or value.y is None or value.width is None or value.height is None:
        return ()
    x, y, right, below = value.x, value.y, value.x + value.width, value.y + value.height
    return (x, y), (right, y), (right, below), (x, below)


def _line(region: _Region, width: int, height: int) -> Line:
    """Percent as pixels; rectangles are turned about their first corner, clockwise, in pixels."""
    points = [(x * width / 100, y * height / 100) for x, y in region.corners]
    angle = math.radians(region.turned)
    if not angle:
        return Line(region.text, bounds(points))
    x0, y0 = points[0]
    turned = [
        (
            x0 + (x - x0) * math.cos(angle) - (y - y0) * math.sin(angle),
            y0 + (x - x0) * math.sin(angle) + (y - y0) * math.cos(angle),
        )
        for x, y in points
    ]
    along = (math.cos(angle), math.sin(angle))
    return Line(region.text, bounds(turned), polygon=polygon_along(turned, along))


def _choice(results: list[_Result], name: str) -> str | None:
    """The one choice that was made under this name."""
    made = [choice for one in results if one.from_name == name for choice in one.value.choices or []]
    return made[0].strip() or None if len(made) == 1 else None
