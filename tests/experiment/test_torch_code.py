"""One run in plain PyTorch: it runs as it stands, and is a sample of the setting that it says."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout

import pytest
import torch

import mlplab as ml
from mlplab.experiment.torch_code import torch_code
from mlplab.store import Store

TASK = ml.load_task("digits", valid=0.1)
SETTINGS = {
    "sgd": ml.Run(fit=ml.Fit(epochs=6, batch_size=32)),
    "adam, dropout, tanh": ml.Run(
        net=ml.MLP(hidden=(64, 32), activation="tanh", init="xavier", dropout=0.2),
        optim=ml.Adam(lr=0.003),
        fit=ml.Fit(epochs=6, batch_size=32, last_batch="keep"),
    ),
    "linear, momentum, decay": ml.Run(
        net=ml.MLP(hidden=(), init="zeros"),
        optim=ml.SGD(lr=0.05, momentum=0.9, weight_decay=0.001),
        fit=ml.Fit(epochs=6, batch_size=32),
    ),
}


def score_of(code: str) -> float:
    said = io.StringIO()
    with torch.random.fork_rng(), redirect_stdout(said):
        exec(code, {})
    return float(re.findall(r"[\d.]+", said.getvalue())[-1])


@pytest.mark.parametrize("name", SETTINGS)
def test_it_scores_as_other_runs_of_its_setting_do(name: str) -> None:
    run = SETTINGS[name]
    code = torch_code(run, TASK)
    assert 10 <= len(code.splitlines()) <= 30
    runs = ml.Experiment(TASK, run, seeds=8).run(Store(":memory:"), workers=1)
    scores = runs.values("test_accuracy")[0]
    # One more sample lies within six deviations of the mean; a wrong setting does not learn alike.
    assert abs(score_of(code) - scores.mean()) < 6 * max(scores.std(ddof=1), 0.005)


def test_it_trains_on_the_rows_of_the_run() -> None:
    few = ml.Run(fit=ml.Fit(epochs=1), rows=ml.First(n=100))
    names: dict[str, object] = {}
    with torch.random.fork_rng(), redirect_stdout(io.StringIO()):
        exec(torch_code(few, TASK), names)
    assert names["train"].tolist() == TASK.split(0, few.rows).train.tolist()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "run",
    [
        ml.Run(optim=ml.Lion()),
        ml.Run(optim=ml.SGD(schedule="cosine")),
        ml.Run(net=ml.MLP(norm="batch")),
        ml.Run(fit=ml.Fit(patience=3)),
        ml.Run(net=ml.MLP(init="orthogonal")),
    ],
    ids=lambda run: repr(run)[:40],
)
def test_what_has_no_short_form_has_no_code(run: ml.Run) -> None:
    assert torch_code(run, TASK) == ""


def test_numbers_are_told_by_their_loss() -> None:
    task = ml.load_task("polynomial")
    code = torch_code(ml.Run(net=ml.MLP(hidden=())), task)
    assert "mse_loss" in code
    assert score_of(code) >= 0
