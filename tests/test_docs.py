"""The documentation says what is there: commands exist, flags parse, links resolve, pages are current."""

import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_group

from recto.cli import verbs
from recto.extraction.loading import schema_from_json

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGE_NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATED = load_generator().PAGES


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """Command lines of `program` in code blocks and code spans, split into words."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"```(?:sh|bash|console)?\n(.*?)```", text, re.S)
    rows = [row for block in blocks for row in block.replace("\\\n", " ").splitlines()]
    rows += re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    for row in rows:
        line = row.strip().removeprefix("$ ").partition(" #")[0].partition(" | ")[0]
        if re.match(rf"{program}\s+[\w-]", line):
            yield shlex.split(re.sub(r"[\[\]…]", "", line))


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_generated_pages_are_current(name: str) -> None:
    current = (ROOT / "docs" / name).read_text("utf-8") == GENERATED[name]()
    assert current, f"docs/{name} is out of date: run `make docs` and commit it"


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_links_resolve(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    local = [target for target in targets if not re.match(r"https?:|mailto:", target)]
    assert not [target for target in local if not leads_somewhere(page, target)]


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether the file is there, and has the heading that stands behind the #."""
    name, _, heading = target.partition("#")
    path = page.parent / name if name else page
    return path.exists() and (not heading or heading in anchors(path))


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them: lower case, without signs, blanks as hyphens."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.S | re.M)
    headings = re.findall(r"^#+ +(.+?) *$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_links_every_page() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert not [page.name for page in PAGES[1:] if f"(docs/{page.relative_to(ROOT / 'docs')})" not in text]


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = {word for line in commands(page, "make") for word in line[1:] if re.fullmatch(r"[a-z-]+", word)}
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_recto_commands_parse(page: Path) -> None:
    """Verbs exist and so do their flags; values stay unread, so that placeholders may stand for them."""
    wrong = [" ".join(line) for line in commands(page, "recto") if not is_known(line[1:])]
    assert not wrong


def is_known(words: list[str]) -> bool:
    command = get_group(verbs.app)
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return False
        command, words = command.commands[words[0]], words[1:]
    context = typer.Context(command)
    known = {
        flag
        for parameter in command.get_params(context)
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }
    return {word.partition("=")[0] for word in words if word.startswith("-")} <= known


def test_the_example_of_a_schema_is_one() -> None:
    text = (ROOT / "docs" / "extraction.md").read_text("utf-8")
    examples = re.findall(r"```json\n(.*?)```", text, re.S)
    assert examples
    for example in examples:
        schema_from_json(json.loads(example), "example")


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.M)
    assert phony is not None
    for target in phony[1].split():
        assert re.search(rf"^{target}:.*## \S", makefile, re.M), f"make {target} has no line in `make help`"


def test_ci_runs_the_test_command_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "make test" in readme
    assert re.search(r"^make test\b", (ROOT / ".ci" / "run").read_text("utf-8"), re.M)


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rooms = [
        path.stem for path in (ROOT / "src" / "recto").iterdir() if not path.name.startswith(("_", "py."))
    ]
    assert not [room for room in rooms if f"`{room}`" not in text]
