"""BatchWatcher: who is told what happens at the entrance and in the queue. It decides nothing."""

from typing import Protocol

from recto.observability.metrics import Unread


class BatchWatcher(Protocol):
    """Is told on the event loop: it must be quick and raise nothing."""

    def queued(self, depth: int) -> None:
        """So many pages wait now."""

    def waited(self, seconds: float) -> None:
        """A page waited so long until its batch began."""

    def batch(self, pages: int) -> None:
        """So many pages are read together."""

    def unread(self, reason: Unread, pages: int = 1) -> None:
        """Pages won't be read, or nobody waits for their answers any more."""

    def hung(self, batches: int) -> None:
        """From so many batches an engine doesn't come back."""


class Nobody:
    """A BatchWatcher that doesn't watch."""

    def queued(self, depth: int) -> None:
        """Nothing."""

    def waited(self, seconds: float) -> None:
        """Nothing."""

    def batch(self, pages: int) -> None:
        """Nothing."""

    def unread(self, reason: Unread, pages: int = 1) -> None:
        """Nothing."""

    def hung(self, batches: int) -> None:
        """Nothing."""


NOBODY = Nobody()
