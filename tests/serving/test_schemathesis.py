"""Schemathesis against the OpenAPI of a real server: whatever it makes up, answers are as described.

Two of its checks don't fit: whether bytes are a document, no schema can say (`positive_data_acceptance`), and
in a form all is text, also what was meant to be a wrong number (`negative_data_rejection`).
"""

import hashlib
from collections.abc import Iterator

import hypothesis.strategies as st
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.checks import CHECKS

from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Example
from recto.engines.fake import FakeEngine
from recto.serving.app import create_app
from recto.serving.keys import SCOPES, Terms, add_key
from recto.serving.routes.forms import MULTIPART
from recto.serving.service import Service
from recto.workspace.folder import create_workspace

from .live import live
from .test_openai import picture

EXAMPLES = 20
KEPT = hashlib.sha256(picture(30, 20)).hexdigest()
"""The document that is there from the beginning."""
SHORTENED = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

schemathesis.openapi.format("binary", st.sampled_from([picture(9, 9), b"", b"%PDF-1.7 cut", b"noise"]))


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    workspace = create_workspace(tmp_path_factory.mktemp("described") / "work")
    key = add_key(workspace, "tester", Terms(scopes=SCOPES, requests_per_minute=0))
    service = Service(workspace.settings, workspace, lambda release: FakeEngine())
    config = schemathesis.Config.from_dict(
        {
            "headers": {"Authorization": f"Bearer {key}"},
            # 504 is what a request that leaves itself no time asks for.
            "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", 504]}},
        }
    )
    examples = [Example("kept.png", picture(30, 20), None, "receipt")]
    add_examples(workspace, examples, shares=shares_of(workspace.settings.split))
    with live(create_app(service)) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)


def test_answers_are_as_described(described: BaseSchema, subtests: pytest.Subtests) -> None:
    for operation in (found.ok() for found in described.get_all_operations()):
        takes_something = operation.body or operation.path_parameters or operation.query
        for mode in GenerationMode if takes_something else [GenerationMode.POSITIVE]:
            with subtests.test(f"{operation.label}, {mode.value}"):
                _try_out(operation, mode)


def _try_out(operation: APIOperation, mode: GenerationMode) -> None:
    in_a_form = any(body.media_type == MULTIPART for body in operation.body)
    excluded = ["positive_data_acceptance", *(["negative_data_rejection"] if in_a_form else [])]

    @SHORTENED
    @given(case=operation.as_strategy(generation_mode=mode))
    def validate(case: Case) -> None:
        if "document_id" in case.path_parameters and mode is GenerationMode.POSITIVE:
            case.path_parameters["document_id"] = KEPT  # made-up ones are all unknown
            case.path_parameters |= {"page": 1} if "page" in case.path_parameters else {}
        case.call_and_validate(excluded_checks=CHECKS.get_by_names(excluded))

    validate()
