"""Recipe: everything that a training run depends on, from defaults or a YAML file.

Its `kind` says which way of learning it is for, and so which settings there are. Unknown keys and keys that
stand there twice are refused, no type is guessed, and all mistakes are reported together. `recipes/` has
commented examples.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from recto.errors import SettingsError
from recto.mistakes import refusal, sentence, unknown
from recto.training.ctc.recipe import CtcRecipe
from recto.training.lora.recipe import VlmRecipe
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.text.recipe import TextRecipe

Recipe = CtcRecipe | VlmRecipe | TaggerRecipe | TextRecipe

KINDS: dict[str, type[CtcRecipe] | type[VlmRecipe] | type[TaggerRecipe] | type[TextRecipe]] = {
    "ctc": CtcRecipe,
    "lora": VlmRecipe,
    "tagger": TaggerRecipe,
    "text": TextRecipe,
}
"""Which kinds there are, and the settings of each. Who teaches by them is in `way`."""

DEFAULT_KIND = "ctc"
_EXPLAINED = {
    "ctc": "recipes/ppocr-recognition.yaml",
    "lora": "recipes/deepseek-ocr-lora.yaml",
    "tagger": "recipes/tagger.yaml",
    "text": "recipes/extract-llm-qlora.yaml",
}


def default_recipe() -> Recipe:
    """What counts where no recipe is given."""
    return KINDS[DEFAULT_KIND]()


def load_recipe(path: Path) -> Recipe:
    """The Recipe of a YAML file. Raises SettingsError with every mistake in it."""
    try:
        raw, twice = _parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the recipe can't be read: {error.strerror}", where=path) from error
    except (yaml.YAMLError, ValueError) as error:  # of UTF-8, or of a number with thousands of digits
        raise SettingsError(f"the recipe is no YAML: {error}", where=path) from error
    if not isinstance(raw, dict):
        raise SettingsError("the recipe holds no settings by name", where=path, hint="write `epochs: 12`")
    recipe, mistakes = checked({str(key): value for key, value in raw.items()})
    if twice or recipe is None:
        explained = _EXPLAINED.get(str(raw.get("kind", DEFAULT_KIND)))
        hint = f"{explained} explains all settings" if explained else "recipes/ has one of each kind"
        raise refusal([*twice, *mistakes], where=path, hint=hint)
    return recipe


def changed(recipe: Recipe, flags: Mapping[str, int | None]) -> Recipe:
    """The Recipe with what the flags of these names say, where they say something. Raises SettingsError."""
    wanted = {name: value for name, value in flags.items() if value is not None}
    new, mistakes = checked(recipe.model_dump() | wanted)
    if new is None:
        hint = "`recto train --help` lists the flags"
        raise refusal((f"--{mistake}" for mistake in mistakes), where="command line", hint=hint)
    return new


def checked(raw: Mapping[str, object]) -> tuple[Recipe | None, list[str]]:
    """The Recipe of these settings, or all that is wrong, each as `name: …`."""
    kind = raw.get("kind", DEFAULT_KIND)
    if not isinstance(kind, str) or kind not in KINDS:
        shown = f" (it is {json.dumps(kind)})" if isinstance(kind, str | int | float) else ""
        return None, [f"kind: must be {' or '.join(map(repr, KINDS))}{shown}"]
    try:
        return KINDS[kind].model_validate(raw), []
    except ValidationError as error:
        return None, [_told(detail, kind) for detail in error.errors()]


class _Loader(yaml.SafeLoader):
    """Safe YAML in which `5e-4` is a number, as in YAML 1.2, and no text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+"), list("-+0123456789")
)


def _parsed(text: str) -> tuple[object, list[str]]:
    """What YAML holds ({} for nothing), and which names stand there twice: YAML would take the last."""
    loader = _Loader(text)
    node = loader.get_single_node()
    if node is None:
        return {}, []
    lines: dict[str, list[str]] = {}
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        lines.setdefault(str(key.value), []).append(str(key.start_mark.line + 1))
    twice = [f"{key}: stands there twice, in lines {' and '.join(at)}" for key, at in lines.items() if at[1:]]
    return loader.construct_document(node), twice


def _told(error: ErrorDetails, kind: str) -> str:
    name = ".".join(map(str, error["loc"]))
    if error["type"] != "extra_forbidden":
        return sentence(error, name).removeprefix(": ")  # what is wrong with several names none of its own
    others = [other for other, recipe in KINDS.items() if name in recipe.model_fields]
    if others:
        return f"{name}: is a setting of kind {' and '.join(others)}, this recipe is of kind {kind}"
    return unknown(name, name, tuple(KINDS[kind].model_fields))
