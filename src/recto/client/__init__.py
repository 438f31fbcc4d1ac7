"""Client: a small typed client of a recto service, for Python programs: `pip install 'recto[service]'`.

    from recto.client import Client

    with Client("http://127.0.0.1:8000", key="recto_…") as recto:
        print(recto.read("receipt.jpg").text)

What the service refuses is raised as ServiceProblem, with what it said. Nothing is read here.
"""

from recto.client.answers import Answer, Fields, JobFields, JobStatus, PageAnswer, ReadingRelease, State
from recto.client.asking import ANYTHING, DEFAULT_TIMEOUT_S, Client, Output, Schema, ServiceProblem, Wanted

__all__ = [
    "ANYTHING",
    "DEFAULT_TIMEOUT_S",
    "Answer",
    "Client",
    "Fields",
    "JobFields",
    "JobStatus",
    "Output",
    "PageAnswer",
    "ReadingRelease",
    "Schema",
    "ServiceProblem",
    "State",
    "Wanted",
]
