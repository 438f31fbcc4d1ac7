"""Schemathesis against the OpenAPI of a real server: whatever it makes up, answers are those that are described.

`positive_data_acceptance` is left out: whether bytes are a document, no schema can say.
"""

from collections.abc import Iterator

import hypothesis.strategies as st
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.checks import CHECKS

from recto.engines.fake import FakeEngine
from recto.serving.app import create_app
from recto.serving.keys import SCOPES, Terms, add_key
from recto.serving.service import Service
from recto.workspace.folder import create_workspace

from .live import live
from .test_openai import picture

EXAMPLES = 12
SHORTENED = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

schemathesis.openapi.format("binary", st.sampled_from([picture(9, 9), b"", b"%PDF-1.7 cut", b"noise"]))


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    workspace = create_workspace(tmp_path_factory.mktemp("described") / "work")
    key = add_key(workspace, "tester", Terms(scopes=SCOPES, requests_per_minute=0))
    service = Service(workspace.settings, workspace, lambda release: FakeEngine())
    config = schemathesis.Config.from_dict({"headers": {"Authorization": f"Bearer {key}"}})
    with live(create_app(service)) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)


def test_answers_are_as_described(described: BaseSchema, subtests: pytest.Subtests) -> None:
    for operation in (found.ok() for found in described.get_all_operations()):
        takes_something = operation.body or operation.path_parameters or operation.query
        for mode in GenerationMode if takes_something else [GenerationMode.POSITIVE]:
            with subtests.test(f"{operation.label}, {mode.value}"):
                _try_out(operation, mode)


def _try_out(operation: APIOperation, mode: GenerationMode) -> None:
    @SHORTENED
    @given(case=operation.as_strategy(generation_mode=mode))
    def validate(case: Case) -> None:
        case.call_and_validate(excluded_checks=[CHECKS.get_one("positive_data_acceptance")])

    validate()
