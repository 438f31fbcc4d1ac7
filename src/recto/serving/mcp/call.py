"""One call of a tool, by whichever way it came: whom the service answers, under which id, and by when."""

import asyncio
from dataclasses import dataclass

from recto.serving.keys import Caller
from recto.serving.routing import RouteRequest
from recto.serving.service import Asking, Service


@dataclass(slots=True)
class Call:
    """A call that was `accepted`. Its answer says how many `pages` were read for it: they are logged."""

    service: Service
    caller: Caller
    request_id: str
    pages: int = 0

    def asking(self, route: RouteRequest) -> Asking:
        """What the service is asked, within its own time from now on."""
        deadline = asyncio.get_running_loop().time() + self.service.settings.serving.request_timeout_s
        return Asking(self.caller, route, deadline, self.request_id)
