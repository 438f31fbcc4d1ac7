"""Extracting: how many fields does the tagger find, untrained, after ten documents, and after all of them?

    python benchmarks/extracting.py --data DATA --readings readings/

DATA holds sroie, invoices, tax_forms and kleister_nda, each a dataset with `fields`. sroie goes from its
train split (val chooses) to its test split; the others are too few for that: five-fold cross-validation,
in which documents of one `group` stay together. Intervals are of 95 %, over redrawn groups. Pages are
read once with the CPU engine (base weights, or those of --model) and kept in --readings. Seconds are those
of one core (process time): of fitting without reading, and of looking for all fields of a document.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from recto.datasets.example import Example
from recto.datasets.loading import load_dataset
from recto.datasets.pages import open_example
from recto.documents.transcript import Transcript
from recto.engines.catalog import load
from recto.engines.reading import read_pages
from recto.evaluation.fields.figures import differences, measured
from recto.evaluation.fields.measure import vendors
from recto.evaluation.fields.outcomes import Outcome, judged_fields, outcome
from recto.evaluation.fields.report import FieldFigures, Measurement
from recto.extraction.loading import load_schema
from recto.extraction.schema import Schema
from recto.extraction.tagger import Tagger
from recto.training.readings import KeptReadings
from recto.training.tagging.learn import fit_tagger
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.tagging.samples import Labelled

FOLDS = 5
FEW = 10
SETS = {"sroie": "receipt", "invoices": "invoice", "tax_forms": "tax_form", "kleister_nda": "contract"}


@dataclass(frozen=True)
class Document:
    """An annotated page, and what was read on it."""

    example: Example
    transcript: Transcript

    @property
    def group(self) -> str:
        """What stays together."""
        return self.example.group or self.example.image

    @property
    def labelled(self) -> Labelled:
        """As training takes it."""
        return Labelled(self.example.image, [self.transcript], self.example.fields or {}, self.group)


def read(folder: Path, readings: Path, model: Path | None) -> list[Document]:
    """The documents with fields of a dataset, read now or earlier, with the weights of `model` if given."""
    examples = [example for example in load_dataset(folder).examples if example.fields]
    engine = KeptReadings(load("ppocr", model=model), readings / f"{folder.name}.jsonl")
    found = read_pages(engine, map(open_example, examples))
    return [Document(e, t) for e, t in zip(examples, found, strict=True) if isinstance(t, Transcript)]


def judged(
    tagger: Tagger, documents: Sequence[Document], known: frozenset[str]
) -> tuple[list[Outcome], float]:
    """The Outcomes on these documents, and seconds per document; `known` are the vendors of training."""
    schema, out, seconds = tagger.schema, [], 0.0
    specs = judged_fields(schema, (one.example.fields or {} for one in documents))
    for one in documents:
        began = time.process_time()
        extraction = tagger.extract([one.transcript])
        seconds += time.process_time() - began
        labels, named = one.example.fields or {}, vendors(schema, [one.example])
        who = (one.example.image, one.group, bool(named) and bool(known) and not named & known)
        rows = [outcome(schema, spec, labels, extraction, who) for spec in specs]
        out += [row for row in rows if row.wanted or not schema.field(row.field).required]  # type: ignore[union-attr]
    return out, seconds / max(len(documents), 1)


def fitted(schema: Schema, train: Sequence[Document], val: Sequence[Document] = ()) -> tuple[Tagger, float]:
    """The tagger that these teach, and the seconds that it took."""
    began = time.process_time()
    recipe = TaggerRecipe(fields_of=schema.name)
    tagger, _ = fit_tagger(schema, ([one.labelled for one in train], [one.labelled for one in val]), recipe)
    return tagger, time.process_time() - began


def show(title: str, found: Measurement, fit_s: float | None = None) -> None:
    """One block of the table."""
    extra = "" if fit_s is None else f", fitted in {fit_s:.1f} s"
    print(f"\n{title}: mean F1 {found.mean_f1:.3f} ({_ends(found.mean_f1_ends)}), "
          f"all right {found.exact_documents:.3f}, ECE {found.all_fields.calibration_error:.3f}, "
          f"{1000 * found.seconds_per_document:.0f} ms per document{extra}")  # fmt: skip
    for name, one in found.fields.items():
        print(f"  {name:16} {_row(one)}")
    if found.unseen:
        print(f"  unseen vendors ({found.unseen.documents} documents): mean F1 {found.unseen.mean_f1:.3f} "
              f"({_ends(found.unseen.mean_f1_ends)}), "
              + ", ".join(f"{name} {one.f1:.3f}" for name, one in found.unseen.fields.items()))  # fmt: skip


def _row(one: FieldFigures) -> str:
    return (
        f"F1 {one.f1:.3f} ({_ends(one.f1_ends)})  P {one.precision:.3f}  R {one.recall:.3f}  "
        f"ECE {one.calibration_error:.3f}  labelled {one.wanted}"
    )


def _ends(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f}–{ends[1]:.3f}"


def split_run(name: str, documents: Sequence[Document], measure_on: str) -> dict[str, Measurement]:
    """Train to test, as the splits say."""
    schema = load_schema(SETS[name])
    train, val, test = (
        [one for one in documents if one.example.split == split] for split in ("train", "val", measure_on)
    )
    few, few_s = fitted(schema, train[:FEW])
    whole, whole_s = fitted(schema, train, val if measure_on == "test" else ())
    known = vendors(
        schema,
        [one.example for one in (*train, *val)] if measure_on == "test" else [one.example for one in train],
    )
    out = {}
    for title, tagger, fit_s in (
        ("untrained", Tagger(schema), None),
        (f"after {FEW}", few, few_s),
        (f"after {len(train)} (+ {len(val)} val)", whole, whole_s),
    ):
        outcomes, seconds = judged(tagger, test, known)
        out[title] = measured(title, outcomes, seconds)
        show(f"{name} {measure_on} ({len(test)} documents), {title}", out[title], fit_s)
    return out


def folded(name: str, documents: Sequence[Document]) -> dict[str, Measurement]:
    """Each document by a tagger that saw none of its group."""
    schema = load_schema(SETS[name])
    groups = {group: place % FOLDS for place, group in enumerate(sorted({one.group for one in documents}))}
    before: list[Outcome] = []
    after: list[Outcome] = []
    seconds = [0.0, 0.0]
    for fold in range(FOLDS):
        held = [one for one in documents if groups[one.group] == fold]
        tagger, _ = fitted(schema, [one for one in documents if groups[one.group] != fold])
        for place, (side, each) in enumerate(((before, Tagger(schema)), (after, tagger))):
            outcomes, taken = judged(each, held, frozenset())
            side.extend(outcomes)
            seconds[place] += taken / FOLDS
    out = {"untrained": measured("untrained", before, seconds[0])}
    out["five-fold"] = measured("five-fold", after, seconds[1])
    for title, found in out.items():
        show(f"{name} ({len(documents)} documents, {len(groups)} groups), {title}", found)
    step = differences(after, before)["mean_f1"]
    print(
        f"  mean F1 by training {step.difference:+.3f} ({step.low:+.3f} … {step.high:+.3f}): {step.verdict}"
    )
    return out


def main() -> None:
    """Print the tables, and write all figures where it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the datasets")
    parser.add_argument("--readings", type=Path, default=Path("readings"), help="folder that keeps readings")
    parser.add_argument("--model", type=Path, help="read with this model folder, not with base weights")
    parser.add_argument("--only", choices=SETS, action="append", help="these sets alone")
    parser.add_argument("--measure-on", choices=("val", "test"), default="test", help="of sroie")
    parser.add_argument("--json", type=Path, help="write the figures here")
    asked = parser.parse_args()
    figures = {}
    with threadpool_limits(1):
        for name in asked.only or SETS:
            documents = read(asked.data / name, asked.readings, asked.model)
            is_split = name == "sroie"
            found = split_run(name, documents, asked.measure_on) if is_split else folded(name, documents)
            figures[name] = {title: one.model_dump(exclude={"results"}) for title, one in found.items()}
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
