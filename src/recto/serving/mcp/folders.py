"""Folders from which an agent on the user's own machine may name files. Over HTTP no path is ever taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recto.errors import DocumentNotFound, RequestRefused


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders, every link followed; none of them: no paths at all."""

    allowed: tuple[Path, ...] = ()

    def __str__(self) -> str:
        """As agents are told."""
        return ", ".join(map(str, self.allowed))

    def file(self, path: str) -> Path:
        """The file itself, every link followed. Raises RequestRefused, DocumentNotFound."""
        try:
            found = Path(path).expanduser().resolve()
        except (OSError, RuntimeError, ValueError):  # too long, no such user, a NUL in it
            raise _missing() from None
        if not any(found.is_relative_to(folder) for folder in self.allowed):
            raise RequestRefused(
                "the file isn't in a folder that may be read",
                hint=f"allowed: {self}; `recto mcp --allow FOLDER` allows others",
            )
        if not found.is_file():  # nor a device, nor a pipe that would never end
            raise _missing()
        return found


NO_FOLDERS = Folders()


def allowed(folders: Sequence[Path]) -> Folders:
    """Those `folders`. Raises DocumentNotFound for one that doesn't exist."""
    for folder in folders:
        if not folder.is_dir():
            raise DocumentNotFound("there is no such folder", where=folder, hint="check --allow")
    return Folders(tuple(folder.resolve() for folder in folders))


def _missing() -> DocumentNotFound:
    return DocumentNotFound("there is no such file", hint="check the path")
