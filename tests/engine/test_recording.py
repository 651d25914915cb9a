"""Steps that were recorded once and are replayed = steps taken one by one, bit for bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.engine.population import bits, made_up, of, trained
from tests.engine.tape import Tape

import mlplab as ml
from mlplab.engine import workshop
from mlplab.engine.program import program_of
from mlplab.engine.recording import CudaGraphs, can_be_recorded, recorder_of
from mlplab.specs import LARS, MLP, SGD, Adam, AdamW, Custom, Fit, Lion, RMSprop


@pytest.fixture
def tape(monkeypatch):
    """Kernels for devices on the CPU; what they record goes on a tape once `record` is called."""
    monkeypatch.setattr(workshop, "kernel_kind", lambda: "device")
    tapes: list[Tape] = []

    def record():
        def recorder(program, device):
            if not can_be_recorded(program):
                return None
            tapes.append(Tape())
            return tapes[-1]

        monkeypatch.setattr(workshop, "recorder_of", recorder)
        return tapes

    return record


@ml.optimiser("recorded-sign")
def sign(weight, gradient, rate):
    weight.sub_(rate * gradient.sign())


OPTIMISERS = (
    SGD(lr=0.1),
    SGD(lr=0.1, weight_decay=0.1, decay_biases=False, schedule="one-cycle"),
    SGD(lr=0.1, momentum=0.9, weight_decay=0.1, schedule="cosine:0.1,warmup=1.5"),
    SGD(lr=0.1, momentum=0.9, nesterov=True),
    SGD(lr=0.1, clip_norm=0.3, schedule="one-cycle"),
    SGD(lr=0.1, clip_value=0.02, l1=0.01, schedule="one-cycle"),
    RMSprop(lr=0.01, weight_decay=0.1),
    Adam(lr=0.01, weight_decay=0.1, schedule="one-cycle"),
    AdamW(lr=0.01, weight_decay=0.1, schedule="exponential:0.7"),
    LARS(lr=1.0, trust=0.01, weight_decay=0.1),
    Lion(lr=0.003, weight_decay=0.1),
)
NETS: tuple[dict[str, Any], ...] = (
    {"hidden": ()},
    {"hidden": (9, 7), "activation": "prelu:0.25,unit", "norm": "batch"},
    {"hidden": (8, 8), "activation": "gelu", "norm": "layer", "residual": True},
)


def both(runs, task, tape) -> tuple[dict, dict, list[Tape]]:
    usual = trained(runs, task)
    tapes = tape()
    return usual, trained(runs, task), tapes


@pytest.mark.parametrize("net", NETS, ids=lambda net: str(net["hidden"]))
@pytest.mark.parametrize("optim", OPTIMISERS, ids=lambda optim: optim.kind)
def test_optimisers(tape, optim, net):
    task = made_up(n=40, features=6, valid=0.25)
    fit = Fit(epochs=3, batch_size=8, last_batch="keep", measures=("grad_norm",))
    runs = [
        of(task, net=MLP(**net), optim=optim.replace(lr=optim.lr * times), seed=seed, fit=fit)
        for seed in (0, 1)
        for times in (0.5, 1)
    ]
    usual, replayed, (tape_of_stack, *_) = both(runs, task, tape)
    # 30 training rows: three batches of 8 and one of 6, each recorded at its second time.
    assert tape_of_stack.n_captures == 2
    assert tape_of_stack.n_replays == 3 * 4 - 2
    for key, one in replayed.items():
        assert bits(one) == bits(usual[key])


@pytest.mark.parametrize(
    ("kind", "fit", "given"),
    [
        ("classification", {"label_smoothing": 0.1}, {}),
        ("classification", {"ema": 0.9}, {}),
        ("classification", {"patience": 1, "epochs": 5}, {"weights": "zeros"}),
        ("regression", {"loss": "huber"}, {"weights": "some"}),
        ("regression", {"loss": "log-cosh"}, {}),
        ("regression", {"loss": "absolute", "rewinds": 2}, {}),
    ],
    ids=str,
)
def test_ways_of_training(tape, kind, fit, given):
    task = made_up(kind, n=50, features=20, valid=0.2, **given)
    runs = [
        of(task, net=MLP(hidden=(8,)), optim=SGD(lr=rate, schedule="plateau:0,0.5"), seed=seed,
           fit=Fit(**({"epochs": 3, "batch_size": 10} | fit)))
        for seed in (0, 1) for rate in (0.1, 0.3)
    ]  # fmt: skip
    usual, replayed, tapes = both(runs, task, tape)
    assert sum(one.n_replays for one in tapes) > 4
    for key, one in replayed.items():
        assert bits(one) == bits(usual[key])


@pytest.mark.parametrize("seeds", [(0, 0, 0, 1, 1), (0, 1, 2, 3)])
def test_groups_of_any_sizes(tape, seeds):
    task = made_up(n=40, features=6)
    runs = [
        of(task, net=MLP(hidden=(8,)), optim=SGD(lr=0.1 + at / 10), seed=seed,
           fit=Fit(epochs=2, batch_size=8))
        for at, seed in enumerate(seeds)
    ]  # fmt: skip
    usual, replayed, _ = both(runs, task, tape)
    for key, one in replayed.items():
        assert bits(one) == bits(usual[key])


@pytest.mark.parametrize(
    "fields",
    [
        {"net": MLP(hidden=(8,), dropout=0.2)},
        {"net": MLP(hidden=(8,), noise="gaussian", noise_strength=0.1)},
        {"fit": Fit(epochs=2, batch_size=10, mixup=0.2)},
        {"optim": Custom(name="recorded-sign", lr=0.01)},
    ],
    ids=["dropout", "noise", "mixup", "custom"],
)
def test_what_asks_the_host_is_not_recorded_and_trains_all_the_same(tape, fields):
    task = made_up(n=40, features=6)
    common = {"net": MLP(hidden=(8,)), "fit": Fit(epochs=2, batch_size=10)} | fields
    usual, replayed, tapes = both([of(task, **common)], task, tape)
    assert sum(one.n_captures for one in tapes) == 0
    for key, one in replayed.items():
        assert bits(one) == bits(usual[key])


def test_a_number_that_the_host_changes_is_found_out():
    total, tape = torch.zeros(2), Tape()
    numbers = iter((1.0, 2.0))
    replay = tape.capture(lambda: total.add_(next(numbers)))
    assert total.tolist() == [0, 0]  # a capture does nothing
    replay()
    replay()
    assert total.tolist() == [2, 2]  # and not the 3 of two calls


def test_what_waits_for_the_device_would_be_found_out():
    with pytest.raises(AssertionError, match="asks the host"):
        Tape().capture(lambda: bool(torch.ones(1) > 0))


def test_graphs_are_for_gpus_and_asked_for(monkeypatch):
    task = made_up()
    program = program_of(of(task, net=MLP(hidden=(8,)), fit=Fit(batch_size=10)), task, 60)
    cuda, cpu = torch.device("cuda"), torch.device("cpu")
    monkeypatch.delenv("MLPLAB_GRAPHS", raising=False)
    assert recorder_of(program, cuda) is None
    monkeypatch.setenv("MLPLAB_GRAPHS", "1")
    assert isinstance(recorder_of(program, cuda), CudaGraphs)
    assert recorder_of(program, cpu) is None


def test_a_tensor_that_is_made_anew_is_found_out():
    total, held = torch.zeros(2), [torch.ones(2)]
    replay = Tape().capture(lambda: total.add_(held[0]))
    replay()
    held[0] = torch.ones(2)
    with pytest.raises(AssertionError, match="no longer there"):
        replay()
