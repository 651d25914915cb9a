"""`ml.report`: the page of anyone's runs, a search, a table model, or a detection of shift."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mlplab.draw import Text
from mlplab.errors import ConfigError
from mlplab.pages.page import write_page
from mlplab.pages.pictures import remembered_pictures
from mlplab.reading import refuse_unless

if TYPE_CHECKING:
    from mlplab.experiment import Runs
    from mlplab.search import SearchResult
    from mlplab.shift import Detection
    from mlplab.store import Store
    from mlplab.tabular import Explanation


def report(
    runs: Runs | SearchResult | Explanation | Detection,
    out: str | os.PathLike[str] = "reports",
    *,
    title: Text = "",
    metric: str | None = None,
    matters: float | None = None,
    command: str = "",
) -> Path:
    """Write the page of runs, a search, a table model or a shift, with its numbers beside.

    Args:
        runs: of any experiment, what a search found, what `tabular.explain` says of a model, or
            what `shift.detect` says of two samples.
        out: the folder for the page's folder, which is named after the experiment.
        title: of the page (default: what was varied on which data).
        metric: that curves and arms show (default: a validation metric where there is one; a
            search's and a table's own).
        matters: the smallest effect of a factor on it that matters (default: what claims about
            it say, else 0.005).
        command: that makes the page again (default: the Python that declares the experiment).

    Returns:
        The page's path.

    Raises:
        ConfigError: a metric that the runs did not record.
        MlplabError: the folder cannot be written.

    Cost: about a second for 100 runs, most of it the pictures, which the store remembers.
    """
    from mlplab.experiment import Runs
    from mlplab.experiment.declare import read_matters
    from mlplab.pages.experiment_page import experiment_report
    from mlplab.pages.search_page import search_report
    from mlplab.search import SearchResult
    from mlplab.shift.detection.report import Detection

    refuse_unless("out", out, (str, os.PathLike), "a folder")
    refuse_unless("title", title, (str, Mapping), "a text, or language -> text")
    if matters is not None:
        matters = read_matters(matters)
    store: Store | None = None
    if isinstance(runs, SearchResult):
        made, store = search_report(runs, title=title, command=command), runs.runs.setup.store
    elif isinstance(runs, Runs):
        made = experiment_report(runs, title=title, metric=metric, matters=matters, command=command)
        store = runs.setup.store
    elif isinstance(runs, Detection):
        from mlplab.pages.shift_page import shift_report

        made = shift_report(runs, title=title, command=command)
    elif not hasattr(runs, "model"):  # that of a table; its room takes seconds to import
        raise ConfigError(
            "report: expected what Experiment.run, Search.run, tabular.explain or shift.detect "
            f"returned; got {type(runs).__name__}"
        )
    else:
        from mlplab.pages.table_page import table_report

        made = table_report(runs, title=title, command=command)
    with remembered_pictures(made.figures, store):
        return write_page(made, Path(out))
