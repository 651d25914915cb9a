"""The data sets by name: adding one, listing them, and what is said of wrong names."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mlplab.data
from mlplab.data import available, dataset, fetch, load_task, task_from_arrays, verify
from mlplab.data import registry as registry_module
from mlplab.errors import ConfigError

FETCHED = {"fashion-mnist", "house-prices", "small-fashion-mnist"}
MADE = ["blobs", "digits", "modular-addition", "polynomial", "sparse-linear", "spirals", "xor"]
OWN = FETCHED | set(MADE)


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    known = {k: v for k, v in registry_module._REGISTRY.items() if k in OWN}
    monkeypatch.setattr(registry_module, "_REGISTRY", known)


@pytest.fixture
def halves():
    @dataset("halves", describe="is it the upper half?", kind="classification", n_features=1)
    def load(*, n: int = 4, flip: bool = False):
        x = np.linspace(0, 1, n)[:, None]
        return task_from_arrays(x, (x[:, 0] > 0.5) != flip, x, x[:, 0] > 0.5)

    return load


def test_the_designs_data_sets_are_there():
    assert {info.name for info in available()} == OWN
    assert all(len(info.description) > 10 for info in available())


@pytest.mark.parametrize("name", MADE)
def test_what_is_listed_is_what_is_loaded(name):
    info = next(info for info in available() if info.name == name)
    task = load_task(name)
    assert (info.n_train, info.n_test) == (task.n_pool, task.n_test)
    assert (info.n_features, info.kind) == (task.n_features, task.kind)
    assert info.where == task.source == fetch(name)
    assert task.name == name
    assert verify(name) == []


def test_one_small_function_adds_a_data_set(halves):
    task = load_task("halves", valid=1, flip=True)
    assert (task.name, task.n_pool, task.n_valid) == ("halves", 4, 1)
    assert task.params == {"n": 4, "flip": True}
    assert task.source == "made by a function"
    spec = task.spec()
    assert load_task(spec["name"], valid=1, **spec["params"]).content == task.content
    assert load_task("halves").content != task.content
    assert "halves" in {info.name for info in available()}


def test_a_users_data_set_can_be_defined_again_but_not_ours(halves):
    dataset("halves", describe="another")(halves)
    assert next(i for i in available() if i.name == "halves").description == "another"
    with pytest.raises(ConfigError, match="'digits' is one of mlplab's own"):
        dataset("digits", describe="mine")(halves)


@pytest.mark.parametrize("ask", [load_task, fetch, verify])
def test_an_unknown_name_is_answered_with_the_nearest_and_the_list(ask):
    with pytest.raises(ConfigError, match=r"'fashon-mnist' is not known; did you mean 'fashion-"):
        ask("fashon-mnist")
    with pytest.raises(ConfigError, match=r"'zzz' is not known; known: blobs, digits"):
        ask("zzz")


def test_an_unknown_missing_or_odd_parameter_is_named(halves):
    with pytest.raises(
        ConfigError, match="'halves' has no parameter 'm'; known: n, flip, permute, bins"
    ):
        load_task("halves", m=3)
    with pytest.raises(ConfigError, match="'digits' has no parameter 'n'; known: permute, bins"):
        load_task("digits", n=3)
    with pytest.raises(ConfigError, match="'halves': expected parameters that JSON can hold"):
        load_task("halves", n=np.arange(3))

    @dataset("needy", describe="asks for a size")
    def needy(n: int):
        return task_from_arrays(np.eye(n), np.arange(n) % 2)

    with pytest.raises(ConfigError, match="'needy' needs a value for 'n'"):
        load_task("needy")
    assert load_task("needy", n=3).n_pool == 3


@pytest.mark.parametrize("name", ["bins", "permute", "valid", "offline"])
def test_a_parameter_that_every_data_set_has_cannot_be_one_more(name):
    source = f"def load(*, {name}=1): return None"
    made: dict = {}
    exec(source, made)
    with pytest.raises(ConfigError, match=f"'mine': every data set has '{name}'; give"):
        dataset("mine", describe="cannot be")(made["load"])


def test_files_and_parameters_go_together(tiny):
    files = tiny.files

    @dataset("tiny-part", describe="one class against the rest", files=files)
    def part(folder, *, positive: int = 0):
        images = tiny.images[:8]
        assert (folder / "train-images-idx3-ubyte.gz").is_file()
        return task_from_arrays(images, tiny.labels[:8] == positive)

    assert load_task("tiny-part", positive=1).targets.tolist() == [0, 1, 0, 0, 1, 0, 0, 1]
    assert load_task("tiny-part").targets.tolist() == [1, 0, 0, 1, 0, 0, 1, 0]


def test_the_public_names():
    assert mlplab.data.__all__ == sorted(mlplab.data.__all__)
    assert {
        "Task",
        "Split",
        "Look",
        "DatasetInfo",
        "load_task",
        "task_from_arrays",
        "dataset",
        "available",
        "fetch",
        "verify",
        "attach",
    } <= set(mlplab.data.__all__)
    assert all(hasattr(mlplab.data, name) for name in mlplab.data.__all__)


def test_importing_the_room_loads_nothing_heavy():
    program = (
        "import sys, mlplab.data;"
        "print([m for m in ('torch', 'pandas', 'sklearn', 'scipy', 'pooch', 'requests', 'altair')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def leave():
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("load", "says"),
    [
        (leave, "data set 'mine' failed with SystemExit: 0"),
        (lambda: 1 / 0, "data set 'mine' failed with ZeroDivisionError: division by zero"),
        (lambda: None, "data set 'mine': expected a Task; it returned None"),
    ],
)
def test_what_a_users_data_set_does_wrong_is_one_line(load, says):
    dataset("mine", describe="mine")(load)
    with pytest.raises(ConfigError, match=says):
        load_task("mine")


@pytest.mark.parametrize("name", ["valid", "bins", "permute"])
def test_a_number_too_long_to_show_is_told(name):
    with pytest.raises(ConfigError, match=f"^{name}: .*a whole number of more than 4300 digits"):
        load_task("xor", **{name: -(10**5000)})
