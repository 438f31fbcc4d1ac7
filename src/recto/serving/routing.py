"""Routing: which scope's model reads a request, by its agent, business type or category, and why. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from recto.errors import RequestRefused
from recto.settings import AgentSettings
from recto.workspace.tables import GENERAL

BUSINESSES: Mapping[str, tuple[str, ...]] = {
    "receipt": ("ecommerce", "accounting"),
    "invoice": ("ecommerce", "saas"),
    "product_label": ("ecommerce",),
    "article": ("content",),
    "marketing_copy": ("content",),
    "social_post": ("content",),
    "support_ticket": ("saas",),
    "documentation": ("saas",),
    "contract": ("legal",),
    "agreement": ("legal",),
    "terms_of_service": ("legal",),
    "tax_form": ("accounting",),
    "financial_statement": ("accounting",),
}
"""Category → business types that have such documents, the likeliest first (SPEC §1)."""


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What a request says of itself; nothing of it is needed."""

    agent: str | None = None
    business: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """The scope whose model reads, the agent's settings if one was named, and `why`, in plain words."""

    scope: str
    agent: AgentSettings | None
    why: str

    @property
    def task(self) -> str:
        """What the agent wants the model to be asked; "" is what it does anyway."""
        return self.agent.task if self.agent else ""

    def with_remark(self, remark: str) -> "Route":
        """The same with one more reason; "" adds none."""
        return replace(self, why=f"{self.why}; {remark}") if remark else self


def route(asked: RouteRequest, agents: Mapping[str, AgentSettings], scopes: Collection[str]) -> Route:
    """The first of agent, business type and category that leads to one of `scopes`; else the general one.

    `scopes` are those with a Release of their own. Raises RequestRefused for an agent that doesn't exist.
    """
    agent = agents.get(asked.agent) if asked.agent is not None else None
    if asked.agent is not None and agent is None:
        raise RequestRefused(
            f"there is no agent {asked.agent!r}", hint=f"agents: {', '.join(sorted(agents))}"
        )
    passed: list[str] = []
    for scope, reason in _leads(asked, agent):
        if scope in scopes:
            return Route(scope, agent, "; ".join([*passed, reason]))
        passed.append(reason if scope == GENERAL else f"{reason}, which has no Release of its own")
    return Route(GENERAL, agent, "; ".join(passed) or "neither agent, business type nor category was named")


def _leads(asked: RouteRequest, agent: AgentSettings | None) -> Iterator[tuple[str, str]]:
    """The scopes that come into question, each with why."""
    if agent is not None:
        yield agent.scope, f"agent {asked.agent!r} reads with {agent.scope!r}"
    if asked.business is not None:
        yield asked.business, f"the business type is {asked.business!r}"
    if asked.category is not None:
        businesses = BUSINESSES.get(asked.category, ())
        for business in businesses:
            yield business, f"category {asked.category!r} belongs to {business!r}"
        if not businesses:
            yield GENERAL, f"no business type is known for category {asked.category!r}"
