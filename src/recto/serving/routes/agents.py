"""GET /v1/agents: the agent profiles of this service, for those who choose one."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from recto.serving.routes.asking import Reader, service_of
from recto.serving.routes.described import problems
from recto.settings.serving import Output

router = APIRouter(tags=["read"])


class AgentModel(BaseModel):
    """One profile, as `[agents.NAME]` in recto.toml says."""

    name: str = Field(examples=["legal"], description="what a request names as `agent`")
    about: str = Field(examples=["contracts and signatures"])
    scope: str = Field(examples=["legal"], description="business type whose Release reads")
    task: str = Field(description="what the model is asked, if it knows tasks; empty: what it does anyway")
    output: Output = Field(description="what the answer holds, unless the request says otherwise")
    min_confidence: float = Field(description="lines that are less sure are left out")
    schema_: str = Field(
        alias="schema",
        description="the schema of fields that are looked for, unless the request says one; or empty",
    )


class AgentsModel(BaseModel):
    """All of them."""

    agents: list[AgentModel]


@router.get("/v1/agents", response_model=None, responses={200: {"model": AgentsModel}, **problems()})
async def agents(request: Request, caller: Reader) -> JSONResponse:
    """The agent profiles, by name; which of them a key may name depends on its business types."""
    known = sorted(service_of(request).settings.agents.items())
    told = [AgentModel(name=name, **profile.model_dump(by_alias=True)) for name, profile in known]
    return JSONResponse(AgentsModel(agents=told).model_dump(by_alias=True))
