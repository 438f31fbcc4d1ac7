"""Nodes of a JSON Schema made plain: behind its references and without its `null`, a node has one type.

What the node means as a field is in `schema_reading`. Only references within the schema are followed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from recto.datasets.example import JsonValue

Node = Mapping[str, JsonValue]

_MOST_STEPS = 20
_ONE_TYPE = "must have one type: string, number, integer, boolean, object or array (beside null)"
_NUMBERS = {"number", "integer"}


@dataclass(frozen=True, slots=True)
class PlainNode:
    """A node of one `type`; `nullable`: null may stand instead; `decimal`: a number written as text.

    `about` describes what it refers to, or may be: every value of that type, not this one.
    """

    node: Node
    type: str
    nullable: bool = False
    decimal: bool = False
    about: str = ""

    @property
    def properties(self) -> Node:
        """The properties of an object; none of anything else."""
        found = self.node.get("properties")
        return found if self.type == "object" and isinstance(found, Mapping) else {}

    def requires(self, name: str) -> bool:
        """Whether the object must have this property."""
        required = self.node.get("required", [])
        return isinstance(required, Sequence) and name in required

    def is_money(self, root: Node) -> bool:
        """Whether the object is an amount as text, and a currency."""
        if set(self.properties) != {"amount", "currency"}:
            return False
        amount = plain_node(self.properties["amount"], root)
        return isinstance(amount, PlainNode) and amount.type == "string"


def plain_node(node: JsonValue, root: Node) -> PlainNode | str:
    """The node made plain, or what is wrong with it."""
    nullable = decimal = False
    about = ""
    for _ in range(_MOST_STEPS):
        if not isinstance(node, Mapping):
            return "must be an object that says a type"
        if "$ref" in node:
            target = _target(node["$ref"], root)
            if target is None:
                return f"refers to {node['$ref']!r}, which isn't in this schema"
            about = about or _description(target)
            node = {**_without(target, "description"), **_without(node, "$ref")}
        elif key := next((key for key in ("anyOf", "oneOf", "allOf") if key in node), None):
            branches = _branches(node[key], root)
            others = [branch for branch in branches if not _is_null(branch)]
            one = others[0] if len(others) == 1 else _decimal(others)
            if one is None or (key == "allOf" and len(branches) > 1):
                return _ONE_TYPE
            nullable |= len(others) < len(branches)
            decimal |= len(others) > 1
            about = about or _description(one)
            node = {**_without(one, "description"), **_without(node, key)}
        else:
            plain = _typed(node, nullable=nullable, decimal=decimal)
            return replace(plain, about=about) if isinstance(plain, PlainNode) else plain
    return "refers to itself"


def foreign_references(root: Node) -> list[str]:
    """Mistakes: references that lead out of the schema, wherever they stand, or can't be followed."""
    wrong = []
    waiting: list[JsonValue] = [dict(root)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            reference = node.get("$ref")
            if isinstance(reference, str) and _target(reference, root) is None:
                wrong.append(f"refers to {reference!r}, which isn't in it")
            unfit = [key for key in ("$dynamicRef", "$recursiveRef") if isinstance(node.get(key), str)]
            unfit += ["$id"] if node != root and isinstance(node.get("$id"), str) else []
            wrong += [f"{key} isn't followed: refer to #/$defs instead" for key in unfit]
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return list(dict.fromkeys(wrong))


def _typed(node: Node, *, nullable: bool, decimal: bool) -> PlainNode | str:
    said = node.get("type", _implied(node))
    types = [one for one in said if one != "null"] if isinstance(said, list) else [said]
    nullable |= isinstance(said, list) and "null" in said
    if set(types) <= {"string", *_NUMBERS} and "string" in types and len(types) > 1:
        return PlainNode(node, "string", nullable, decimal=True)
    if len(types) != 1 or not isinstance(types[0], str) or types[0] == "null":
        return _ONE_TYPE
    return PlainNode(node, types[0], nullable, decimal)


def _implied(node: Node) -> str:
    """The type that a node has without saying it; "null" for none."""
    implied = {"properties": "object", "items": "array", "enum": "string", "const": "string"}
    return next((type_ for key, type_ in implied.items() if key in node), "null")


def _branches(given: JsonValue, root: Node) -> list[Node]:
    """The alternatives, each behind its reference."""
    found: list[Node] = []
    for branch in given if isinstance(given, list) else []:
        target = _target(branch["$ref"], root) if isinstance(branch, dict) and "$ref" in branch else branch
        if isinstance(target, Mapping):
            found.append(target)
    return found


def _decimal(branches: Sequence[Node]) -> Node | None:
    """The text of two alternatives, of which the other is a number: so pydantic tells of a Decimal."""
    types = {branch.get("type") for branch in branches if isinstance(branch.get("type"), str)}
    if len(branches) != 2 or "string" not in types or not types & _NUMBERS:
        return None
    return next(branch for branch in branches if branch.get("type") == "string")


def _is_null(node: Node) -> bool:
    return (
        node.get("type") == "null"
        or node.get("enum") == [None]
        or ("const" in node and node["const"] is None)
    )


def _description(node: Node) -> str:
    told = node.get("description")
    return told if isinstance(told, str) else ""


def _without(node: Node, key: str) -> dict[str, JsonValue]:
    return {name: value for name, value in node.items() if name != key}


def _target(reference: JsonValue, root: Node) -> Node | None:
    """What a reference such as "#/$defs/Item" points to (RFC 6901); None if it points to nothing here."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return root if reference == "#" else None
    at: JsonValue = dict(root)
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(at, Mapping) or name not in at:
            return None
        at = at[name]
    return at if isinstance(at, Mapping) else None
