"""The settings in which memory is measured: populations that take over 64 MiB beside their data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict

import mlplab as ml

Net = ml.MLP | ml.Module


@ml.metric("first_output")
def first_output(targets: Any, outputs: Any) -> float:
    """Return the mean of the first output."""
    return float(outputs[:, 0].mean())


@ml.module("memory-mlp")
def memory_mlp(n_features: int, n_outputs: int, width: int = 32) -> Any:
    """Return a module of one hidden layer."""
    from torch import nn

    return nn.Sequential(nn.Linear(n_features, width), nn.ReLU(), nn.Linear(width, n_outputs))


def wide(*widths: int, **fields: Any) -> ml.MLP:
    """Return a network with hidden layers of these widths."""
    return ml.MLP(hidden=widths, **fields)


@dataclass(frozen=True)
class Setting:
    """Data of random numbers, a base run, and how many seeds of it.

    Attributes:
        net, optim, fit: of the base run; `fit` overrides one epoch of batches of 32.
        seeds: how many runs of each arm.
        rows, test_rows, valid, features, classes: of the data.
        outputs: of a regression, in place of classes.
        vary: further factors, as an experiment has them.
        keep_weights: keep every run's weights in the store.
        checkpoints: keep a checkpoint of every run after every epoch.
    """

    net: Net = field(default_factory=lambda: wide(8))
    fit: dict[str, Any] = field(default_factory=dict)
    optim: Any = field(default_factory=ml.SGD)
    seeds: int = 1
    rows: int = 1000
    test_rows: int = 0
    valid: float = 0.0
    features: int = 8
    classes: int = 3
    outputs: int = 0
    vary: dict[str, list[Any]] = field(default_factory=dict)
    keep_weights: bool = False
    checkpoints: bool = False


def module(width: int) -> ml.Module:
    """Return a module of one hidden layer, trained by torch's autograd."""
    return ml.Module(name="memory-mlp", settings={"width": width})


class Sizes(TypedDict):
    """Sizes of an example."""

    features: int
    classes: int


STACK: dict[str, Any] = {"measures": ("grad_norm",)}  # compiled loops do not measure it
METRIC: dict[str, Any] = {"measures": ("first_output",)}
PIXELS: Sizes = {"features": 784, "classes": 10}
B64: dict[str, Any] = {"batch_size": 64}
B256: dict[str, Any] = {"batch_size": 256}
B500: dict[str, Any] = {"batch_size": 500}

