"""Damaged annotation files: a Dataset, or an error of ours that names the file; never anything else."""

import json
import shutil
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recto.datasets.loading import load_dataset
from recto.datasets.pages import content_hash
from recto.datasets.pairs import read_pairs
from recto.datasets.writing import write_dataset
from recto.errors import DatasetError, RectoError

BOUNDED = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

wild_text = st.one_of(
    st.text(max_size=20), st.sampled_from(["\ud800", "\x00", "\ufeff", "../a.png", "a.png", "/a", "a" * 5000])
)
wild = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([10**400, -(10**30), float("nan"), float("inf"), 1e308]),
        st.floats(),
        wild_text,
    ),
    lambda children: st.one_of(
        st.lists(children, max_size=4), st.dictionaries(wild_text, children, max_size=4)
    ),
    max_leaves=12,
)
KEYS = [
    "text",
    "category",
    "business",
    "split",
    "group",
    "page",
    "language",
    "case",
    "lines",
    "fields",
    "text_unverified",
    "extra",
    "lines.extra",
    "other",
]
line = st.one_of(
    wild,
    st.fixed_dictionaries(
        {"text": wild_text, "box": st.one_of(wild, st.lists(wild, min_size=4, max_size=4))}
    ),
)
entry = st.builds(
    lambda image, rest: {"image": image, **rest},
    st.one_of(st.just("a.png"), wild),
    st.dictionaries(st.sampled_from(KEYS), st.one_of(wild, st.lists(line, max_size=3)), max_size=6),
)


def survives(path: Path) -> None:
    """Load it; what loads can be hashed, too. Errors are ours and name the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for example in load_dataset(path).examples:
                content_hash(example)
    except RectoError as error:
        assert isinstance(error, DatasetError)
        assert path.name in str(error)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    root = tmp_path_factory.mktemp("fuzz")
    for name in ("a.png", "b.png"):
        Image.new("RGB", (30, 20), "white" if name == "a.png" else "red").save(root / name)
    rows = [
        {
            "image": "a.png",
            "text": "ä 1",
            "split": "train",
            "lines": [{"text": "a", "box": [0, 0, 9, 9]}],
            "k": [1],
        },
        {"image": "b.png", "text": "b", "group": "g", "fields": {"total": "1.00"}, "page": 2},
    ]
    (root / "set.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (root / "set.json").write_text(json.dumps(rows), encoding="utf-8")
    dataset = load_dataset(root / "set.jsonl")
    write_dataset(dataset, root / "set.parquet", "parquet")
    write_dataset(dataset, root / "set.tar", "webdataset")
    write_dataset(dataset, root / "pairs.jsonl", "pairs")
    write_dataset(dataset, root / "saved", "saved")
    return root


@BOUNDED
@given(entries=st.lists(entry, max_size=4), end=st.sampled_from(["\n", "\r\n", "\n\n"]), mark=st.booleans())
def test_wild_values(entries: list[object], end: str, mark: bool, place: Path) -> None:
    file = place / "wild.jsonl"
    text = end.join(json.dumps(e) for e in entries)
    file.write_bytes(text.encode("utf-8-sig" if mark else "utf-8"))
    survives(file)
    file = place / "wild.json"
    file.write_text(json.dumps(entries), encoding="utf-8")
    survives(file)


cut = st.tuples(st.integers(0, 1 << 16), st.integers(0, 40), st.binary(max_size=40))


@pytest.mark.parametrize("name", ["set.jsonl", "set.json", "set.parquet", "set.tar", "pairs.jsonl"])
@BOUNDED
@given(cuts=st.lists(cut, min_size=1, max_size=3), end=st.one_of(st.none(), st.integers(0, 1 << 16)))
def test_damaged_bytes(name: str, cuts: list[tuple[int, int, bytes]], end: int | None, place: Path) -> None:
    """Bytes replaced, inserted, taken out, and the end cut off."""
    data = bytearray((place / name).read_bytes())
    for at, length, new in cuts:
        start = at % (len(data) + 1)
        data[start : start + length] = new
    file = place / f"damaged-{name}"
    file.write_bytes(bytes(data[: None if end is None else end % (len(data) + 1)]))
    if name.startswith("pairs"):
        try:
            read_pairs(file)
        except DatasetError as error:
            assert file.name in str(error)
    survives(file)


@BOUNDED
@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from([*KEYS, "file_name"]), wild_text, max_size=6), min_size=1, max_size=3
    )
)
def test_tables_of_others(rows: list[dict[str, str]], place: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{key: value.encode("utf-8", "ignore").decode() for key, value in row.items()} for row in rows]
    image = (place / "a.png").read_bytes()
    pq.write_table(pa.Table.from_pylist([{"image": image, **row} for row in rows]), place / "table.parquet")
    survives(place / "table.parquet")


SAVED = [
    "dataset_dict.json",
    "train/state.json",
    "train/dataset_info.json",
    "train/data-00000-of-00001.arrow",
]


@settings(BOUNDED, max_examples=60)
@given(file=st.sampled_from(SAVED), cuts=st.lists(cut, min_size=1, max_size=3))
def test_damaged_saved_datasets(file: str, cuts: list[tuple[int, int, bytes]], place: Path) -> None:
    """Arrow would follow damaged offsets out of its memory: it must not get the chance."""
    damaged = place / "damaged-saved"
    shutil.rmtree(damaged, ignore_errors=True)
    shutil.copytree(place / "saved", damaged)
    data = bytearray((damaged / file).read_bytes())
    for at, length, new in cuts:
        start = at % (len(data) + 1)
        data[start : start + length] = new
    (damaged / file).write_bytes(bytes(data))
    survives(damaged)
