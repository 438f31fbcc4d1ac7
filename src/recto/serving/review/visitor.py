"""Visitor: who looks at a page. Whoever isn't signed in, and should be, is sent to sign in."""

from asyncio import to_thread
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from recto.errors import NotAllowed, NotAuthenticated
from recto.serving.keys import Caller, Scope, caller_of
from recto.serving.routes.asking import WorkspaceHere, check_local, person_here
from recto.serving.sessions import SignedIn

SIGN_IN = "/review/sign-in"
_SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks, under which name, and the token that his changes carry ("" where nobody has to sign in)."""

    caller: Caller
    name: str
    csrf: str

    @property
    def author(self) -> str:
        """What his corrections are signed with."""
        return self.caller.author

    @property
    def corrects(self) -> bool:
        """Whether he may change documents."""
        return "correct" in self.caller.scopes

    @property
    def rules(self) -> bool:
        """Whether he may ask for training, promote and go back."""
        return "admin" in self.caller.scopes

    def sees_all(self, closed: Collection[str]) -> bool:
        """Whether documents of every business type are open to him."""
        return not self.caller.businesses and (self.rules or not closed)


async def visitor_here(
    request: Request,
    workspace: WorkspaceHere,
    person: Annotated[SignedIn | None, Depends(person_here)],
) -> Visitor:
    """A dependency: who looks. Sends to the sign-in; raises NotAllowed for strangers."""
    if person is not None:
        found = Visitor(person.person.caller, person.person.name, person.csrf)
    else:
        try:
            caller = await to_thread(caller_of, workspace, None)
        except NotAuthenticated:
            back = f"?next={quote(request.url.path)}" if request.method == "GET" else ""
            raise HTTPException(_SEE_OTHER, headers={"Location": SIGN_IN + back}) from None
        check_local(request)
        found = Visitor(caller, "this machine", "")
    found.caller.check("documents")
    request.state.caller = found.caller
    return found


VisitorHere = Annotated[Visitor, Depends(visitor_here)]


def require(visitor: Visitor, scope: Scope) -> None:
    """Raises NotAllowed where the visitor may not do what `scope` is for."""
    if scope not in visitor.caller.scopes:
        raise NotAllowed("your role doesn't allow that", hint="ask an admin")
