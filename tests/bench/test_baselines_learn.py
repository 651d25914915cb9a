"""The baselines do train: losses fall, and all of them take the same steps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import nn

from mlplab.bench.arrays import houses
from mlplab.bench.baselines import (
    chapter_linear,
    chapter_loop,
    chapter_mlp_adam,
    plain_torch,
    sklearn_mlp,
)

Digits = tuple[NDArray[np.uint8], NDArray[np.int64]]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def digits() -> Digits:
    inputs, labels = load_digits(return_X_y=True)
    return (inputs * 15).astype(np.uint8), labels.astype(np.int64)


def test_the_chapters_loop_learns_digits(digits: Digits):
    pixels, labels = digits
    torch.manual_seed(0)
    net = chapter_loop.build_net(64, 10, n_hidden=32)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.5)
    loss = nn.CrossEntropyLoss(reduction="none")
    train = chapter_loop.load_batches(pixels[:1200], labels[:1200], 32, True, n_workers=0)
    test = chapter_loop.load_batches(pixels[1200:], labels[1200:], 32, False, n_workers=0)
    untrained = chapter_loop.score(net, test)
    losses = [chapter_loop.train_epoch(net, train, loss, optimiser)[0] for _ in range(8)]
    assert losses[-1] < 0.3 * losses[0]
    assert chapter_loop.score(net, test) > max(0.8, untrained)


def test_loader_workers_hand_out_the_same_examples(digits: Digits):
    pixels, labels = digits[0][:40], digits[1][:40]
    (inputs, classes) = next(iter(chapter_loop.load_batches(pixels, labels, 40, False, 1)))
    np.testing.assert_allclose(inputs.reshape(40, 64).numpy(), pixels / np.float32(255))
    np.testing.assert_array_equal(classes, labels)


def test_plain_torch_learns_digits(digits: Digits):
    inputs = torch.from_numpy(digits[0]).float() / 255
    labels = torch.from_numpy(digits[1])
    torch.manual_seed(0)
    net = plain_torch.build_net(64, 10, n_hidden=32)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.5)
    losses = [
        plain_torch.train_epoch(net, optimiser, inputs[:1200], labels[:1200], batch_size=32)
        for _ in range(6)
    ]
    assert losses[-1] < 0.3 * losses[0]
    assert plain_torch.score(net, inputs[1200:], labels[1200:]) > 0.8


def test_the_three_image_baselines_take_the_same_step(digits: Digits):
    # With one batch of all rows the order does not matter, so equal weights must stay equal.
    pixels, labels = digits[0][:300], digits[1][:300]
    inputs = pixels.astype(np.float32) / np.float32(255)
    classifier = sklearn_mlp.build_classifier(batch_size=300)
    classifier.partial_fit(inputs, labels, classes=np.arange(10))
    nets = [plain_torch.build_net(64, 10), chapter_loop.build_net(64, 10)]
    for net in nets:
        layers = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
        with torch.no_grad():
            for layer, weight, bias in zip(
                layers, classifier.coefs_, classifier.intercepts_, strict=True
            ):
                layer.weight.copy_(torch.from_numpy(weight.T.copy()))
                layer.bias.copy_(torch.from_numpy(bias.copy()))

    classifier.partial_fit(inputs, labels)
    plain, chapter = nets
    plain_torch.train_epoch(
        plain,
        torch.optim.SGD(plain.parameters(), lr=0.1),
        torch.from_numpy(inputs),
        torch.from_numpy(labels),
        batch_size=300,
    )
    chapter_loop.train_epoch(
        chapter,
        chapter_loop.load_batches(pixels, labels, 300, True, n_workers=0),
        nn.CrossEntropyLoss(reduction="none"),
        torch.optim.SGD(chapter.parameters(), lr=0.1),
    )
    for net in nets:
        weights = [layer.weight for layer in net.modules() if isinstance(layer, nn.Linear)]
        for ours, theirs in zip(weights, classifier.coefs_, strict=True):
            np.testing.assert_allclose(ours.detach().numpy().T, theirs, rtol=2e-4, atol=2e-6)


def test_scikit_learn_learns_digits(digits: Digits):
    inputs = digits[0].astype(np.float32) / 255
    classifier = sklearn_mlp.build_classifier(batch_size=32)
    classifier.partial_fit(inputs[:1200], digits[1][:1200], classes=np.arange(10))
    first = classifier.loss_
    for _ in range(9):
        classifier.partial_fit(inputs[:1200], digits[1][:1200])
    assert classifier.loss_ < 0.4 * first
    assert classifier.score(inputs[1200:], digits[1][1200:]) > 0.8


def test_folds_part_the_rows():
    features, prices = torch.arange(20.0).reshape(10, 2), torch.arange(10.0)
    held_out = []
    for index in range(5):
        train, train_prices, valid, valid_prices = chapter_linear.fold_data(
            5, index, features, prices
        )
        assert sorted(torch.cat([train_prices, valid_prices]).tolist()) == prices.tolist()
        assert len(train) == 8
        assert torch.equal(valid, features[valid_prices.long()])
        held_out += valid_prices.tolist()
    assert held_out == prices.tolist()


def test_the_linear_baseline_approaches_least_squares():
    table, target = houses(300, 90)
    features, prices = torch.from_numpy(table), torch.from_numpy(target).reshape(-1, 1)
    torch.manual_seed(0)

    def build_net() -> nn.Module:
        return nn.Linear(90, 1)

    first, _ = chapter_linear.cross_validate(build_net, features, prices, 5, 1, 0.03, 16)
    last, valid = chapter_linear.cross_validate(build_net, features, prices, 5, 40, 0.03, 16)
    with_ones = np.column_stack([table, np.ones(len(table))])
    residual = target - with_ones @ np.linalg.lstsq(with_ones, target, rcond=None)[0]
    best = float(np.sqrt(np.mean(residual**2)))
    assert last < 0.7 * first
    assert 0.8 * best < last < 1.3 * best
    assert valid > 0.9 * last


def test_the_deeper_baseline_learns():
    table, target = houses(300, 90)
    features, prices = torch.from_numpy(table), torch.from_numpy(target).reshape(-1, 1)
    torch.manual_seed(0)
    net = chapter_mlp_adam.build_net(90, hidden=(32, 16))
    data = chapter_linear.fold_data(5, 0, features, prices)
    train_curve, valid_curve = chapter_linear.train(net, data, 30, rate=0.003, batch_size=32)
    assert len(train_curve) == len(valid_curve) == 30
    assert train_curve[-1] < 0.7 * train_curve[0]
    assert valid_curve[-1] < valid_curve[0]


def test_workload_d_has_the_shape_it_says():
    net = chapter_mlp_adam.build_net(330)
    shapes = [tuple(p.shape) for p in net.parameters() if p.ndim == 2]
    assert shapes == [(256, 330), (128, 256), (64, 128), (1, 64)]
    assert [layer.p for layer in net if isinstance(layer, nn.Dropout)] == [0.2] * 3


def test_houses_are_the_same_for_everyone():
    first, second = houses(), houses()
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert first[0].shape == (1460, 330)
    assert not np.array_equal(first[0], houses(seed=1)[0])
