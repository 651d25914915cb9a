"""Nothing that a caller sets for torch reaches a run, and all of it is there again afterwards."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from tests.engine import made_modules  # noqa: F401  (registers them)
from tests.engine.population import bits, ended, made_up, of, trained
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import mlplab as ml
from mlplab.data import task_from_arrays
from mlplab.engine import plan_cost, predict, program, train
from mlplab.engine.surroundings import _HOOKS, _SETTINGS
from mlplab.execute import execute
from mlplab.specs import MLP, SGD, Adam, Fit, Module

NATIVE = True


@ml.module("mixed")
def mixed(n_features, n_outputs):
    """What kernels of many kinds compute: products, attention, a recurrence, noise."""

    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.read = nn.Linear(n_features, 128)
            self.attend = nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)
            self.out = nn.Linear(128, n_outputs)

        def forward(self, x):
            h = torch.relu(self.read(x)).unflatten(1, (16, 8))
            h = h + self.attend(h, h, h, need_weights=False)[0] + 0.01 * torch.randn(16, 8)
            h = nn.functional.dropout(h.flatten(1), 0.2, self.training)
            with torch.autocast("cpu", enabled=h.dtype == torch.float32):
                h = h + torch.relu(self.read(x))
            return self.out(h)

    return Mixed()


class Doubling(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        return found * 2 if func in (torch.relu, torch.zeros, torch.mul) else found


class Spoiling(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        if isinstance(found, torch.Tensor) and found.is_floating_point():
            found = found + 0.125
        return found


@contextlib.contextmanager
def setting(put, value, before) -> Iterator[None]:
    put(value)
    try:
        yield
    finally:
        put(before)


@contextlib.contextmanager
def hooked() -> Iterator[None]:
    handle = nn.modules.module.register_module_forward_hook(lambda m, x, out: out * 2)
    try:
        yield
    finally:
        handle.remove()


def _deterministic(on: bool) -> None:
    torch._C._set_deterministic_algorithms(on, warn_only=False)


CALLERS = {
    "dtype": lambda: setting(torch.set_default_dtype, torch.float64, torch.float32),
    "device": lambda: setting(torch.set_default_device, "meta", None),
    "device block": lambda: torch.device("meta"),
    "precision": lambda: setting(torch.set_float32_matmul_precision, "medium", "highest"),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "autocast's kind": lambda: setting(
        lambda kind: torch.set_autocast_dtype("cpu", kind), torch.float16, torch.bfloat16
    ),
    "no grad": torch.no_grad,
    "inference": torch.inference_mode,
    "deterministic": lambda: setting(_deterministic, True, False),
    "denormals": lambda: setting(torch.set_flush_denormal, True, False),
    "anomaly": torch.autograd.detect_anomaly,
    "threads": lambda: setting(torch.set_num_threads, 3, torch.get_num_threads()),
    "function mode": Doubling,
    "dispatch mode": Spoiling,
    "kept tensors": lambda: torch.autograd.graph.saved_tensors_hooks(
        lambda t: t * 0.5, lambda t: t
    ),
    "no hooks on kept tensors": lambda: torch.autograd.graph.disable_saved_tensors_hooks("none"),
    "module hooks": hooked,
    "no mkldnn": lambda: torch.backends.mkldnn.flags(enabled=False),
    "attention": lambda: torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH),
    "fast path": lambda: setting(torch.backends.mha.set_fastpath_enabled, False, True),
    "numpy": lambda: np.errstate(all="raise"),
}


def state() -> list:
    """What a caller can see of its own torch."""
    modes = torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack()
    return [
        *(setting.get() for setting in _SETTINGS),
        *modes,
        *(list(hooks) for hooks in _HOOKS),
        torch.get_num_threads(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.default_generator.initial_seed(),
        torch.random.default_generator.get_state().numpy().tobytes(),
        np.geterr(),
    ]


def everything():
    """Runs of all three ways to train: stacks, compiled loops, modules."""
    task = made_up(n=60, features=6, valid=0.2)
    fit = Fit(epochs=2, batch_size=16)
    nets = [
        MLP(hidden=(8, 5), activation="tanh", norm="batch", dropout=0.2, init="orthogonal"),
        MLP(hidden=(8,)),
        MLP(hidden=()),
        Module(name="mixed"),
        Module(name="two-linear"),
    ]
    return task, [of(task, net=net, optim=Adam(lr=0.01), fit=fit, seed=s)
                  for net in nets for s in (0, 1)]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed():
    task, runs = everything()
    done = trained(runs, task)
    inputs = np.array(task.inputs[:7])
    return (
        {key: bits(one) for key, one in done.items()},
        {run.key: predict(run, done[run.key].weights, inputs).tobytes() for run in runs},
    )


@pytest.mark.filterwarnings("ignore:Anomaly Detection", "ignore:TF32 acceleration")
@pytest.mark.parametrize("name", CALLERS)
def test_what_a_caller_sets_reaches_no_run_and_stays(name, undisturbed):
    ml.engine.modules.blueprint._look.cache_clear()
    expected, outputs = undisturbed
    task, runs = everything()
    done = {}
    with CALLERS[name]():
        before = state()
        for event in train(runs, task, keep_weights=True, keep_correct=True):
            assert state() == before
            done |= ended([event])
        inputs = np.array(task.inputs[:7])
        found = {run.key: predict(run, done[run.key].weights, inputs).tobytes() for run in runs}
        assert state() == before
    assert {key: bits(one) for key, one in done.items()} == expected
    # Predictions take as many threads as the caller has; trainings take one.
    assert found == outputs or name == "threads"


@ml.activation("shifted")
def shifted(z):
    return z + torch.ones(3).sum() * torch.ones(())


@pytest.mark.parametrize("name", ["dtype", "device", "function mode", "inference"])
def test_what_a_user_wrote_is_tried_as_it_trains(name):
    task = made_up(n=40, features=4)
    run = of(task, net=MLP(hidden=(4,), activation="shifted"), fit=Fit(batch_size=8))
    expected = plan_cost([run], task).bytes
    with CALLERS[name]():
        assert plan_cost([run], task).bytes == expected


@pytest.mark.parametrize("way", ["loops", "stacks", "module"])
def test_denormal_numbers_are_numbers_whatever_the_caller_makes_of_them(way, monkeypatch):
    if way == "stacks":
        monkeypatch.setattr(program, "is_native", lambda *_: False)
    whole = made_up(n=40, features=4)
    X = (whole.inputs * np.float32(1e-39)).astype("f4")
    task = task_from_arrays(X[:40], whole.targets[:40])
    net = Module(name="from-zero") if way == "module" else MLP(hidden=(), init="zeros")
    run = of(task, net=net, optim=SGD(lr=0.1), fit=Fit(epochs=2, batch_size=8))
    weights = [trained([run], task)[run.key].weights]
    with CALLERS["denormals"]():
        weights.append(trained([run], task)[run.key].weights)
    assert weights[0] == weights[1]


@ml.module("from-zero")
def from_zero(n_features, n_outputs):
    layer = nn.Linear(n_features, n_outputs)
    nn.init.zeros_(layer.weight)
    return layer


def test_workers_and_this_process_agree_under_a_caller_of_its_own_kind():
    task = made_up(n=60, features=6)
    runs = [of(task, net=Module(name="noisy"), seed=s, fit=Fit(epochs=2, batch_size=16))
            for s in range(4)]  # fmt: skip
    expected = {key: bits(one) for key, one in trained(runs, task).items()}
    with CALLERS["dtype"](), CALLERS["autocast"](), CALLERS["denormals"]():
        done = ended(execute(runs, task, workers=2, keep_weights=True, keep_correct=True))
    assert {key: bits(one) for key, one in done.items()} == expected


class TestThreads:
    def test_trainings_in_threads_have_the_bits_of_one(self, undisturbed):
        expected, _ = undisturbed
        found: dict[int, dict] = {}

        def job(number: int) -> None:
            task, runs = everything()
            found[number] = {key: bits(one) for key, one in trained(runs, task).items()}

        threads = [threading.Thread(target=job, args=(number,)) for number in range(3)]
        before = state()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert state() == before
        assert all(found[number] == expected for number in range(3))

    def test_a_thread_that_draws_keeps_its_stream_and_disturbs_nobody(self, undisturbed):
        expected, _ = undisturbed
        task, runs = everything()
        kept = torch.get_rng_state()
        torch.manual_seed(5)
        alone = [float(torch.rand(())) for _ in range(20_000)]
        torch.manual_seed(5)
        drawn: list[float] = []
        over = threading.Event()

        def draw() -> None:
            while not over.is_set() and len(drawn) < len(alone):
                drawn.append(float(torch.rand(())))

        thread = threading.Thread(target=draw)
        thread.start()
        found = {key: bits(one) for key, one in trained(runs, task).items()}
        over.set()
        thread.join()
        torch.set_rng_state(kept)
        assert found == expected
        assert drawn
        assert drawn == alone[: len(drawn)]

    def test_a_metric_may_train_itself(self):
        task = made_up(n=40, features=3, valid=0.2)
        inner = of(task, net=MLP(hidden=(3,)), fit=Fit(epochs=1, batch_size=8))

        @ml.metric("trains_itself")
        def trains_itself(targets, outputs):
            return trained([inner], task)[inner.key].outcome.last("valid_loss")

        run = of(task, fit=Fit(epochs=1, batch_size=8, measures=("trains_itself",)))
        found = trained([run], task)[run.key].outcome.last("valid_trains_itself")
        assert found == trained([inner], task)[inner.key].outcome.last("valid_loss")
