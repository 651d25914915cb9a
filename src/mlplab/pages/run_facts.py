"""How runs came about, as a report tells it: design, provenance, looks, failures, data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from mlplab.draw import Text
from mlplab.experiment import Runs
from mlplab.pages.wording import source_text

_AS_ABOVE = {"en": "as above", "zh": "同上"}


def run_facts(named: Mapping[str, Runs]) -> dict[str, Any]:
    """Return the arguments of `Report` that say how experiments were run.

    Args:
        named: each experiment's runs; the name of a single one may be empty.
    """
    titles = {runs.experiment.title: name or runs.experiment.title for name, runs in named.items()}
    stores = [runs.setup.store for runs in named.values()][:1]
    designs = {name: _describe(runs) for name, runs in named.items()}
    for one, following in pairwise(named):
        # Of many experiments that vary one run, a page need not list it again and again.
        if named[one].experiment.base == named[following].experiment.base:
            designs[following]["base"] = _AS_ABOVE
    return {
        "design": designs.get("", designs),
        "provenance": _provenances(named.values()),
        "looks": [
            # Within its page, an experiment is known by its name alone.
            look | {"experiment": titles[look["experiment"]]}
            for one in stores
            for look in one.looks()
            if look["experiment"] in titles
        ],
        "failures": _failures(named.values()),
        "data_source": _sources(named.values()),
    }


def _describe(runs: Runs) -> dict[str, Any]:
    experiment = runs.experiment
    return {
        "task": experiment.data.name,
        "valid": experiment.data.valid,
        "arms": [arm.label for arm in experiment.design],
        "seeds": len({cell.seed for cell in runs.cells}),
        "base": experiment.base.canonical(),
        "runs": len(runs),
        "from_store": runs.from_store,
    } | ({"note": runs.note} if runs.note else {})


def _sources(all_runs: Iterable[Runs]) -> Text:
    found = sorted({(one.experiment.data.name, one.experiment.data.source) for one in all_runs})
    told = [(name, source_text(source)) for name, source in found]
    return {
        "en": ", ".join(f"{name}: {source['en']}" for name, source in told),
        "zh": "；".join(f"{name}：{source['zh']}" for name, source in told),
    }


def _provenances(all_runs: Iterable[Runs]) -> list[dict[str, Any]]:
    found = {}
    for runs in all_runs:
        for name, one in runs.provenances.items():
            found[name] = {
                "id": name,
                "machine": one.machine if one else "unknown",
                "torch": one.torch if one else "unknown",
                "numerics": one.numerics if one else "unknown",
                "engine": one.engine if one else "unknown",
            }
    return list(found.values())


def _failures(all_runs: Iterable[Runs]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for runs in all_runs:
        for label, count in runs.failures().items():
            if count.failures:
                rows.append(
                    {
                        "arm": label,
                        "failed": count.failures,
                        "runs": count.n_runs,
                        "low": count.low,
                        "high": count.high,
                    }
                )
    return rows
