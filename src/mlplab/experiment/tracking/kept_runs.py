"""Runs that a store holds, handed on to MLflow or TensorBoard."""

from __future__ import annotations

from mlplab.errors import ConfigError
from mlplab.experiment.kept import Kept, KeptRun, is_called
from mlplab.experiment.progress import Count, ProgressCallback
from mlplab.experiment.tracking.children import Group
from mlplab.experiment.tracking.destinations import Destination
from mlplab.experiment.tracking.feed import Feed

_AT_ONCE = 500  # runs whose numbers are in memory together
_NO_EXPERIMENT = "runs of no experiment"


def export_to(
    kept: Kept,
    destination: Destination,
    experiment: str | None = None,
    *,
    progress: ProgressCallback | None = None,
) -> int:
    """Hand kept runs on, each under every experiment that asked for it; return how many.

    What is there already, from `--track` or an earlier export, is not written again.

    Args:
        kept: the runs.
        destination: gets them.
        experiment: only under experiments that are called so.
        progress: called with a `Progress`.

    Raises:
        ConfigError: there are none whose settings were kept.
        StoreError: the destination cannot be written.
    """
    groups = _groups(kept, experiment)
    if not groups:
        raise ConfigError("export: no run whose settings were kept; expected one at least")
    feed = Feed(destination, will_grow=False)
    count = Count(progress, sum(map(len, groups.values())))
    for group, runs in groups.items():
        feed.begin(group, {run.key: run.row.text or "{}" for run in runs})
        for first in range(0, len(runs), _AT_ONCE):
            part = runs[first : first + _AT_ONCE]
            outcomes = kept.store.get(run.key for run in part)
            for run in part:
                if run.key in outcomes:  # not there: another process pruned it meanwhile
                    feed.put(group, outcomes[run.key], run.row.saved_at)
                count.ended()
        rows = kept.store.verdicts(group.title, latest=True)
        if rows:
            feed.verdicts(group, rows)
    feed.end()
    return len({run.key for runs in groups.values() for run in runs})


def _groups(kept: Kept, experiment: str | None) -> dict[Group, list[KeptRun]]:
    """The runs of each experiment in the order in which it asked for them: arm by arm."""
    # `plain` says whose text is damaged.
    by_key = {run.key: run for run in kept.runs if run.row.text is not None and run.plain}
    groups: dict[Group, dict[str, KeptRun]] = {}
    for one in kept.memberships:
        if experiment is None or is_called(experiment, one.experiment):
            group = groups.setdefault(Group(one.experiment, one.task, one.content), {})
            group |= {key: by_key[key] for key in one.keys if key in by_key}
    asked = {key for runs in groups.values() for key in runs}
    for key, run in by_key.items():
        if key not in asked:
            groups.setdefault(Group(_NO_EXPERIMENT, run.task, run.content), {})[key] = run
    return {group: list(runs.values()) for group, runs in groups.items() if runs}
