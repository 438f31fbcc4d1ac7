"""One document, read for one call of the tool, by whichever way it came."""

import asyncio

from recto.serving.answers import ReadAnswer
from recto.serving.keys import Caller
from recto.serving.routing import RouteRequest
from recto.serving.service import Asking, Service, Upload


async def read_for(
    service: Service, caller: Caller, request_id: str, upload: Upload, route: RouteRequest
) -> ReadAnswer:
    """What was read for a request that was `accepted`, within the service's own time.

    Raises what `Service.read` raises.
    """
    deadline = asyncio.get_running_loop().time() + service.settings.serving.request_timeout_s
    return await service.read(upload, Asking(caller, route, deadline, request_id))
