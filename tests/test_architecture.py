"""The shape of the code: sizes, names, docstrings, layers, what start-up loads, the drawn error tree.

Ruff, mypy and import-linter watch what they can (`make lint`); here is what they can't.
"""

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto import errors

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "recto"
MODULES = sorted(SOURCE.rglob("*.py"))
CODE = [*MODULES, *sorted((ROOT / "benchmarks").glob("*.py"))]

MODULE_LINES = 400
FUNCTION_LINES = 60
PARAMETERS = 6
BANNED_MODULES = {"utils", "util", "common", "helpers", "helper", "core", "misc", "base"}
BANNED_CLASSES = re.compile(r"(Manager|Handler|Helper|Utils?|Base|Mixin)$")
BANNED_PARENTS = re.compile(r"^(Base|Abstract)[A-Z]")
OTHERS_PARENTS = {"BaseModel", "BaseSettings", "BaseHTTPRequestHandler"}  # of pydantic and http.server
HEAVY = (
    "numpy", "cv2", "PIL", "pandas", "matplotlib", "torch", "transformers", "onnx", "onnxruntime", "openvino",
    "rapidocr", "datasets", "pyarrow", "pydantic", "opentelemetry", "prometheus_client", "fastapi", "uvicorn",
)  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {name_of(path): ast.parse(path.read_text("utf-8")) for path in CODE}


def test_modules_are_short() -> None:
    long = {name_of(p): n for p in CODE if (n := len(p.read_text("utf-8").splitlines())) > MODULE_LINES}
    assert not long, f"modules over {MODULE_LINES} lines"


def test_functions_are_short(trees: dict[str, ast.Module]) -> None:
    long = [
        f"{module}:{node.lineno} {node.name} ({length} lines)"
        for module, tree in trees.items()
        for node in functions(tree)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert not long, f"functions over {FUNCTION_LINES} lines"


def test_functions_take_few_parameters(trees: dict[str, ast.Module]) -> None:
    """CLI verbs are exempt: their parameters are the flags."""
    many = [
        f"{module}:{node.lineno} {node.name} ({count})"
        for module, tree in trees.items()
        if not module.startswith("src/recto/cli/")
        for node in functions(tree)
        if (count := parameters(node)) > PARAMETERS
    ]
    assert not many, f"functions with more than {PARAMETERS} parameters"


def parameters(node: Function) -> int:
    named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return sum(argument.arg not in ("self", "cls") for argument in named)


def test_names_say_something(trees: dict[str, ast.Module]) -> None:
    modules = [module for module in trees if BANNED_MODULES & {*Path(module).with_suffix("").parts}]
    classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    parents = {ast.unparse(parent) for node in classes for parent in node.bases} - OTHERS_PARENTS
    badly = [node.name for node in classes if BANNED_CLASSES.search(node.name)]
    badly += [name for name in parents if BANNED_PARENTS.match(name)]
    assert not modules + badly


def test_modules_and_public_items_have_docstrings(trees: dict[str, ast.Module]) -> None:
    bare = [module for module, tree in trees.items() if not ast.get_docstring(tree)]
    for module, tree in trees.items():
        if not module.startswith("src/"):
            continue
        for node in public_items(tree):
            if not ast.get_docstring(node):
                bare.append(f"{module}:{node.lineno} {node.name}")
    assert not bare


def public_items(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Public functions and classes of a module, and the public methods of those classes."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                for item in node.body:
                    if isinstance(item, Function) and not item.name.startswith("_"):
                        yield item


def test_exceptions_are_caught_by_name(trees: dict[str, ast.Module]) -> None:
    """`except Exception` only at the top of the CLI, or to tidy up and raise again."""
    broad = [
        f"{module}:{node.lineno}"
        for module, tree in trees.items()
        if module != "src/recto/cli/__init__.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and ast.unparse(node.body[-1]) != "raise"
    ]
    assert not broad


@pytest.mark.parametrize(
    "program",
    ["import recto", "import sys; sys.argv = ['recto', '--help']; import recto.cli; recto.cli.main()"],
    ids=["import recto", "recto --help"],
)
def test_start_up_loads_nothing_heavy(program: str) -> None:
    report = (
        "import atexit, json, sys; atexit.register(lambda: print('\\n' + json.dumps(sorted(sys.modules))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", report + program], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & set(HEAVY)


def test_the_error_tree_is_drawn_as_it_is() -> None:
    drawn = {}
    path: list[str] = []
    for row in (errors.__doc__ or "").splitlines():
        found = re.match(r"((?:[│├└─ ]{4})*)([A-Z]\w+)", row)
        if found and (found[1] or found[2] == "RectoError"):
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            drawn[found[2]] = path[depth - 1] if depth else "Exception"
    real = {
        name: kind.__bases__[0].__name__
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Exception)
    }
    assert drawn == real


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_machine_is_named(path: Path) -> None:
    assert not re.search(r"(?<!\w)/(?:work|root|home/\w+|tmp)/", path.read_text("utf-8"))
