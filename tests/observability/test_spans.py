"""Spans as a collector gets them: nesting, facts, failures without words, and nothing unless wanted."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from typer.testing import CliRunner

from recto.cli import app, verbs  # noqa: F401
from recto.observability import spans
from recto.observability.spans import FACTS, SPANS, current_ids, exporting, span
from recto.retraining.traced import traced
from recto.training.progress import Silent
from recto.training.train import MEASURING

from ..registry.conftest import Pages, Registry
from .receiver import Receiver, attributes, receiving

SOURCE = Path(spans.__file__).resolve().parents[1]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_spans_stand_within_each_other_with_their_facts(receiver: Receiver) -> None:
    with exporting(receiver.endpoint), span("request", request_id="abc"):
        ids = current_ids()
        with span("infer", pages=3):
            pass
    (outer,), (inner,) = receiver.named("request"), receiver.named("infer")
    assert inner.parent_span_id == outer.span_id and inner.trace_id == outer.trace_id
    assert ids == {"trace_id": outer.trace_id.hex(), "span_id": outer.span_id.hex()}
    assert attributes(inner) == {"recto.pages": 3}
    assert attributes(outer) == {"recto.request_id": "abc"}


def test_a_failure_is_told_by_its_type_alone(receiver: Receiver) -> None:
    with exporting(receiver.endpoint), pytest.raises(ValueError), span("infer"):
        raise ValueError("a secret")
    (failed,) = receiver.spans
    assert (failed.status.code, failed.status.message) == (Status.STATUS_CODE_ERROR, "ValueError")
    assert not failed.events


def test_no_share_sends_nothing(receiver: Receiver) -> None:
    with exporting(receiver.endpoint, share=0.0), span("infer"):
        pass
    assert not receiver.spans


def test_after_the_block_and_without_an_endpoint_nobody_listens(receiver: Receiver) -> None:
    with exporting(receiver.endpoint):
        pass
    with exporting(""), span("infer"):
        assert not current_ids()
    assert not receiver.spans


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded() -> None:
    program = (
        "import sys\nfrom recto.observability import logs, spans\nlogs.configure('info', 'json')\n"
        "with spans.exporting(''), spans.span('infer', pages=1): pass\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_stages_of_a_run_are_spans(receiver: Receiver) -> None:
    with exporting(receiver.endpoint), pytest.raises(KeyboardInterrupt), traced(Silent()) as progress:
        progress.stage(f"{MEASURING} the old model on test", 3)
        progress.stage("training", 6)
        raise KeyboardInterrupt
    told = [(s.name, attributes(s)["recto.stage"], s.status.message) for s in receiver.spans]
    assert told == [
        ("evaluate", f"{MEASURING} the old model on test", ""),
        ("train", "training", "KeyboardInterrupt"),
    ]


def test_a_promotion_by_hand_is_told(receiver: Receiver, registry: Registry) -> None:
    registry.add()
    folder = registry.workspace.path
    toml = folder / "recto.toml"
    toml.write_text(toml.read_text().replace('otlp_endpoint = ""', f'otlp_endpoint = "{receiver.endpoint}"'))
    done = CliRunner().invoke(app, ["releases", "promote", "1", "--workspace", str(folder)])
    assert done.exit_code == 0, done.output
    assert [attributes(s) for s in receiver.named("promote")] == [{"recto.scope": "general"}]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    from recto.workspace.folder import create_workspace

    return Registry(create_workspace(tmp_path / "shop"), Pages(tmp_path), tmp_path)


def test_every_span_and_fact_that_the_code_says_is_known() -> None:
    names, facts = set(), set()
    for path in SOURCE.rglob("*.py"):
        for call in filter(is_span, ast.walk(ast.parse(path.read_text("utf-8")))):
            names |= {*names_in(call.args[0])}
            facts |= {keyword.arg for keyword in call.keywords if keyword.arg}
    assert names == SPANS.keys()
    assert facts == FACTS.keys()


def is_span(node: ast.AST) -> bool:
    """`span("infer", …)`, or `metrics.stage("infer", …)`, which is a span and its seconds."""
    match node:
        case ast.Call(func=ast.Name(id="span"), args=[_]):
            return True
        case ast.Call(func=ast.Attribute(attr="stage", value=of), args=[_]):
            return ast.unparse(of).endswith("metrics")
    return False


def names_in(name: ast.expr) -> Iterator[str]:
    """The name, or both of `"evaluate" if … else "train"`; a variable is its caller's."""
    match name:
        case ast.Constant(value=str(value)):
            yield value
        case ast.IfExp(body=one, orelse=other):
            yield from (*names_in(one), *names_in(other))
