"""Which recipe a workspace trains by, and so which base weights read where no Release does.

A recipe is that of the settings, unless a request wishes for another one. Taggers of all schemas have one
between them.
"""

from pathlib import Path

from recto.errors import SettingsError
from recto.extraction.loading import load_schema
from recto.extraction.schema import BUILT_IN, Schema
from recto.registry.fields_scope import PREFIX, is_of_fields
from recto.registry.store import current, model_path
from recto.retraining.ledger import Wish
from recto.training.recipe import Recipe, checked, default_recipe, load_recipe
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.way import ReadingWay, reading_way_of
from recto.workspace.folder import Workspace
from recto.workspace.tables import GENERAL


def usual_recipe(workspace: Workspace) -> Recipe:
    """The recipe of the settings, else the default. Raises SettingsError."""
    path = workspace.settings.training.recipe
    return load_recipe(path) if path else default_recipe()


def usual_way(workspace: Workspace) -> ReadingWay:
    """The way of learning of that recipe: its base weights read until there is a Release."""
    return reading_way_of(usual_recipe(workspace), workspace.settings)


def tagger_recipe(workspace: Workspace) -> TaggerRecipe:
    """The recipe of taggers in the settings, else the default, as it stands. Raises SettingsError."""
    path = workspace.settings.training.tagger_recipe
    if path is None:
        return TaggerRecipe()
    recipe = load_recipe(path)
    if not isinstance(recipe, TaggerRecipe):
        hint = "recipes/tagger.yaml is one; what reads is set by training.recipe"
        raise SettingsError("training.tagger_recipe is no recipe of kind tagger", where=path, hint=hint)
    return recipe.model_copy(update={"fields_of": _found_from(workspace, recipe.fields_of)})


def own_schema(workspace: Workspace) -> Schema | None:
    """The schema that the recipe of taggers in the settings names, if that is one of the user's own.

    Raises SettingsError, SchemaError.
    """
    named = tagger_recipe(workspace).fields_of
    return None if named in BUILT_IN else load_schema(named)


def usual_tagger_recipe(workspace: Workspace, scope: str) -> TaggerRecipe:
    """As `tagger_recipe`, for the schema of `scope`; what reads the pages now is what it learns by.

    That is the current general Release, unless the recipe says what reads. Raises SettingsError, SchemaError,
    RegistryError for a Release that isn't as it was.
    """
    recipe, wanted = tagger_recipe(workspace), scope.removeprefix(PREFIX)
    if load_schema(recipe.fields_of).name != wanted:
        recipe = _changed(recipe, {"fields_of": wanted})
    if recipe.model_fields_set & {"engine", "read_with"}:
        return recipe
    release = current(workspace, GENERAL)
    if release is None:
        return recipe
    return _changed(recipe, {"engine": release.engine, "read_with": str(model_path(workspace, release))})


def wished_recipe(workspace: Workspace, scope: str, wish: Wish) -> Recipe:
    """The recipe that is wished for. Raises SettingsError, also for a request of another recto's."""
    if wish.recipe is None:
        return usual_tagger_recipe(workspace, scope) if is_of_fields(scope) else usual_recipe(workspace)
    recipe, mistakes = checked(dict(wish.recipe))
    if recipe is None:
        wrong = "; ".join(mistake.partition(";")[0] for mistake in mistakes)
        what = f"this recto can't train by the recipe that was asked for: {wrong}"
        raise SettingsError(what, hint="ask again: recto improve --later")
    return recipe


def _changed(recipe: TaggerRecipe, settings: dict[str, str]) -> TaggerRecipe:
    return TaggerRecipe.model_validate(recipe.model_dump(exclude_unset=True) | settings)


def _found_from(workspace: Workspace, fields_of: str) -> str:
    """A schema's file is named from the workspace on, wherever a command is started."""
    return str(workspace.path / fields_of) if Path(fields_of).suffix == ".json" else fields_of
