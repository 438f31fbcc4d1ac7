"""MLflow: a database in RUN/mlflow, or the server that MLFLOW_TRACKING_URI names.

Look at the database with `mlflow ui --backend-store-uri sqlite:///RUN/mlflow/mlflow.db`, which needs the
whole of MLflow; telling it needs mlflow-skinny only.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from recto.errors import MissingPackage, TrainingError
from recto.training.progress import GOES_ON, Epoch
from recto.training.trackers import figures, sample_table

try:
    from mlflow.exceptions import MlflowException  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from mlflow.tracking import MlflowClient  # type: ignore[import-not-found, import-untyped, unused-ignore]
except ImportError as error:
    raise MissingPackage(
        "the tracker `mlflow` needs a package that isn't installed",
        hint="pip install 'recto[mlflow]', or leave mlflow out of `trackers` in the recipe",
    ) from error

_EXPERIMENT = "recto"


@contextmanager
def _answering(uri: str) -> Iterator[None]:
    """MLflow's errors as ours."""
    try:
        yield
    except MlflowException as error:
        hint = f"see MLFLOW_TRACKING_URI, or leave mlflow out of `trackers`; {GOES_ON}"
        raise TrainingError(f"MLflow doesn't answer: {error}", where=uri, hint=hint) from error


class MLflow:
    """One run in the experiment `recto`; an attempt after a kill makes a new one, with all epochs."""

    def __init__(self, run: Path, settings: Mapping[str, object]) -> None:
        uri, artifacts = os.environ.get("MLFLOW_TRACKING_URI"), None
        if not uri:
            folder = (run / "mlflow").resolve()
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            uri, artifacts = f"sqlite:///{folder / 'mlflow.db'}", (folder / "artifacts").as_uri()
        self._uri, self._client = uri, MlflowClient(tracking_uri=uri)
        with _answering(uri):
            self._run = self._begun(run.name, settings, artifacts)

    def _begun(self, name: str, settings: Mapping[str, object], artifacts: str | None) -> str:
        known = self._client.get_experiment_by_name(_EXPERIMENT)
        place = known.experiment_id if known else self._client.create_experiment(_EXPERIMENT, artifacts)
        run: str = self._client.create_run(place, run_name=name).info.run_id
        for setting, value in settings.items():
            self._client.log_param(run, setting, value)
        return run

    def epoch(self, epoch: Epoch) -> None:
        """One step of every metric, and sample readings as a file."""
        with _answering(self._uri):
            for name, value in figures(epoch).items():
                self._client.log_metric(self._run, name, value, step=epoch.number)
            self._client.log_text(self._run, sample_table(epoch), f"samples/epoch-{epoch.number:03d}.md")

    def close(self) -> None:
        """End the run."""
        with _answering(self._uri):
            self._client.set_terminated(self._run)
