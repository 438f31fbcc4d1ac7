"""The pages that look at the whole: the dashboard with improve, promote and back; Releases compared."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from recto.corrections.calibration.report import latest_report
from recto.corrections.estimate import estimates
from recto.corrections.pace import per_day
from recto.datasets.corpus import counts
from recto.errors import RectoError, RegistryError, RequestRefused
from recto.evaluation.compare import METRIC_NAMES
from recto.registry.difference import diff
from recto.registry.promotion import promote, rollback
from recto.registry.standing import standings
from recto.serving.review.chart import day_bars, error_path
from recto.serving.review.loop import Loop, LoopStanding
from recto.serving.review.rendering import go_to, rendered
from recto.serving.review.visitor import VisitorHere, require
from recto.serving.routes.asking import WorkspaceHere, service_of
from recto.workspace.folder import Workspace
from recto.workspace.tables import GENERAL

router = APIRouter(include_in_schema=False)

DAYS = 14
_Scope = Annotated[str, Form(max_length=100)]


def loop_of(request: Request) -> Loop | None:
    """The loops of the workspace, where the service was given any."""
    loop: Loop | None = request.app.state.loop
    return loop


@router.get("/review/dashboard")
async def dashboard(request: Request, visitor: VisitorHere, workspace: WorkspaceHere) -> Response:
    """Documents, mix, corrections per day, error rates, what needs no person, Triggers, what goes on now."""
    context = await to_thread(_dashboard, workspace, loop_of(request))
    return rendered("dashboard.html", visitor, context, here="/review/dashboard")


@router.get("/review/dashboard/progress")
async def progress(
    request: Request, visitor: VisitorHere, scope: Annotated[str, Query(max_length=100)] = GENERAL
) -> Response:
    """The Cycle that goes on now: the dashboard asks for this part of itself again and again."""
    loop = loop_of(request)
    standing = await to_thread(_standing_of, loop, scope)
    return rendered("progress.html", visitor, {"standing": standing, "scope": scope})


@router.post("/review/improve")
async def improve(request: Request, visitor: VisitorHere, scope: _Scope = GENERAL) -> Response:
    """Leaves a request that `recto loop` takes up."""
    require(visitor, "admin")
    loop = loop_of(request)
    if loop is None:
        raise RequestRefused("this service knows no loop")
    try:
        await to_thread(loop.ask, scope, f"{visitor.author} asked for it on the dashboard")
    except RegistryError as error:
        return _refused(visitor, error)
    standing = await to_thread(_standing_of, loop, scope)
    return rendered("progress.html", visitor, {"standing": standing, "scope": scope})


@router.post("/review/promote")
async def make_current(
    visitor: VisitorHere,
    workspace: WorkspaceHere,
    number: Annotated[int, Form(ge=1)],
    scope: _Scope = GENERAL,
) -> Response:
    """Makes a Release current; the service reads with it from its next look on."""
    require(visitor, "admin")
    reason = f"{visitor.author} promoted it on the review pages"
    try:
        await to_thread(promote, workspace, number, scope=scope, reason=reason)
    except RegistryError as error:
        return _refused(visitor, error)
    return go_to("/review/releases")


@router.post("/review/rollback")
async def go_back(visitor: VisitorHere, workspace: WorkspaceHere, scope: _Scope = GENERAL) -> Response:
    """Goes back to the Release that was current before."""
    require(visitor, "admin")
    try:
        await to_thread(rollback, workspace, scope, reason=f"{visitor.author} went back on the review pages")
    except RegistryError as error:
        return _refused(visitor, error)
    return go_to("/review/releases")


@router.get("/review/releases")
async def releases(
    request: Request,
    visitor: VisitorHere,
    workspace: WorkspaceHere,
    before: Annotated[int | None, Query(ge=1)] = None,
    after: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """All Releases; two of them beside each other on the documents that both measured."""
    known = await to_thread(standings, workspace)
    compared, problem = None, ""
    may_compare = visitor.sees_all(service_of(request).settings.review.closed)
    if before and after and may_compare:
        try:
            compared = await to_thread(diff, workspace, before, after)
        except RectoError as error:
            problem = error.what
    context = {
        "standings": list(reversed(known)),
        "compared": compared,
        "problem": problem,
        "before": before,
        "after": after,
        "may_compare": may_compare,
        "names": METRIC_NAMES,
    }
    return rendered("releases.html", visitor, context, here="/review/releases")


def _refused(visitor: VisitorHere, error: RectoError) -> Response:
    words = f"{error.what}. {error.hint}" if error.hint else error.what
    return rendered("notice.html", visitor, {"words": words})


def _dashboard(workspace: Workspace, loop: Loop | None) -> Mapping[str, object]:
    days = per_day(workspace, DAYS)
    loops = loop.standings() if loop is not None else ()
    return {
        "counts": counts(workspace),
        "days": days,
        "bars": day_bars(days),
        "corrected": sum(day.corrections for day in days),
        "loops": [(one, None if one.of_fields else error_path(one.turns)) for one in loops],
        "estimate": next(reversed(estimates(workspace)), None),
        "calibration": latest_report(workspace),
        "current": [one for one in standings(workspace) if one.current_for and one.release.mean_f1 is None],
    }


def _standing_of(loop: Loop | None, scope: str) -> LoopStanding | None:
    if loop is None:
        return None
    return next((standing for standing in loop.standings() if standing.scope == scope), None)
