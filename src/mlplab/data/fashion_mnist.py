"""Fashion-MNIST: 70,000 grey images of clothes, 28 x 28, in ten classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlplab.data.arrays import task_from_arrays
from mlplab.data.debian import DebianPackage
from mlplab.data.files import FileSet
from mlplab.data.http_folder import HttpFolder
from mlplab.data.idx import read_idx
from mlplab.data.label_noise import replaced_classes
from mlplab.data.ranges import expect_at_least, expect_share, expect_whole
from mlplab.data.registry import dataset
from mlplab.data.task import Task
from mlplab.errors import DataError
from mlplab.specs import Run

CLASS_NAMES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

FILES = FileSet(
    name="fashion-mnist",
    sha256={
        "train-images-idx3-ubyte.gz": (
            "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"
        ),
        "train-labels-idx1-ubyte.gz": (
            "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"
        ),
    },
    sources=(
        HttpFolder("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"),
        DebianPackage("dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"),
    ),
    aliases=("FashionMNIST/raw",),
)


@dataset(
    "fashion-mnist",
    describe="Images of clothes, 28 x 28 grey levels, ten classes (Zalando)",
    kind="classification",
    n_train=60_000,
    n_test=10_000,
    n_features=784,
    files=FILES,
    base=Run(),
)
def fashion_mnist(folder: Path) -> Task:
    """Read the four files of Fashion-MNIST; images stay uint8, 55 MB in all.

    Source: Xiao, Rasul and Vollgraf, Fashion-MNIST, 2017 (MIT licence).
    """
    return task_from_idx_files(folder, "fashion-mnist", CLASS_NAMES)


@dataset(
    "small-fashion-mnist",
    describe="Fashion-MNIST at 14 x 14; classes of training may be replaced",
    kind="classification",
    n_train=60_000,
    n_test=10_000,
    n_features=196,
    files=FILES,
    base=Run(),
)
def small_fashion_mnist(
    folder: Path, *, n_test: int = 10_000, label_noise: float = 0.0, seed: int = 0
) -> Task:
    """Average Fashion-MNIST's pixels over squares of 2 x 2, and replace a share of the classes.

    Replaced classes are part of the data here, so that compiled loops train on them; classes of
    the test split stay. A run on some rows, `First(n)`, has rows of its own and replacements of
    its own. A higher share replaces all that a lower one replaces, by the same classes.

    Args:
        folder: with the files of Fashion-MNIST.
        n_test: examples of the test split, the first ones.
        label_noise: share of the pool whose class is another.
        seed: decides which, and by what.

    Raises:
        ConfigError: a number out of range.
    """
    expect_share(label_noise=label_noise)
    expect_whole(seed=seed)
    whole = fashion_mnist(folder)
    expect_at_least(1, most=whole.n_test, n_test=n_test)
    n = whole.n_pool + n_test
    squares = whole.inputs[:n].reshape(n, 14, 2, 14, 2)
    images = squares.mean(axis=(2, 4), dtype=np.float32).round().astype(np.uint8)
    targets = whole.targets[:n].copy()
    pool = targets[: whole.n_pool]
    pool[:] = replaced_classes(pool, len(CLASS_NAMES), label_noise, seed)
    return Task(
        name="small-fashion-mnist",
        inputs=images.reshape(n, -1),
        targets=targets,
        kind="classification",
        pool=whole.pool,
        n_classes=len(CLASS_NAMES),
        input_scale=whole.input_scale,
        class_names=CLASS_NAMES,
        image_shape=(14, 14),
        _test=np.arange(whole.n_pool, n),
    )


def task_from_idx_files(folder: Path, name: str, class_names: tuple[str, ...]) -> Task:
    """Make a task of four idx files named as those of the MNIST family.

    Args:
        folder: holds `train-` and `t10k-`, `images-idx3-ubyte` and `labels-idx1-ubyte`, packed.
        name: the task's name.
        class_names: what the labels stand for, from 0.

    Raises:
        DataError: a file is damaged, or the numbers of images and labels differ.
    """
    parts = []
    for part in ("train", "t10k"):
        images_path = folder / f"{part}-images-idx3-ubyte.gz"
        labels_path = folder / f"{part}-labels-idx1-ubyte.gz"
        images, labels = read_idx(images_path), read_idx(labels_path)
        if images.ndim != 3 or images.dtype != np.uint8:
            raise DataError(
                f"{images_path}: expected images, (N, H, W) uint8; "
                f"got {images.shape} {images.dtype}"
            )
        if labels.shape != (len(images),) or labels.dtype != np.uint8:
            raise DataError(
                f"{labels_path}: expected {len(images)} labels, one per image; "
                f"got {labels.shape} {labels.dtype}"
            )
        parts += [images, labels]
    return task_from_arrays(*parts, name=name, kind="classification", class_names=class_names)
