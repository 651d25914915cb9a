"""Training leaves the caller's process as it was: random state, threads, devices, autograd."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from tests.engine.population import bits, ended, made_up, of, trained

from mlplab.engine import Ended, Progressed, train
from mlplab.specs import MLP, Adam, Fit

RUN = {"net": MLP(hidden=(16,), dropout=0.5), "optim": Adam()}


def random_state() -> tuple:
    legacy = np.random.get_state()  # noqa: NPY002
    return random.getstate(), legacy[1].tobytes(), legacy[2:], torch.get_rng_state().tolist()


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def population(epochs: int = 3) -> tuple:
    task = made_up(valid=0.2)
    return task, [of(task, seed=s, fit=Fit(epochs=epochs, batch_size=8), **RUN) for s in range(4)]


def test_the_global_random_state_is_neither_read_nor_changed():
    task, runs = population()
    before = random_state()
    first = trained(runs, task)
    assert random_state() == before
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    torch.manual_seed(1)
    again = trained(runs, task)
    assert all(bits(first[key]) == bits(again[key]) for key in first)


def test_threads_autograd_and_devices_are_the_callers_between_events(two_threads, every_step):
    task, runs = population()
    n_events = 0
    for event in train(runs, task):
        n_events += isinstance(event, Progressed | Ended)
        assert torch.get_num_threads() == 2
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
    assert n_events > 10
    assert torch.get_num_threads() == 2


def test_threads_come_back_when_training_is_left_or_fails(two_threads, every_step):
    task, runs = population()
    events = train(runs, task)
    next(events)
    events.close()
    assert torch.get_num_threads() == 2
    with pytest.raises(Exception, match="checkpoint"):
        list(train(runs, task, resume={runs[0].key: b"garbage"}))
    assert torch.get_num_threads() == 2
    assert not torch.is_inference_mode_enabled()


def test_two_trainings_may_take_turns(two_threads, every_step):
    task, runs = population()
    alone = trained(runs, task)
    one, other = train(runs, task, keep_weights=True), train(runs, task, keep_weights=True)
    events: tuple[list, list] = ([], [])
    while True:
        # Unequal turns, so that one ends in the middle of the other.
        turn = [next(one, None), next(one, None), next(other, None)]
        events[0].extend(turn[:2])
        events[1].append(turn[2])
        if turn == [None] * 3:
            break
    for found in events:
        weights = {key: e.weights for key, e in ended(e for e in found if e is not None).items()}
        assert weights == {key: e.weights for key, e in alone.items()}


def test_bits_do_not_depend_on_the_callers_threads_or_default_dtype(two_threads):
    task, runs = population()
    with_two = trained(runs, task)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    try:
        with_one = trained(runs, task)
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(bits(with_one[key]) == bits(with_two[key]) for key in with_one)