GRID: dict[str, Setting] = {
    # Widths.
    "width 512": Setting(wide(512), B256, seeds=24, rows=1024, **PIXELS),
    "width 1024": Setting(wide(1024), {"batch_size": 1500}, seeds=16, rows=3000, **PIXELS),
    "width 2048": Setting(wide(2048), {"batch_size": 400}, seeds=8, rows=1200, **PIXELS),
    "width 4096": Setting(wide(4096), B256, seeds=4, rows=512, **PIXELS),
    "width 8192": Setting(wide(8192), B64, seeds=2, rows=128, **PIXELS),
    "width 300, many": Setting(wide(300), B500 | STACK, seeds=60, rows=2000, **PIXELS),
    "width 64, many": Setting(wide(64), B500 | STACK, seeds=100, rows=4000, **PIXELS),
    # Depths.
    "no hidden layer": Setting(wide(), {"batch_size": 300} | STACK, seeds=400, rows=1024, **PIXELS),
    "depth 2": Setting(wide(1024, 1024), B256, seeds=8, rows=512, **PIXELS),
    "depth 3": Setting(wide(512, 512, 512), B256, seeds=16, rows=512, **PIXELS),
    "depth 4": Setting(wide(1500, 700, 1500, 700), B64, seeds=6, rows=256, **PIXELS),
    "depth 8": Setting(wide(*(512,) * 8), B64, seeds=8, rows=256, **PIXELS),
    "depth 2, widest": Setting(wide(4096, 4096), B64, seeds=2, rows=128, **PIXELS),
    # Batches.
    "batch 1": Setting(wide(1024), {"batch_size": 1} | STACK, seeds=16, rows=64, **PIXELS),
    "batch 16": Setting(wide(1024), {"batch_size": 16} | STACK, seeds=16, rows=256, **PIXELS),
    "batch 1000": Setting(wide(800), {"batch_size": 1000}, seeds=8, rows=2000, **PIXELS),
    "batch 4000": Setting(wide(512), {"batch_size": 4000}, seeds=8, rows=4000, **PIXELS),
    "batch 20000": Setting(wide(128), {"batch_size": 20_000}, seeds=4, rows=20_000, features=100),
    # Precision.
    "float64, width 512": Setting(wide(512), {"batch_size": 700, "dtype": "float64"}, seeds=8,
                                  rows=1400, **PIXELS),
    "float64, width 2048": Setting(wide(2048), B64 | {"dtype": "float64"}, seeds=4, rows=256,
                                   **PIXELS),
    "float64, adam": Setting(wide(1024), B64 | {"dtype": "float64"}, ml.Adam(), seeds=4, rows=256,
                             **PIXELS),
    "float64, depth 3": Setting(wide(512, 512, 512), B256 | {"dtype": "float64"},
                                ml.SGD(momentum=0.9),
                                seeds=8, rows=512, **PIXELS),
    # Optimisers.
    "momentum": Setting(wide(1300), B256, ml.SGD(momentum=0.9), seeds=12, rows=512, **PIXELS),
    "nesterov": Setting(wide(2048), B64, ml.SGD(momentum=0.9, nesterov=True), seeds=6, rows=256,
                        **PIXELS),
    "adam": Setting(wide(1024), B256, ml.Adam(), seeds=8, rows=512, **PIXELS),
    "adam, width 4096": Setting(wide(4096), B64, ml.Adam(), seeds=2, rows=128, **PIXELS),
    "adam, stacked passes": Setting(wide(16), B64 | STACK, ml.Adam(), seeds=900, rows=256,
                                    features=300, classes=10),
    "adamw": Setting(wide(2048), B64, ml.AdamW(), seeds=4, rows=256, **PIXELS),
    "rmsprop": Setting(wide(1024), B256, ml.RMSprop(), seeds=8, rows=512, **PIXELS),
    "lion": Setting(wide(1024), B256, ml.Lion(), seeds=8, rows=512, **PIXELS),
    "lars": Setting(wide(1024), B256, ml.LARS(), seeds=8, rows=512, **PIXELS),
    "clipping": Setting(wide(1024), B256, ml.SGD(clip_norm=1.0), seeds=8, rows=512, **PIXELS),
    "running means": Setting(wide(1024), B256 | {"ema": 0.9}, seeds=8, rows=512, **PIXELS),
    # Slots: few, many, more than fit at a time, runs of several arms.
    "2 runs": Setting(wide(4000), B256, seeds=2, rows=512, test_rows=500, **PIXELS),
    "5 runs": Setting(wide(3000), B256, seeds=5, rows=512, test_rows=500, **PIXELS),
    "16 runs": Setting(wide(3000), B64, seeds=16, rows=128, **PIXELS),
    "1000 runs": Setting(wide(16), B64 | STACK, seeds=1000, rows=256, features=500),
    "6000 runs": Setting(wide(2), B64 | STACK, seeds=6000, rows=128),
    "rates share batches": Setting(wide(2500), B256, seeds=4, rows=512,
                                   vary={"optim.lr": [0.01, 0.03, 0.1, 0.3]}, **PIXELS),
    "two widths": Setting(wide(1024), B256, seeds=6, rows=512,
                          vary={"net.hidden": [(1024,), (2048,)]}, **PIXELS),
    # Activations, norms, noise.
    "tanh, dropout": Setting(wide(1000, 1000, dropout=0.2, activation="tanh"),
                             {"batch_size": 1000}, seeds=4, rows=2000, **PIXELS),
    "gelu, batch norm": Setting(wide(1000, 1000, norm="batch", activation="gelu"),
                                {"batch_size": 1000}, seeds=4, rows=2000, **PIXELS),
    "silu, layer norm": Setting(wide(700, 700, norm="layer", activation="silu"),
                                {"batch_size": 1000}, seeds=6, rows=2000, **PIXELS),
    "gaussian noise": Setting(wide(1000, 1000, noise="gaussian", noise_strength=0.1),
                              {"batch_size": 500}, seeds=4, rows=1000, **PIXELS),
    "residual": Setting(wide(800, 800, 800, residual=True), {"batch_size": 500}, seeds=6, rows=1000,
                        **PIXELS),
    # Metrics: splits that are scored, gradients, users' own.
    "test rows": Setting(wide(2000), B256, seeds=8, rows=512, test_rows=10_000, **PIXELS),
    "valid and test rows": Setting(wide(512, 512), B256 | {"test": "epoch", "epochs": 2}, seeds=12,
                                   rows=2000, valid=0.3, test_rows=1000, **PIXELS),
    "gradient norm": Setting(wide(1024), B256 | STACK, seeds=8, rows=512, **PIXELS),
    "user's metric": Setting(wide(4), METRIC, seeds=200, rows=64, test_rows=20_000, classes=60),
    "user's metric, many classes": Setting(wide(8), METRIC, seeds=16, rows=2000, test_rows=20_000,
                                           classes=200),
    "patience": Setting(wide(1024), B256 | {"epochs": 4, "patience": 2}, seeds=8, rows=1000,
                        valid=0.2, **PIXELS),
    "checkpoints": Setting(wide(2000), B64 | {"epochs": 2}, ml.Adam(), seeds=4, rows=256,
                           checkpoints=True, **PIXELS),
    "kept weights": Setting(wide(1024), B256, seeds=12, rows=512, keep_weights=True, **PIXELS),
    # Losses and outputs.
    "2000 classes": Setting(wide(256), B64 | STACK, seeds=40, rows=2000, classes=2000,
                            test_rows=500),
    "2000 outputs": Setting(wide(256), B64 | STACK, seeds=40, rows=2000, outputs=2000,
                            test_rows=500),
    "log-cosh": Setting(wide(64), {"batch_size": 256, "loss": "log-cosh"}, seeds=16, rows=2000,
                        outputs=4000),
    # Rows.
    "100000 rows": Setting(wide(8), {"batch_size": 2000} | STACK, seeds=40, rows=100_000,
                           valid=0.5),
    # Compiled loops.
    "loops, features": Setting(wide(8), B256, seeds=4, rows=20_000, features=800),
    "loops, float64": Setting(wide(8), B256 | {"dtype": "float64"}, seeds=2, rows=10_000,
                              features=800),
    "loops, 200 features":
    Setting(wide(64, 64), B64, ml.Adam(), seeds=4, rows=80_000, features=200),
    "loops, outputs": Setting(wide(8), B256, seeds=2, rows=80_000, outputs=200),
    "loops, 50000 runs": Setting(wide(2), {"batch_size": 32}, seeds=50_000, rows=64),
    "loops, test rows": Setting(wide(8), B64, seeds=100, rows=128, test_rows=20_000,
                                features=800),
    "lanes, features": Setting(wide(), B256, seeds=32, rows=20_000, features=800, classes=10),
    "lanes, 10000 runs": Setting(wide(), {"batch_size": 32}, seeds=10_000, rows=64),
    "lanes, adam": Setting(wide(), B64, ml.Adam(), seeds=64, rows=40_000, features=400),
    # Modules: torch's autograd and vmap.
    "module": Setting(module(1000), B256, ml.Adam(), seeds=16, rows=1000, **PIXELS),
    "module, batch 2000": Setting(module(300), {"batch_size": 2000}, seeds=16, rows=4000, **PIXELS),
    "module, width 4000": Setting(module(4000), B64, seeds=4, rows=256, **PIXELS),
}  # fmt: skip
