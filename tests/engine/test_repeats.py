"""What users wrote says the same each time and of each run, or is refused before training."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
import torch
from tests.engine.population import bits, made_up, of, trained

import mlplab as ml
from mlplab.engine import train
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Custom, Fit, Module, Run

_COUNT = itertools.count()


def numpys() -> float:
    return float(np.random.standard_normal())  # noqa: NPY002


def pythons() -> float:
    return random.gauss(0, 1)


def torchs() -> float:
    return float(torch.randn(()))


def counted() -> float:
    return float(next(_COUNT))


SOURCES = {
    "numpys": "it draws from numpy's own generator",
    "pythons": "it draws from Python's own generator",
    "torchs": "it draws by torch.randn",
    "counted": "called twice on the same numbers",
}
for source in (numpys, pythons, torchs, counted):

    def _optimiser(draw=source):
        def step(weight, gradient, rate):
            weight.sub_(rate * gradient + 0.1 * draw())

        return step

    ml.optimiser(f"noisy-{source.__name__}")(_optimiser())
    ml.activation(f"noisy-{source.__name__}")(lambda z, draw=source: torch.relu(z) + draw())
    ml.init(f"noisy-{source.__name__}")(
        lambda generator, n_out, n_in, draw=source: np.full((n_out, n_in), draw())
    )
    ml.schedule(f"noisy-{source.__name__}")(lambda epoch, epochs, draw=source: abs(draw()))


def noisy(kind: str, source: str) -> dict:
    name = f"noisy-{source}"
    return {
        "optimiser": {"optim": Custom(name=name)},
        "activation": {"net": MLP(hidden=(4,), activation=name)},
        "init": {"net": MLP(hidden=(4,), init=name)},
        "schedule": {"optim": SGD(schedule=name)},
    }[kind]


def generators() -> list:
    numbers = np.random.get_state()  # noqa: NPY002
    return [torch.get_rng_state().tolist(), numbers[1].tolist(), numbers[2], random.getstate()]


def refusal(*runs: Run, task) -> str:
    with pytest.raises(ConfigError) as caught:
        next(train(runs, task))  # the first event comes after the first step
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["optimiser", "activation", "init", "schedule"])
def test_what_draws_or_counts_is_refused_and_takes_no_number_of_the_callers(kind, source):
    task, fit = made_up(n=32), Fit(epochs=2, batch_size=8)
    fine = of(task, net=MLP(hidden=(3,)), fit=fit)
    before = generators()
    said = refusal(fine, of(task, fit=fit, **noisy(kind, source)), task=task)
    assert said.startswith(f"{kind} 'noisy-{source}': {SOURCES[source]}")
    assert generators() == before


def test_a_step_that_draws_is_refused_for_modules_too():
    from tests.engine import made_modules  # noqa: F401  (registers them)

    task = made_up(n=32)
    run = of(
        task, net=Module(name="two-linear"), fit=Fit(batch_size=8), **noisy("optimiser", "torchs")
    )
    assert refusal(run, task=task).startswith("optimiser 'noisy-torchs': it draws by torch.randn")


class Counting(torch.nn.Linear):
    """Scales by how often it was called, as a buffer or as a number of Python's."""

    def __init__(self, n_features, n_outputs, buffered):
        super().__init__(n_features, n_outputs)
        if buffered:
            self.register_buffer("calls", torch.zeros(()))
        else:
            self.calls = 0

    def forward(self, x):
        self.calls += 1
        return super().forward(x) * self.calls


@ml.module("counts-calls")
def counting(n_features, n_outputs, buffered=False):
    return Counting(n_features, n_outputs, buffered)


def test_a_module_that_counts_outside_its_buffers_is_refused():
    task, fit = made_up(n=32), Fit(epochs=2, batch_size=8)
    run = of(task, net=Module(name="counts-calls"), fit=fit)
    assert "called twice on the same numbers" in refusal(run, task=task)
    runs = [
        of(task, net=Module(name="counts-calls", settings={"buffered": True}), seed=seed, fit=fit)
        for seed in range(3)
    ]
    assert bits(trained(runs, task)[runs[2].key]) == bits(trained(runs[2:], task)[runs[2].key])


MIXED = {
    "centred": lambda z: z - z.mean(),
    "units": lambda z: torch.softmax(z, 1),
    "examples": lambda z: z / (1 + z.abs().amax(-1, keepdim=True)),
    "runs": lambda z: z + z.sum(0, keepdim=True),
    "turned": lambda z: z.flip(-1),
    "summed": lambda z: z.cumsum(-1),
}
for _name, _function in MIXED.items():
    ml.activation(f"mixed-{_name}")(_function)
ml.activation("mixed-slope", derivative=lambda z: z / z.norm())(torch.tanh)


@pytest.mark.parametrize("name", [*MIXED, "slope"])
def test_activations_that_mix_units_examples_or_runs_are_refused(name):
    task = made_up(n=32)
    run = of(task, net=MLP(hidden=(4,), activation=f"mixed-{name}"), fit=Fit(batch_size=8))
    assert "expected an elementwise function" in refusal(run, task=task)


@ml.metric("drawn_rows")
def drawn_rows(targets, outputs):
    rows = np.random.default_rng().integers(0, len(targets), len(targets))
    return float(outputs[rows].mean())


@ml.metric("drawn_rows_by_seed")
def drawn_rows_by_seed(targets, outputs):
    rows = np.random.default_rng(0).integers(0, len(targets), len(targets))
    return float(outputs[rows].mean())


def test_a_metric_that_draws_seeds_itself():
    task = made_up(n=32, n_test=16)
    fit = Fit(epochs=1, batch_size=8)
    run = of(task, fit=fit.replace(measures=("drawn_rows",)))
    with pytest.raises(ConfigError, match="metric 'drawn_rows': called twice on the same outputs"):
        trained([run], task)
    run = of(task, fit=fit.replace(measures=("drawn_rows_by_seed",)))
    assert np.isfinite(trained([run], task)[run.key].outcome.last("test_drawn_rows_by_seed"))
