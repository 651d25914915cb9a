"""The library of compiled loops: the same bits on all processors, and nothing it cannot take."""

from __future__ import annotations

import ctypes
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.engine.population import bits, made_up, of, trained

import mlplab
from mlplab.engine.native import coverage, job, library, unit
from mlplab.engine.native.arrays import Arrays
from mlplab.engine.native.library import KERNEL, Library, Unusable
from mlplab.engine.training import Splits, Training
from mlplab.execute import execute
from mlplab.specs import MLP, SGD, Adam, Fit

ROOT = Path(mlplab.__file__).parents[2]
LOOPS = KERNEL / "loops.so"


def populations():
    """Small runs that go through every line of the source between them."""
    for kind in ("classification", "regression"):
        for dtype in ("float32", "float64"):
            for weights in ("none", "some"):
                task = made_up(kind, n=61, features=9, outputs=3, valid=0.25, dtype=dtype,
                               weights=weights)  # fmt: skip
                losses = ["squared", "auto"] if kind == "classification" else ["auto"]
                hidden = [((), 0.0, "relu"), ((21, 6), 0.3, "leaky-relu:0.1"), ((7,), 0.0, "relu")]
                hidden += [((9, 4), 0.2, curve) for curve in coverage.CURVES]
                yield task, [
                    of(task, net=MLP(hidden=widths, dropout=rate, activation=name),
                       optim=optim, seed=seed,
                       fit=Fit(epochs=3, batch_size=12, last_batch="keep", test="epoch",
                               dtype=dtype, loss=loss, patience=2))
                    for widths, rate, name in hidden for loss in losses for seed in (0, 1)
                    for optim in (Adam(lr=0.01, l1=0.001), SGD(lr=0.05, momentum=0.9))
                ]  # fmt: skip


