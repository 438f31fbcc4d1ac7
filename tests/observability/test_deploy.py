"""Dashboard and alerts: every expression parses, and every metric in it is in a real scrape."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "recto.json"
RULES = DEPLOY / "prometheus" / "recto.rules.yml"
BY_PROMETHEUS = {"up"}
"""Series that Prometheus makes of each scrape itself."""


def rules() -> list[dict[str, str]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, object]]:
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and the expression with Grafana's variables filled in."""
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            filled = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            yield f"panel {panel['title']} {target['refId']}", filled


EXPRESSIONS = dict(expressions())


def metrics_of(expression: promql_parser.Expr) -> set[str]:
    """The names of all series that are selected, told by a selector without a matcher for the rest."""
    found: set[str] = set()

    def note(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            assert node.name is not None, "a selector without the name of a metric"
            found.add(node.name)
        if isinstance(node, promql_parser.MatrixSelector):
            found.add(node.vector_selector.name)
        return True

    promql_parser.walk(expression, note)
    return found


def series_in(scrape: str) -> set[str]:
    return {sample.name for family in text_string_to_metric_families(scrape) for sample in family.samples}


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_expressions_parse_and_their_metrics_are_scraped(where: str, scrape: str) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    wanted = metrics_of(promql_parser.parse(EXPRESSIONS[where]))
    assert wanted
    assert wanted <= series_in(scrape) | recorded | BY_PROMETHEUS


def test_the_dashboard_shows_every_metric_of_ours(scrape: str) -> None:
    """One that nobody looks at needn't be counted."""
    shown = set().union(*(metrics_of(promql_parser.parse(text)) for text in EXPRESSIONS.values()))
    families = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in shown}
    ours = {f.name for f in text_string_to_metric_families(scrape) if f.name.startswith("recto_")}
    assert ours <= families


def test_each_alert_says_what_to_do() -> None:
    for rule in (rule for rule in rules() if "alert" in rule):
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}


def test_panels_have_a_unit_and_a_meaning_and_a_place_of_their_own() -> None:
    assert all(panel["description"] and panel["fieldConfig"]["defaults"]["unit"] for panel in panels())
    ids = [panel["id"] for panel in json.loads(DASHBOARD.read_text())["panels"]]
    assert len(ids) == len(set(ids))


def test_grafana_is_provisioned_with_this_dashboard() -> None:
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/recto.yml").read_text())
    uids = {panel["datasource"]["uid"] for panel in panels()}
    assert uids == {source["datasources"][0]["uid"]}
    assert provider["providers"][0]["type"] == "file"


def promtool(*words: str, given: str = "") -> str:
    """What promtool says, which has to be satisfied."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool isn't installed (Debian: apt-get install prometheus)")
    done = subprocess.run([program, *words], input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_promtool_accepts_configuration_and_rules() -> None:
    said = promtool("check", "config", str(DEPLOY / "prometheus" / "prometheus.yml"))
    assert f"{len(rules())} rules found" in said


def test_promtool_finds_nothing_to_mend_in_the_metrics(scrape: str) -> None:
    promtool("check", "metrics", given=scrape)
