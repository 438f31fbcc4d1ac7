from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from recto.datasets.example import Example
from recto.workspace.folder import Workspace, create_workspace

Page = Callable[..., Example]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path / "w")


@pytest.fixture
def page(tmp_path: Path, draw: Callable[..., Path]) -> Page:
    """page(7, text=…): document number 7; page(7, copy=True): the same print in another file."""

    def make(seed: int, *, copy: bool = False, **facts: object) -> Example:
        path = tmp_path / "pages" / f"receipt_{seed:03d}.png"
        if not path.exists():
            draw(path, seed=seed)
        if copy:
            with Image.open(path) as image:
                path = path.with_name(f"copy_{seed:03d}.jpg")
                image.save(path, quality=88)
        told = {"text": f"text {seed}", "category": "receipt", "image": path.name} | facts
        return Example(source=path, **told)

    return make