def by(loops):
    """All bits of these populations, trained by a library."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "library", lambda: loops)
        return [
            {key: bits(end) for key, end in trained(runs, task).items()}
            for task, runs in populations()
        ]


@pytest.fixture(scope="module")
def own_bits():
    return by(library.library())


def best():
    return library.library().level


@pytest.mark.skipif(best() != "v4", reason="the processor has no other level")
def test_avx2_and_avx512_give_the_same_bits(own_bits):
    assert by(Library(LOOPS, "v3")) == own_bits


@pytest.mark.parametrize(
    ("compiler", "flags"),
    [
        ("gcc", "-O1"),
        pytest.param("gcc", "-O3", marks=pytest.mark.slow),
        pytest.param("clang", "-O3", marks=pytest.mark.slow),
    ],
)
def test_another_compiler_gives_the_same_bits(own_bits, compiler, flags, tmp_path):
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler} here")
    folders = ["--build-lib", str(tmp_path), "--build-temp", str(tmp_path)]
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", *folders],
        cwd=ROOT,
        env=os.environ | {"CC": compiler, "CFLAGS": flags},
        check=True,
    )
    (built,) = tmp_path.rglob("loops.so")
    for level in {"v4": ("v3", "v4")}.get(best(), (best(),)):
        assert by(Library(built, level)) == own_bits


def fields_of(hidden, **fit):
    """What one call of the loops is given."""
    task = made_up("regression", n=40, features=5, outputs=2, valid=0.25)
    run = of(task, net=MLP(hidden=hidden, dropout=0.2 if hidden else 0.0, activation="tanh"),
             fit=Fit(epochs=2, batch_size=8, patience=1, **fit))  # fmt: skip
    splits = Splits(task)
    training = Training.begin(run, splits)
    training.split = splits.of(run)
    kept = []

    def keep(fields, dtype):
        kept.append(fields)
        raise StopIteration

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unit, "train", keep)
        made = unit.Unit(training.program, [training], Arrays(task, training.program), False)
        with pytest.raises(StopIteration):
            made.advance(2)
    return kept[0]


class TestWhatIsRefused:
    @pytest.mark.parametrize("hidden", [(), (6, 4)])
    def test_arrays_that_are_too_small_or_of_another_kind(self, hidden):
        fields = fields_of(hidden)
        job.train(fields, "float32")
        arrays = [name for name, value in fields.items() if isinstance(value, np.ndarray)]
        assert len(arrays) > 25
        optional = {"plan", "kept", "edges"}  # without it, the runs would be others
        for name in arrays:
            array = fields[name]
            kind = "float64" if array.dtype == "float32" else "float32"
            others = [array.astype(kind)]
            if array.size:
                others += [np.zeros(0, array.dtype), *([] if name in optional else [None])]
            for other in others:
                with pytest.raises(ValueError, match=f"loops: .*{name}"):
                    job.train(fields | {name: other}, "float32")

    @pytest.mark.parametrize("hidden", [(), (6, 4)])
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("n_epochs", 1000), ("n_epochs", -1), ("n_steps", 99), ("n_train", 10**6),
            ("n_valid", 10**6), ("n_test", 10**6), ("n_groups", 7), ("n_outputs", 40),
            ("n_inputs", 400), ("size", 10**9), ("size", -16), ("scored", 10**6),
            ("shift", 20), ("n_outputs", 0), ("sizes", np.array([8, 8, 80])),
            ("sizes", np.array([8, -8, 8])), ("train", np.full((1, 30), 65)),
            ("train", np.full((1, 30), -1)), ("test", np.array([2**40])),
            ("vectors", np.array([0, 5])), ("vectors", np.array([3, 1])),
        ],
    )  # fmt: skip
    def test_numbers_beyond_what_the_arrays_hold(self, hidden, name, value):
        fields = fields_of(hidden)
        if name == "scored" and hidden:
            pytest.skip("networks say it by their plan")
        with pytest.raises(ValueError, match="loops: "):
            job.check_sizes(fields | {name: value})

    @pytest.mark.parametrize(
        ("column", "value"), [(0, 50), (1, 50), (2, 3), (3, 10**7), (4, -64), (5, 10**7)]
    )
    def test_layers_that_lie_elsewhere(self, column, value):
        fields = fields_of((6, 4))
        plan = fields["plan"].copy()
        plan[1, column] = value
        with pytest.raises(ValueError, match="loops: "):
            job.check_sizes(fields | {"plan": plan})

    def test_unknown_and_missing_fields(self):
        fields = fields_of(())
        with pytest.raises(ValueError, match="speed"):
            job.train(fields | {"speed": 1}, "float32")
        del fields["mask"]
        with pytest.raises(ValueError, match="mask"):
            job.train(fields, "float32")


class TestWhereThereIsNone:
    def test_a_library_that_is_not_there_or_none(self, tmp_path):
        with pytest.raises(Unusable, match="has not been built"):
            Library(tmp_path / "loops.so")
        (tmp_path / "loops.so").write_text("no machine code")
        with pytest.raises(Unusable, match=r"loops\.so"):
            Library(tmp_path / "loops.so")

    def test_a_library_of_other_sources(self, monkeypatch):
        monkeypatch.setattr(library, "hash_sources", lambda _: "others")
        with pytest.raises(Unusable, match="pip install"):
            Library(LOOPS)

    def test_a_library_with_another_layout(self, monkeypatch):
        monkeypatch.setitem(library._TYPES, "Int", ctypes.c_int32)
        with pytest.raises(Unusable, match="lays out"):
            Library(LOOPS)

    def test_stacks_train_everything_and_one_line_says_why(self, monkeypatch, caplog):
        task = made_up(n=40)
        runs = [of(task, net=MLP(hidden=h), fit=Fit(epochs=2, batch_size=8)) for h in ((), (4,))]
        for module in (library, coverage):
            monkeypatch.setattr(module, "missing", lambda: "it has not been built")
        library.tell_missing.cache_clear()
        assert not any(Training.begin(run, Splits(task)).program.native for run in runs)
        with caplog.at_level(logging.WARNING):
            for _ in range(2):
                assert len([e for e in execute(runs, task) if hasattr(e, "outcome")]) == 2
        (line,) = [record.getMessage() for record in caplog.records]
        assert "slow" in line
        assert "it has not been built" in line
        library.tell_missing.cache_clear()


def test_the_library_is_of_these_sources():
    assert library.missing() == "", os.fspath(LOOPS)
