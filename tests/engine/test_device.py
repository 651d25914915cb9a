"""Devices that are not there are refused by name, and what is there is said."""

from __future__ import annotations

import pytest
import torch

import mlplab as ml
from mlplab.engine import provenance
from mlplab.engine.device import device_of
from mlplab.errors import ConfigError
from mlplab.execute import execute


@pytest.fixture
def gpus(monkeypatch):
    """Pretend that there are so many of NVIDIA's."""

    def pretend(number):
        def no_driver(*_):
            raise RuntimeError("Found no NVIDIA driver on your system")

        monkeypatch.setattr(torch.cuda, "is_available", lambda: number > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: number)
        monkeypatch.setattr(torch.cuda, "get_device_name", no_driver)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)

    return pretend


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps", "cpu:1", "xpu", "meta"])
def test_what_is_not_there_is_refused_everywhere(gpus, name):
    gpus(0)
    experiment = ml.Experiment("digits", base=ml.Run(fit=ml.Fit(epochs=1)), seeds=1)
    search = ml.Search(experiment.task, experiment.base, {"lr": [0.1, 0.2]}, seeds=1)
    for attempt in (
        lambda: device_of(name),
        lambda: provenance(name),
        lambda: experiment.run(":memory:", device=name),
        lambda: search.run(":memory:", device=name),
        lambda: list(execute(experiment.runs(), experiment.data, device=name)),
    ):
        with pytest.raises(ConfigError, match=f"device: '{name}' is not available here") as caught:
            attempt()
        assert "(there is: cpu)" in str(caught.value)


def test_a_number_beyond_those_there_are(gpus):
    gpus(2)
    assert str(device_of("cuda:1")) == "cuda:1"
    with pytest.raises(ConfigError, match=r"'cuda:7' .*there is: cpu, cuda, cuda:0, cuda:1"):
        device_of("cuda:7")


@pytest.mark.parametrize("name", ["cuda:x", "gpu", "CPU", "", " cpu", "cuda:-1", None, 0])
def test_what_is_no_device(gpus, name):
    gpus(0)
    with pytest.raises(ConfigError, match=r"device: expected cpu, cuda, cuda:0, mps, ...; got"):
        device_of(name)
