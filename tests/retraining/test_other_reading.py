"""What waits is read by another engine as well: it moves pages up in the queue, and is never a text."""

from collections.abc import Callable

from recto.corrections.queue import queue
from recto.datasets.example import Example
from recto.engines.fake import FakeEngine
from recto.retraining.other_reading import read_again, read_once
from recto.retraining.queue import read_queue, unread
from recto.retraining.watch import Watch
from recto.workspace.blobs import blob_path
from recto.workspace.folder import Workspace, open_workspace

Page = Callable[..., Example]
Add = Callable[..., None]


def with_other(workspace: Workspace, engine: str) -> Workspace:
    settings = workspace.path / "recto.toml"
    settings.write_text(settings.read_text() + f'[review]\nrandom_share = 0.0\nother_engine = "{engine}"\n')
    return open_workspace(workspace.path)


def disagreements(workspace: Workspace) -> list[float]:
    return [one.doubt.disagreement for one in queue(workspace) if one.doubt is not None]


def test_where_it_disagrees_a_look_is_worth_more(workspace: Workspace, page: Page, add: Add) -> None:
    add(workspace, page(1, None), page(2, None), page(3, None))
    opened = with_other(workspace, "fake")
    assert read_once(opened, "general") == [], "the model of the scope reads first"
    same = {f"page_{number}.png": "TOTAL 5 EUR" for number in (1, 2, 3)}
    read_queue(opened, "general", FakeEngine(same))
    third = read_once(opened, "general")[2][1].sha256
    blob_path(opened, third).write_bytes(b"\x89PNG\r\n\x1a\n broken")
    other = FakeEngine(same | {"page_2.png": "TOTAL 6 EUR"})
    assert read_again(opened, "general", other) == 3
    assert disagreements(opened) == [1.0, 0.333, 0.0], "what it can't read first"
    assert (read_once(opened, "general"), unread(opened, "general")) == ([], [])


def test_the_loop_asks_it_and_tells_what_keeps_it_from_reading(
    workspace: Workspace, page: Page, add: Add
) -> None:
    add(workspace, page(1, None))
    with_other(workspace, "nobody")
    lines: list[str] = []
    assert not Watch(workspace.path, lines.append).run(once=True)
    assert any("error in review.other_engine: no engine is called 'nobody'" in line for line in lines)
    (workspace.path / "recto.toml").write_text('[review]\nother_engine = "rapidocr"\n')
    assert Watch(workspace.path, lines.append).run(once=True)
    assert "general: 1 queued documents read by rapidocr as well" in lines[-1]
    opened = open_workspace(workspace.path)
    assert read_once(opened, "general") == [] and len(disagreements(opened)) == 1
