"""Pages show what users wrote: names and labels never become elements or scripts of a page."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mlplab as ml
from mlplab.data import task_from_arrays
from mlplab.errors import ConfigError
from mlplab.pages import Report, write_index, write_page
from mlplab.specs import MLP, Difference, Fit, Run
from mlplab.store import Store

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>]]>-->\"'&`${1}{{7*7}}"
SHORT = "<img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    """What of a page a browser would run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.ran: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        for name, value in attrs:
            if name.startswith("on") or (value or "").lower().lstrip().startswith("javascript:"):
                self.found.append(f"{tag} {name}={value}")
            if (name, value) == ("src", "x"):
                self.found.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip().startswith("alert("):
            self.ran.append(data)


def assert_harmless(folder: Path) -> str:
    """Look at every HTML and SVG file; return the last page."""
    pages = [*folder.rglob("*.html"), *folder.rglob("*.svg")]
    assert pages
    for path in pages:
        elements = Elements()
        elements.feed(path.read_text(encoding="utf-8"))
        elements.close()
        assert not elements.found, (path, elements.found)
        assert not elements.ran, path
    return pages[0].read_text(encoding="utf-8")


@pytest.fixture
def runs():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 3)), np.arange(90) % 3
    task = task_from_arrays(X, y, X, y, valid=30, name=EVIL)
    claim = Difference(
        says=EVIL, because=EVIL, arm={"lr": 0.2}, baseline={"lr": 0.1}, expect="higher"
    )
    base = Run(net=MLP(hidden=4), fit=Fit(epochs=2, batch_size=16))
    experiment = ml.Experiment(task, base, {"lr": [0.1, 0.2]}, 5, [claim], name=f"../{EVIL}")
    return experiment.run(Store(":memory:"), progress=False)


def test_the_page_of_runs_and_the_ledger_are_harmless(runs, tmp_path):
    page = ml.report(runs, tmp_path / "reports", title=EVIL, command=EVIL)
    assert page.is_relative_to(tmp_path / "reports")
    assert "&lt;script&gt;alert(1)" in assert_harmless(page.parent)
    report = Report(
        id="x",
        slug=EVIL,
        title={"en": EVIL, "zh": EVIL},
        question=EVIL,
        answer=EVIL,
        verdicts=list(runs.verdicts()),
    )
    write_page(report, tmp_path / "other")
    write_index([report], tmp_path / "other")
    assert_harmless(tmp_path / "other")
    # In a notebook too.
    for shown in (runs, runs.verdicts(), runs.experiment.data):
        elements = Elements()
        elements.feed(shown._repr_html_())
        assert not elements.found


def test_the_page_of_a_search_is_harmless(runs, tmp_path):
    search = ml.Search(
        runs.experiment.data,
        runs.experiment.base,
        {"lr": [0.1, 0.2]},
        budget=8,
        finalists=2,
        finalist_seeds=2,
        name=EVIL,
    )
    found = search.run(Store(":memory:"), progress=False)
    assert_harmless(ml.report(found, tmp_path).parent)


def test_the_page_of_a_table_is_harmless(tmp_path):
    from mlplab.tabular import explain, fit_table, read_table

    rng = np.random.default_rng(0)
    labels = [EVIL, f"b{EVIL}"]
    frame = pd.DataFrame(
        {
            EVIL: rng.normal(size=60),
            f"kind {SHORT}": [labels[i % 2] for i in range(60)],
            f"target {EVIL}": [labels[i % 3 == 0] for i in range(60)],
        }
    )
    path = tmp_path / f"{SHORT}.csv"
    frame.to_csv(path, index=False)
    table = read_table(path)
    target = str(frame.columns[-1])
    model = fit_table(table, target=target, minutes=0.1, configurations=1, progress=False)
    page = ml.report(explain(model, table.frame), tmp_path / "reports", title=EVIL)
    assert_harmless(page.parent)


@pytest.mark.parametrize("id", ["../x", "..", "", "a/b", "/etc/x", "a\\b"])
def test_a_report_stays_in_its_folder(id, tmp_path):
    home = tmp_path / "reports"
    with pytest.raises(ConfigError, match="report id: expected letters"):
        write_page(Report(id=id, slug="x", title="x", question="", answer=""), home)
    with pytest.raises(ConfigError, match="a file cannot be named"):
        Report(id="x", slug="x", title="x", question="", answer="", files={id: b""})
    assert not home.exists()


def test_a_record_from_elsewhere_removes_nothing_outside(tmp_path):
    import json

    home, victim = tmp_path / "reports" / "x", tmp_path / "victim.txt"
    victim.write_text("kept")
    report = Report(id="x", slug="x", title="x", question="", answer="")
    write_page(report, tmp_path / "reports")
    record = json.loads((home / "report.json").read_text())
    record["files"] = ["../../victim.txt", str(victim), "..", ".", "", 3, None]
    (home / "report.json").write_text(json.dumps(record))
    write_page(report, tmp_path / "reports")
    assert victim.read_text() == "kept"
