"""Which recipe a workspace trains by, and so which base weights read where no Release does.

A recipe is that of the settings, unless a request wishes for another one.
"""

from recto.errors import SettingsError
from recto.retraining.ledger import Wish
from recto.training.recipe import Recipe, checked, default_recipe, load_recipe
from recto.training.way import ReadingWay, reading_way_of
from recto.workspace.folder import Workspace


def usual_recipe(workspace: Workspace) -> Recipe:
    """The recipe of the settings, else the default. Raises SettingsError."""
    path = workspace.settings.training.recipe
    return load_recipe(path) if path else default_recipe()


def usual_way(workspace: Workspace) -> ReadingWay:
    """The way of learning of that recipe: its base weights read until there is a Release."""
    return reading_way_of(usual_recipe(workspace), workspace.settings)


def wished_recipe(workspace: Workspace, wish: Wish) -> Recipe:
    """The recipe that is wished for. Raises SettingsError, also for a request of another recto's."""
    if wish.recipe is None:
        return usual_recipe(workspace)
    recipe, mistakes = checked(dict(wish.recipe))
    if recipe is None:
        wrong = "; ".join(mistake.partition(";")[0] for mistake in mistakes)
        what = f"this recto can't train by the recipe that was asked for: {wrong}"
        raise SettingsError(what, hint="ask again: recto improve --later")
    return recipe
