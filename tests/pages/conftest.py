"""One report with everything a page can hold, written once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlplab.draw import learning_curves, paired_differences
from mlplab.pages import Report, ReportTable, write_page
from mlplab.specs import Provenance, Verdict


def _verdicts() -> tuple[Verdict, ...]:
    common = {"n_seeds": 6, "matters": 0.005, "level": 0.975, "metric": "test_accuracy"}
    same = Verdict(
        id="aa",
        says="A & B are the <same>",
        wordings={"zh": "A 与 B 相同"},
        verdict="equivalent",
        size="below d",
        effect=0.001,
        interval=(-0.0021, 0.0043),
        p=0.4,
        **common,
    )
    part = same.replace(id="bb.1", says="A > C", wordings={}, verdict="undecided", seeds_needed=40)
    chain = part.replace(id="bb", says="A > C > D", note="unprotected look 2", parts=(part,))
    proof = Verdict(id="cc", says="1 + 1 = 2", verdict="proved")
    return same, chain, proof


@pytest.fixture(scope="session")
def report() -> Report:
    """A quick report with figures, tables, failures and awkward characters."""
    rng = np.random.default_rng(0)
    course = pd.DataFrame(
        [
            {"arm": arm, "seed": seed, "epoch": epoch, "test_accuracy": rng.random()}
            for arm in ("a", "</script><b>")
            for seed in range(6)
            for epoch in range(1, 4)
        ]
    )
    pairs = pd.DataFrame({"claim": "aa", "seed": range(6), "difference": rng.normal(0, 0.01, 6)})
    verdicts = _verdicts()
    title = {"en": "A finding <with> & signs", "zh": "带有 <符号> 的发现"}
    return Report(
        id="4.2.1",
        slug="hidden-width",
        title={"en": "How wide, $h$?", "zh": "多宽，$h$？"},
        question={"en": "What is best?", "zh": "哪个最好？"},
        answer={
            "en": "## Why\n\nThe best is 256: $$y \\pm −3.25$$ and **equivalent**.",
            "zh": "## 原因\n\n最好的是 256：**等价**。",
        },
        verdicts=verdicts,
        figures=(
            learning_curves(course, "test_accuracy", title=title),
            paired_differences(pairs, verdicts[:1], title=title),
        ),
        tables={
            "scores-all": ReportTable(
                {"en": "Scores (all)", "zh": "得分（全部）"},
                pd.DataFrame({"arm": ["a"], "score": [0.1 + 0.2]}),
                {"en": {"arm": "setting"}, "zh": {"arm": "设置", "a": "甲"}},
            )
        },
        design={"task": "digits", "base": {"optim": {"lr": 0.1}}, "arms": ["a", "b"]},
        profile="quick",
        seconds=71.5,
        n_runs=12,
        n_from_store=4,
        provenance=(Provenance("x86_64", "2.13.0", "plain", "1"),),
        looks=({"split": "test", "purpose": "claims", "experiment": "4.2.1"},),
        failures=[{"arm": "b", "failed": 1, "runs": 6}],
        data_source="made up",
        made="2026-01-02T03:04:05+00:00",
    )


@pytest.fixture(scope="session")
def page(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the report."""
    return write_page(report, tmp_path_factory.mktemp("reports"))
