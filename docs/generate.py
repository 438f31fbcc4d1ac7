"""Write the pages that are made from the code: `docs/cli.md` and `docs/modules.md`. `make docs` calls it."""

import ast
from pathlib import Path

from recto.cli.reference import reference

DOCS = Path(__file__).resolve().parent
SOURCE = DOCS.parent / "src" / "recto"

_MODULES_HEAD = """# Every module in one sentence

The first sentence of each module's docstring, written by `make docs`; what the folders are for stands in
[architecture](architecture.md).
"""


def modules() -> str:
    """The page of modules as Markdown, one table per folder."""
    page = [_MODULES_HEAD]
    folder = None
    for path in sorted(SOURCE.rglob("*.py"), key=lambda p: (p.parent, p.name)):
        if path.parent != folder:
            folder = path.parent
            page.append(f"\n## {folder.relative_to(SOURCE.parent)}\n\n| module | what it is |\n|---|---|")
        page.append(f"| `{path.name}` | {_first_sentence(path)} |")
    return "\n".join(page) + "\n"


def _first_sentence(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", "\\|")


PAGES = {"cli.md": reference, "modules.md": modules}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
