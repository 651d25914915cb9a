"""Workload A with scikit-learn's `MLPClassifier`, one `partial_fit` per epoch."""

from __future__ import annotations

import time

import numpy as np
from sklearn.neural_network import MLPClassifier

from mlplab.bench.arrays import fashion_mnist
from mlplab.bench.timing import Timing, serve


def build_classifier(batch_size: int = 256, seed: int = 0) -> MLPClassifier:
    """Set up the same training: 256 ReLU units, plain SGD at 0.1, no penalty, no momentum."""
    return MLPClassifier(
        hidden_layer_sizes=(256,),
        activation="relu",
        solver="sgd",
        alpha=0.0,
        batch_size=batch_size,
        learning_rate="constant",
        learning_rate_init=0.1,
        momentum=0.0,
        nesterovs_momentum=False,
        random_state=seed,
    )


def measure() -> Timing:
    """Time one epoch of MLPClassifier on Fashion-MNIST in float32, test split scored."""
    data = fashion_mnist()
    inputs = data.train_pixels.astype(np.float32) / np.float32(255)
    test_inputs = data.test_pixels.astype(np.float32) / np.float32(255)
    classifier = build_classifier()
    classifier.partial_fit(inputs[:12_800], data.train_labels[:12_800], classes=np.arange(10))

    n_epochs = 2
    accuracy = float("nan")
    start = time.perf_counter()
    for _ in range(n_epochs):
        classifier.partial_fit(inputs, data.train_labels)
        accuracy = float(classifier.score(test_inputs, data.test_labels))
    seconds = time.perf_counter() - start
    return Timing(
        "scikit-learn",
        seconds / n_epochs,
        n_epochs,
        f"{n_epochs} calls of partial_fit with their test scoring after 50 batches of warm-up, "
        "float32, default BLAS threads",
        {"train_loss": float(classifier.loss_), "test_accuracy": accuracy},
    )


if __name__ == "__main__":
    serve(measure)
