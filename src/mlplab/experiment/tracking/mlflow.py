"""Runs in MLflow: a parent run for each experiment, below it one for each run or arm."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

from mlplab.errors import ConfigError, StoreError
from mlplab.experiment.tracking.children import Child, Each, Group
from mlplab.extras import load

EXPERIMENT = "mlplab"
_PARENT = "mlflow.parentRunId"
_MOST_METRICS, _MOST_OTHERS = 1000, 100  # of one request, as servers take them
_LONGEST = 500  # of a parameter or tag: the least that any server in use takes
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")  # MLflow brings them up to date by alembic
_ENDED = ("FINISHED", "FAILED")

# An address where nothing answers is known in seconds, not in the ten minutes of MLflow's own
# patience; and what users train is not told to anybody (MLflow reports its use by default).
_SURROUNDINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


@final
class MlflowServer:
    """An MLflow tracking server, or its local store.

    Args:
        uri: of the tracking store; None is `MLFLOW_TRACKING_URI`, or else MLflow's own default,
            a database `mlflow.db` in the working folder.

    Raises:
        ConfigError: MLflow is not installed.
        StoreError: it cannot be reached.
    """

    name = "mlflow"

    def __init__(self, uri: str | None = None) -> None:
        for name, value in _SURROUNDINGS.items():
            os.environ.setdefault(name, value)
        mlflow = load("mlflow", "mlflow")
        for noisy in ("mlflow", "alembic"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self._entities = mlflow.entities
        address = str(uri or mlflow.get_tracking_uri())
        self.where = re.sub(r"//([^:/@]*):[^/@]*@", r"//\1:***@", address)
        if self.where.startswith(_DATABASES):
            load("alembic", f"mlflow {self.where}")
        with self._asking():
            self._client = mlflow.MlflowClient(uri)
            name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
            there = self._client.get_experiment_by_name(name)
            if there is not None and there.lifecycle_stage == "deleted":
                raise ConfigError(
                    f"mlflow: the experiment {name!r} was deleted there; set "
                    "MLFLOW_EXPERIMENT_NAME to another name"
                )
            try:
                self._experiment = (
                    there.experiment_id if there else self._client.create_experiment(name)
                )
            except mlflow.exceptions.MlflowException:
                # Another writer may have been quicker; if it is not there, this says why.
                if (there := self._client.get_experiment_by_name(name)) is None:
                    raise
                self._experiment = there.experiment_id
        self._parents: dict[str, str] = {}
        self._children: dict[str, dict[str, tuple[str, str]]] = {}

    def begin(self, group: Group, each: Each) -> Each:
        """Find or make the experiment's parent run, and read which children it has."""
        with self._asking():
            parent = self._parent_of(group)
            if parent is not None:
                self._client.update_run(parent.info.run_id, status="RUNNING")
                each = "arm" if parent.data.tags.get("mlplab.each") == "arm" else "run"
            else:
                tags = {
                    "mlplab.id": group.id,
                    "mlplab.experiment": group.title[:_LONGEST],
                    "mlplab.data": group.task[:_LONGEST],
                    "mlplab.content": group.content,
                    "mlplab.each": each,
                }
                made = self._client.create_run(
                    self._experiment, run_name=group.title[:_LONGEST], tags=tags
                )
                parent = self._parent_of(group) or made
                if parent.info.run_id != made.info.run_id:  # another writer was there first
                    self._client.delete_run(made.info.run_id)
            parent_id = self._parents[group.id] = parent.info.run_id
            children = self._runs(f"tags.`{_PARENT}` = '{parent_id}'")
            self._children[group.id] = known = {}
            for run in children:
                tags = run.data.tags
                if run.info.status in _ENDED and "mlplab.child" in tags:
                    known[tags["mlplab.child"]] = (run.info.run_id, tags.get("mlplab.arm_id", ""))
                else:  # its writer was killed
                    self._client.delete_run(run.info.run_id)
        return each

    def has(self, group: Group, child_id: str) -> bool:
        """Look among the children that are there."""
        return child_id in self._children[group.id]

    def put(self, group: Group, child: Child) -> None:
        """Write a child; only its last step makes it count, so that a killed writer leaves none."""
        made = self._entities
        ended = int(1000 * child.time)
        seconds = child.seconds if math.isfinite(child.seconds) else 0.0
        began = max(0, ended - int(1000 * seconds / child.n_runs))
        last = max((epoch for points in child.curves.values() for epoch, _ in points), default=0)
        metrics = [
            made.Metric(_name(metric), value, ended, epoch)
            for metric, points in child.curves.items()
            for epoch, value in points
        ]
        metrics += [
            made.Metric(_name(f"final/{metric}"), value, ended, last)
            for metric, value in child.final.items()
        ]
        params = [made.Param(_name(path), _short(v)) for path, v in child.params.items()]
        known = self._children[group.id]
        with self._asking():
            if there := self._copies(group, child):
                known[child.id] = (there[0], child.arm_id)
                return
            run = self._client.create_run(
                self._experiment,
                start_time=began,
                run_name=child.name[:_LONGEST],
                tags={
                    _PARENT: self._parents[group.id],
                    "mlplab.child": child.id,
                    "mlplab.arm_id": child.arm_id,
                    **{f"mlplab.{name}": _short(value) for name, value in child.tags.items()},
                },
            )
            run_id = run.info.run_id
            for first in range(0, max(len(metrics), len(params)), _MOST_OTHERS):
                some = params[first : first + _MOST_OTHERS]
                if some:
                    self._client.log_batch(run_id, params=some)
            for first in range(0, len(metrics), _MOST_METRICS):
                self._client.log_batch(run_id, metrics=metrics[first : first + _MOST_METRICS])
            status = "FAILED" if child.failed else "FINISHED"
            self._client.set_terminated(run_id, status, ended)
            # Two drivers hear of one run at once: whoever ends last leaves the first by name alone.
            run_id, *others = self._copies(group, child)
            for id in others:
                self._client.delete_run(id)
            if child.seed is None:
                older = [id for id, (_, arm) in known.items() if arm == child.arm_id]
                for id in older:
                    self._client.delete_run(known.pop(id)[0])
        known[child.id] = (run_id, child.arm_id)

    def _copies(self, group: Group, child: Child) -> list[str]:
        """Return the runs there that are a child, whoever wrote them, and whole."""
        is_child = f"tags.`{_PARENT}` = '{self._parents[group.id]}'"
        runs = self._runs(f"{is_child} and tags.`mlplab.child` = '{child.id}'")
        return sorted(run.info.run_id for run in runs if run.info.status in _ENDED)

    def put_verdicts(self, group: Group, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a tag for each on the parent run, and all of them whole as `verdicts.json`."""
        parent = self._parents[group.id]
        with self._asking():
            for row in rows:
                key = _name(f"verdict.{row.get('key') or row['id']}")[:_LONGEST]
                self._client.set_tag(parent, key, _short(row["verdict"]))
            self._client.log_dict(parent, {"verdicts": list(rows)}, "verdicts.json")

    def end(self, group: Group) -> None:
        """Mark the parent run as finished."""
        with self._asking():
            self._client.set_terminated(self._parents[group.id])

    def _parent_of(self, group: Group) -> Any | None:
        """Return the experiment's parent run; of several the oldest, as all writers choose."""
        parents = self._runs(f"tags.`mlplab.id` = '{group.id}'")
        return min(parents, key=lambda run: (run.info.start_time, run.info.run_id), default=None)

    def _runs(self, condition: str) -> Iterator[Any]:
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment], condition, max_results=_MOST_METRICS, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn what MLflow, its database or the network raise into one line."""
        try:
            yield
        except ConfigError:
            raise
        except Exception as problem:
            first = next(iter(str(problem).strip().splitlines()), type(problem).__name__)
            raise StoreError(f"mlflow {self.where}: {first}") from None


def _name(text: str) -> str:
    """A parameter's or metric's name as every server takes it."""
    return re.sub(r"[^\w\-./ ]", "_", text)[:250]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
