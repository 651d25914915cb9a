"""The small digits that ship with scikit-learn: the data set that is always there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from mlplab.data.registry import dataset
from mlplab.data.task import Array, Task
from mlplab.errors import DataError
from mlplab.specs import Run
from mlplab.specs.keyed import philox

N_ROWS = 1797
N_TEST = 359  # a fifth


@dataset(
    "digits",
    describe="Handwritten digits, 8 x 8 grey levels, ten classes (ships with scikit-learn)",
    kind="classification",
    n_train=N_ROWS - N_TEST,
    n_test=N_TEST,
    n_features=64,
    origin="ships with scikit-learn",
    base=Run(),
)
def digits() -> Task:
    """Load scikit-learn's digits; a fifth of the rows, the same for ever, is the test split.

    The test rows are those with the smallest keys of `philox(0, "digits/test")`. Grey levels are
    0 to 16, kept as uint8 with an input scale of 1/16.

    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
    """
    images, labels = _read()
    # Keyed, not shuffled: the split is the same in every version of numpy and scikit-learn.
    keys = philox(0, "digits/test").bit_generator.random_raw(N_ROWS)
    is_test = np.zeros(N_ROWS, dtype=bool)
    is_test[np.argsort(keys, kind="stable")[:N_TEST]] = True
    # Pool first, so that both splits are slices of one array.
    order = np.concatenate([np.flatnonzero(~is_test), np.flatnonzero(is_test)])
    return Task(
        name="digits",
        inputs=np.ascontiguousarray(images[order]).astype(np.uint8),
        targets=labels[order].astype(np.int64),
        kind="classification",
        pool=np.arange(N_ROWS - N_TEST),
        n_classes=10,
        input_scale=1 / 16,
        class_names=tuple("0123456789"),
        image_shape=(8, 8),
        _test=np.arange(N_ROWS - N_TEST, N_ROWS),
    )


def _read() -> tuple[Array, Array]:
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise DataError("digits: scikit-learn, which holds them, is not installed")
    # importing scikit-learn takes over a second; the file alone takes milliseconds
    path = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if path.is_file():
        table = np.loadtxt(path, delimiter=",")
        images, labels = table[:, :-1], table[:, -1]
    else:
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
    if images.shape != (N_ROWS, 64):
        raise DataError(f"digits: expected {N_ROWS} images of 64 pixels; got {images.shape}")
    return images, labels
