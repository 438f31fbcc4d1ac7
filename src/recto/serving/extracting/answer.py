"""The answer to who asks for fields: what was found, in what, who read it and why. Nothing is found here."""

from dataclasses import dataclass

from recto.engines.reading import PageFailure
from recto.extraction.fields import ExtractionJson
from recto.serving.answers import PageJson, RouteJson, page_json
from recto.serving.extracting.wanted import SchemaFrom
from recto.serving.flow import PageReading


class FieldsJson(ExtractionJson):
    """An answer as JSON values."""

    request_id: str
    document: str
    route: RouteJson
    release: str | None
    engine: str
    schema_from: SchemaFrom
    failed_pages: list[PageJson]


@dataclass(frozen=True, slots=True)
class FieldsAnswer:
    """The fields of one document; of a text that was read already there are no `pages`, and no Release."""

    request_id: str
    document: str
    route: RouteJson
    schema_from: SchemaFrom
    found: ExtractionJson
    engine: str
    release: str | None = None
    pages: tuple[PageReading, ...] = ()

    def to_json(self) -> FieldsJson:
        """The documented shape."""
        failed = [page_json(page, "text") for page in self.pages if isinstance(page, PageFailure)]
        return {
            "request_id": self.request_id,
            "document": self.document,
            "route": self.route,
            "release": self.release,
            "engine": self.engine,
            "schema_from": self.schema_from,
            **self.found,
            "failed_pages": failed,
        }
