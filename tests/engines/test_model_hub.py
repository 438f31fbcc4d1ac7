"""Fetching weights from a Hub: a small real one, with the faults that networks have."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from recto.engines.backoff import Backoff
from recto.engines.model_hub import Plan, plan, pull
from recto.engines.model_store import StoredModel, find_model, models
from recto.engines.packages import needed_for_the_hub
from recto.errors import EngineError, MissingPackage, ModelFolderError, ModelNotFound, PullFailed

from .hub import COMMIT, OLDER, Hub, Repo, hub_with
from .weights import SHARDS, weight_files

REPO = "deepseek-community/DeepSeek-OCR-2"
QUICK = Backoff(attempts=3, first_s=0.01)
OWN_CODE = b'{"model_type": "deepseek_vl_v2", "architectures": ["DeepseekOCRForCausalLM"]}'


@pytest.fixture
def hub(store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    pickled = {SHARDS[0]: None, SHARDS[1]: None, "model.safetensors.index.json": None}
    repos = {
        REPO: Repo(weight_files()),
        "some/secret": Repo(weight_files(), token="hf_good"),
        "some/gated": Repo(weight_files(), gated=True),
        "some/pickled": Repo(weight_files(**pickled)),
        "some/incomplete": Repo(weight_files(**{SHARDS[1]: None})),
        "some/llama": Repo(weight_files(config_json=b'{"model_type": "llama"}')),
        "some/own-code": Repo(weight_files(config_json=OWN_CODE)),
        "some/odd": Repo(weight_files(), commits=("main-ish",)),
    }
    with hub_with(repos) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


def fetch(planned: Plan, counted: list[int] | None = None) -> StoredModel:
    return pull(planned, advance=(counted if counted is not None else []).append, backoff=QUICK)


def test_a_branch_is_resolved_to_its_commit_and_fetched_there(hub: Hub) -> None:
    planned = plan("deepseek-ocr-2")
    assert (planned.repo, planned.asked, planned.commit, planned.licence) == (REPO, "main", COMMIT, "mit")
    counted: list[int] = []
    model = fetch(planned, counted)
    assert (model.name, model.revision, model.licence) == ("deepseek-ocr-2", COMMIT, "mit")
    assert sum(counted) == model.bytes == planned.bytes
    assert find_model("deepseek-ocr-2", verify=True) == model == find_model(REPO)
    kept = {file.name for file in model.path.iterdir()}
    assert kept == {"config.json", "model.safetensors.index.json", *SHARDS, "tokenizer.json", "LICENSE"}


def test_a_commit_or_another_name_can_be_asked_for(hub: Hub) -> None:
    assert plan(REPO, revision=OLDER, name="older").commit == OLDER
    assert fetch(plan(REPO, revision=OLDER, name="older")).name == "older"


def test_a_cut_connection_goes_on_where_it_was_cut(hub: Hub) -> None:
    hub.cuts = [1_100_000, 700_000]
    counted: list[int] = []
    model = fetch(plan(REPO), counted)
    first, *later = hub.starts(SHARDS[0])
    assert first == 0
    assert later == [1_100_000, 1_800_000]
    assert sum(counted) == model.bytes


def test_what_an_earlier_try_left_is_not_fetched_again(hub: Hub) -> None:
    hub.cuts = [1_100_000, 0, 0, 0]
    with pytest.raises(PullFailed, match="again and again") as told:
        fetch(plan(REPO))
    assert "1,100,000 of 3,000,000 bytes" in told.value.hint
    with pytest.raises(ModelNotFound):
        find_model("deepseek-ocr-2")
    assert models() == ()
    hub.asked.clear()
    hub.cuts.clear()
    counted: list[int] = []
    model = fetch(plan(REPO), counted)
    assert hub.starts(SHARDS[0]) == [1_100_000]
    assert hub.starts("config.json") == []
    assert sum(counted) == model.bytes
    assert find_model("deepseek-ocr-2", verify=True) == model


def test_a_server_without_ranges_sends_it_all_again(hub: Hub) -> None:
    hub.cuts, hub.ranges = [1_100_000], False
    counted: list[int] = []
    model = fetch(plan(REPO), counted)
    assert hub.starts(SHARDS[0]) == [0, 0]
    assert sum(counted) == model.bytes
    assert find_model("deepseek-ocr-2", verify=True) == model


@pytest.mark.parametrize("name", [SHARDS[1], "config.json"], ids=["by SHA-256", "by git's hash"])
def test_a_wrong_checksum_is_refused_and_fetched_anew(hub: Hub, name: str) -> None:
    hub.tampered = {name}
    with pytest.raises(PullFailed, match=f"{name} isn't what the Hub says"):
        fetch(plan(REPO))
    assert models() == ()
    hub.tampered.clear()
    hub.asked.clear()
    fetch(plan(REPO))
    assert hub.starts(name) == [0]


def test_a_busy_hub_is_asked_again_when_it_says(hub: Hub) -> None:
    hub.statuses = [(503, {}), (429, {"Retry-After": "0"})]
    assert fetch(plan(REPO)).revision == COMMIT


def test_a_hub_that_wants_too_much_patience_is_left(hub: Hub) -> None:
    hub.statuses = [(429, {"Retry-After": "3600"})]
    with pytest.raises(PullFailed, match="429"):
        fetch(plan(REPO))


def test_a_token_opens_private_repositories_and_is_not_shown_to_others(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PullFailed, match="no such repository, or it is private"):
        plan("some/secret")
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert fetch(plan("some/secret")).name == "secret"
    assert hub.asked[0].authorization == "Bearer hf_good"


@pytest.mark.parametrize(
    ("model", "revision", "told"),
    [
        ("no/body", "", "no such repository"),
        (REPO, "soon", "no revision 'soon'"),
        ("a b", "", "no name of a repository"),
        ("some/odd", "", "doesn't say which commit"),
    ],
)
def test_what_cannot_be_planned_is_told(hub: Hub, model: str, revision: str, told: str) -> None:
    with pytest.raises(PullFailed, match=told):
        plan(model, revision=revision)


@pytest.mark.parametrize(
    ("model", "told", "large"),
    [
        ("some/gated", "gated", False),
        ("some/llama", "llama", False),
        ("some/own-code", "--remote-code", False),
        ("some/incomplete", f"{SHARDS[1]} is missing", True),
    ],
)
def test_what_cannot_be_used_is_refused_before_its_weights_come(
    hub: Hub, model: str, told: str, large: bool
) -> None:
    with pytest.raises(EngineError, match=told):
        fetch(plan(model))
    assert bool(hub.starts(SHARDS[0])) is large
    assert models() == ()


def test_only_pickled_weights_are_refused(hub: Hub) -> None:
    with pytest.raises(ModelFolderError, match="pickled"):
        plan("some/pickled")


def test_program_files_come_only_if_asked_for(hub: Hub) -> None:
    model = fetch(plan("some/own-code", code=True))
    assert model.architecture == "deepseek-ocr"
    assert (model.path / "modeling_own.py").is_file()


def test_no_network_is_told_with_the_way_round(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(PullFailed, match="can't be reached") as told:
        plan("deepseek-ocr-2")
    assert "--from FOLDER" in told.value.hint


def test_something_else_than_a_hub_is_told(hub: Hub) -> None:
    hub.is_hub = False
    with pytest.raises(PullFailed, match="isn't a Hub"):
        plan(REPO)


def test_no_room_is_said_before_anything_is_fetched(hub: Hub) -> None:
    planned = plan(REPO)
    huge = replace(
        planned, files=(*planned.files, replace(planned.files[0], name="x.safetensors", bytes=10**18))
    )
    with pytest.raises(PullFailed, match="GB are needed"):
        fetch(huge)
    assert hub.asked == []


def test_what_is_stored_stays_as_it_is(hub: Hub) -> None:
    fetch(plan(REPO))
    hub.asked.clear()
    with pytest.raises(EngineError, match="already"):
        fetch(plan(REPO, revision=OLDER))
    assert hub.asked == []


def test_a_missing_library_is_told() -> None:
    with pytest.raises(MissingPackage, match="no_such_library isn't installed"), needed_for_the_hub():
        import no_such_library  # noqa: F401
