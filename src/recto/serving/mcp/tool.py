"""A tool, as the protocol lists it: its name and words, and what its calls take, which answer themselves."""

from dataclasses import dataclass

import mcp_types as protocol

from recto.serving.mcp.arguments import Arguments
from recto.serving.mcp.folders import Folders


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool; `takes_locally` counts on the user's own machine, where he allowed folders."""

    name: str
    title: str
    about: str
    takes: type[Arguments]
    takes_locally: type[Arguments]

    def kind(self, folders: Folders) -> type[Arguments]:
        """What its calls take there."""
        return self.takes_locally if folders.allowed else self.takes

    def described(self, folders: Folders) -> protocol.Tool:
        """As agents are told of it."""
        where = f" Paths may lie in: {folders}." if folders.allowed else ""
        return protocol.Tool(
            name=self.name,
            title=self.title,
            description=self.about + where,
            input_schema={**self.kind(folders).model_json_schema(), "title": self.name},
            annotations=protocol.ToolAnnotations(
                read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
            ),
        )
