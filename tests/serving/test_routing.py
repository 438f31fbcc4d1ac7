"""Which model reads, and that the answer says why."""

import pytest

from recto.errors import RequestRefused
from recto.serving.routing import BUSINESSES, RouteRequest, route
from recto.settings import AgentSettings, Settings

AGENTS = Settings().agents
UNKNOWN = "no business type is known for category 'poem'"
NONE = "which has no Release of its own"


@pytest.mark.parametrize(
    ("asked", "scopes", "scope", "why"),
    [
        (RouteRequest(), ["legal"], "general", "neither agent, business type nor category was named"),
        (RouteRequest(agent="legal"), ["legal"], "legal", "agent 'legal' reads with 'legal'"),
        (RouteRequest(agent="legal"), [], "general", f"agent 'legal' reads with 'legal', {NONE}"),
        (RouteRequest("qa", business="legal"), ["legal", "saas"], "saas", "agent 'qa' reads with 'saas'"),
        (
            RouteRequest(agent="qa", business="legal"), ["legal"], "legal",
            f"agent 'qa' reads with 'saas', {NONE}; the business type is 'legal'",
        ),
        (RouteRequest(business="legal"), ["legal"], "legal", "the business type is 'legal'"),
        (RouteRequest(business="bakery"), ["legal"], "general", f"the business type is 'bakery', {NONE}"),
        (RouteRequest(category="contract"), ["legal"], "legal", "category 'contract' belongs to 'legal'"),
        (
            RouteRequest(category="receipt"), ["accounting"], "accounting",
            f"category 'receipt' belongs to 'ecommerce', {NONE}; category 'receipt' belongs to 'accounting'",
        ),
        (RouteRequest(category="poem"), ["legal"], "general", UNKNOWN),
    ],
)  # fmt: skip
def test_routes(asked: RouteRequest, scopes: list[str], scope: str, why: str) -> None:
    found = route(asked, AGENTS, scopes)
    assert (found.scope, found.why) == (scope, why)
    assert found.agent == (AGENTS[asked.agent] if asked.agent else None)


def test_an_agent_that_reads_with_the_general_model_leaves_the_choice_to_the_others() -> None:
    agents = {"all": AgentSettings(output="text")}
    asked = RouteRequest(agent="all", business="legal")
    assert route(asked, agents, ["legal"]).scope == "legal"
    assert route(asked, agents, []).scope == "general"


def test_an_unknown_agent_is_refused_with_those_that_exist() -> None:
    with pytest.raises(RequestRefused, match="no agent 'chef'") as caught:
        route(RouteRequest(agent="chef"), AGENTS, [])
    assert "analyst, legal, marketing, qa, support" in caught.value.hint


def test_every_business_type_of_the_specification_has_its_categories() -> None:
    assert {b for found in BUSINESSES.values() for b in found} == {
        "ecommerce", "content", "saas", "legal", "accounting",
    }  # fmt: skip
