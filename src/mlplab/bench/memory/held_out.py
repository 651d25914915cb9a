"""Settings to which nothing was fitted: other widths, batches, classes, and combinations."""

from __future__ import annotations

from typing import Any

import mlplab as ml
from mlplab.bench.memory.grid import PIXELS, STACK, Setting, module, wide

FLOAT64: dict[str, Any] = {"dtype": "float64"}


def batch(size: int, **further: Any) -> dict[str, Any]:
    """Return the fields of a fit with batches of this size."""
    return {"batch_size": size, **further}


HELD_OUT: dict[str, Setting] = {
    "two widths a network, adam": Setting(wide(3000, 500), batch(128), ml.Adam(), seeds=3, rows=384,
                                          **PIXELS),
    "depth 5, momentum": Setting(wide(*(700,) * 5), batch(512), ml.SGD(momentum=0.8), seeds=6,
                                 rows=1024, features=400, classes=10),
    "width 6000, 100 classes": Setting(wide(6000), batch(32), seeds=3, rows=128, features=300,
                                       classes=100),
    "float64, dropout": Setting(wide(900, 900, dropout=0.3), batch(1500) | FLOAT64, seeds=4,
                                rows=3000, features=200, classes=20),
    "rmsprop, test rows": Setting(wide(2500), batch(128), ml.RMSprop(), seeds=5, rows=256,
                                  test_rows=3000, **PIXELS),
    "layer norm, adam": Setting(wide(1200, 600, norm="layer", activation="gelu"), batch(1200),
                                ml.Adam(), seeds=4, rows=2400, features=300, classes=5),
    "lion, 50 outputs": Setting(wide(600), batch(2500), ml.Lion(), seeds=8, rows=5000, features=500,
                                outputs=50),
    "float64, adamw": Setting(wide(5000), batch(100) | FLOAT64, ml.AdamW(), seeds=2, rows=200,
                              features=300, classes=10),
    "running means, momentum": Setting(wide(1500), batch(700, ema=0.99), ml.SGD(momentum=0.9),
                                       seeds=6, rows=1400, **PIXELS),
    "1200 classes": Setting(wide(400), batch(200) | STACK, seeds=12, rows=3000, features=64,
                            classes=1200, test_rows=500),
    "huber, 3000 outputs": Setting(wide(300), batch(300, loss="huber"), seeds=8, rows=1500,
                                   outputs=3000),
    "loops, adam": Setting(wide(16, 16), batch(100), ml.Adam(), seeds=3, rows=25_000, features=600),
    "lanes, momentum": Setting(wide(), batch(200), ml.SGD(momentum=0.9), seeds=40, rows=60_000,
                               features=300, outputs=3),
    "module, momentum": Setting(module(1500), batch(128), ml.SGD(momentum=0.9), seeds=6, rows=512,
                                **PIXELS),
    "module, float64": Setting(module(700), batch(500) | FLOAT64, ml.Adam(), seeds=5, rows=1000,
                               features=500, classes=10),
    "kept weights, adam": Setting(wide(3000), batch(64), ml.Adam(), seeds=5, rows=128,
                                  keep_weights=True, **PIXELS),
    "checkpoints, depth 2": Setting(wide(1500, 1500), batch(128, epochs=2), ml.SGD(momentum=0.9),
                                    seeds=4, rows=256, checkpoints=True, **PIXELS),
    "patience, adam": Setting(wide(2000), batch(128, epochs=3, patience=2), ml.Adam(), seeds=4,
                              rows=600, valid=0.2, features=500, classes=10),
    "rates and widths": Setting(wide(900), batch(300), seeds=3, rows=900,
                                vary={"net.hidden": [(900,), (1700, 300)],
                                      "optim.lr": [0.01, 0.1]}, **PIXELS),
    "2500 runs, adam": Setting(wide(20), batch(64) | STACK, ml.Adam(), seeds=2500, rows=320,
                               features=150, classes=4),
}  # fmt: skip
