"""What the OpenAPI says of fields that were found, in answers and in jobs."""

from pydantic import BaseModel, Field, JsonValue

from recto.serving.problems import Problem


class FoundModel(BaseModel):
    """One value that was found."""

    name: str = Field(examples=["total"], description='in lists "party[0]" and "items[0].amount"')
    value: str = Field(examples=["31.00"], description="normalised: dates ISO, amounts as plain decimals")
    currency: str | None = Field(examples=["MYR"], description="ISO 4217, of amounts, where known")
    printed: str = Field(examples=["31.00"], description="as it stands in the document")
    confidence: float
    page: int = Field(ge=1)
    box: list[float] | None = Field(description="x0, y0, x1, y1 in pixels; null in texts")
    grounded: bool = Field(description="whether it stands in the document")
    corrected: bool = Field(description="whether a person said it")


class CheckModel(BaseModel):
    """What a named check says."""

    name: str = Field(examples=["net_plus_tax_is_total"])
    passed: bool | None = Field(description="null where it doesn't apply")
    detail: str


class FailedPage(BaseModel):
    """A page that couldn't be read: what stands on it wasn't looked at."""

    page: int = Field(ge=1)
    problem: Problem


class FieldsModel(BaseModel):
    """What was found in one document."""

    schema_: str = Field(alias="schema", description='its name; "own" for one that was sent')
    extractor: str = Field(
        examples=["tagger 1f0c9a2b, Release 4"],
        description="what found the fields: a tagger or a language model, and its Release if it is one",
    )
    values: dict[str, JsonValue] = Field(description="validates against the schema where `problems` is empty")
    fields: list[FoundModel]
    missing: list[str] = Field(description="required fields that weren't found")
    ungrounded: list[FoundModel] = Field(description="doesn't stand in the document: not among `values`")
    unfit: list[FoundModel] = Field(description="breaks a rule of the schema: not among `values`")
    problems: list[str]
    checks: list[CheckModel]
    failed_pages: list[FailedPage]
    seconds: float = Field(description="of looking for the fields, without the reading")
