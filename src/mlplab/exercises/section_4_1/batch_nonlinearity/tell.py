"""What exercise 4.1.4 tells of its runs: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_1.batch_nonlinearity import figures
from mlplab.exercises.section_4_1.batch_nonlinearity.batch_spread import (
    Member,
    in_random_batches,
    members,
    wander,
)
from mlplab.exercises.section_4_1.batch_nonlinearity.design import L1, L2
from mlplab.exercises.told import summary_table
from mlplab.exercises.training_rows import n_train

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.experiment import Runs

_RUNNING, _OWN, _ALL = "moving averages", "its batch", "all training images"
_NORMS = {"none": "no norm", "batch": "batch norm", "layer": "layer norm"}


def tell(results: Results) -> Findings:
    """Collect accuracies by norm and batch size, and how much batches move scores."""
    import numpy as np
    import pandas as pd

    runs = results.runs["norms"]
    frame = runs.frame(last=True)
    frame["norm"] = frame["net.norm"].map(_NORMS)
    told = ["test_accuracy", "train_accuracy", "train_loss"]
    mean = frame.groupby(["net.norm", "fit.batch_size"])[told].mean()
    experiment = runs.experiment
    values: dict[str, Any] = {
        "n_seeds": len(experiment.seeds),
        "epochs": experiment.base.fit.epochs,
        "n_train": n_train(runs),
    }
    values["steps_256"] = values["n_train"] // 256
    for norm in ("none", "batch", "layer"):
        for size in (2, 64, 256):
            values[f"test_{norm}_{size}"] = float(mean["test_accuracy"][norm, size])
    for name, path in (("decayed", "optim.weight_decay"), ("sparse", "optim.l1")):
        values[f"test_{name}"] = _penalised(results.runs["penalties"], path)
    for norm, size in (("none", 64), ("batch", 64), ("batch", 2)):
        values[f"train_{norm}_{size}"] = float(mean["train_accuracy"][norm, size])
        values[f"loss_{norm}_{size}"] = float(mean["train_loss"][norm, size])

    trained = members(runs, results.profile, results.progress)
    values["n_kept"] = len({one.seed for one in trained})
    gaps = pd.DataFrame([row for one in trained for row in _gap_rows(one)])
    gap = gaps.groupby(["norm", "size", "series"])[["accuracy", "train"]].mean()
    for size in (2, 64, 256):
        for name, series in (("own", _OWN), ("running", _RUNNING), ("all", _ALL)):
            values[f"{name}_{size}"] = float(gap["accuracy"]["batch", size, series])
        values[f"fit_{size}"] = float(gap["train"]["batch", size, _RUNNING])
        values[f"gap_{size}"] = values[f"fit_{size}"] - values[f"running_{size}"]

    at_64 = [one for one in trained if one.size == 64]
    spreads = pd.concat([wander(one) for one in at_64 if one.norm == "batch"])
    measured = spreads.groupby("size")[["measured", "law", "flips"]].mean()
    for size in (2, 4, 16, 64, 256):
        values[f"spread_{size}"] = float(measured["measured"][size])
        values[f"flips_{size}"] = float(measured["flips"][size])
        values[f"law_ratio_{size}"] = float(measured["measured"][size] / measured["law"][size])
    values["layer_spread"] = max(
        (_largest_difference(one) for one in at_64 if one.norm == "layer"), default=float("nan")
    )
    image = _one_image(next(one for one in at_64 if one.norm == "batch"))
    for size in (4, 256):
        chosen = image[image["batch size"] == size]["probability"]
        values[f"image_low_{size}"] = float(np.quantile(chosen, 0.05))
        values[f"image_high_{size}"] = float(np.quantile(chosen, 0.95))
    shown = (
        figures.by_size(frame),
        figures.gaps(gaps),
        figures.spread(spreads),
        figures.one_image(image),
    )
    values |= {"l2": L2, "l1": L1}
    metrics = ["train_loss", "train_accuracy", "valid_accuracy", "test_accuracy"]
    tables = {
        "accuracy": summary_table({"": runs}, metrics),
        "spread": measured.reset_index(),
    }
    return Findings(values, shown, tables)


def _penalised(runs: Runs, path: str) -> float:
    frame = runs.frame(last=True)
    return float(frame[frame[path] > 0]["test_accuracy"].mean())


def _gap_rows(one: Member) -> Sequence[Mapping[str, Any]]:
    """Accuracy on validation images with statistics from each of three sources."""
    z, classes = one.valid
    train_z, train_classes = one.train
    settled = one.net.settled(z, train_z) if one.norm == "batch" else one.net.evaluated(z)
    found = {
        _RUNNING: _share_right(one.net.evaluated(z), classes),
        _OWN: in_random_batches(one, one.size),
        _ALL: _share_right(settled, classes),
    }
    train = _share_right(one.net.evaluated(train_z), train_classes)
    shared = {"norm": one.norm, "size": one.size, "seed": one.seed, "train": train}
    return [{**shared, "series": name, "accuracy": share} for name, share in found.items()]


def _share_right(scores: Any, classes: Any) -> float:
    return float((scores.argmax(1) == classes).mean())


def _largest_difference(one: Member) -> float:
    """How far the outputs of one example differ between batches of other mates, at most."""
    import numpy as np

    z, _ = one.valid
    rng = np.random.default_rng(one.seed)
    batches = np.stack([z[rng.integers(len(z), size=64)] for _ in range(50)])
    # One example among 50 sets of mates: under layer norm nothing may change.
    batches[:, 0] = z[0]
    outputs = one.net.in_batches(batches)[:, 0]
    return float((outputs.max(0) - outputs.min(0)).max())


def _one_image(one: Member, n_batches: int = 100) -> pd.DataFrame:
    """The probability of its class that one borderline image gets in random batches."""
    import numpy as np
    import pandas as pd
    from scipy.special import softmax

    from mlplab.theory.batch_dependence import scores_among_mates

    z, classes = one.valid
    probability = softmax(one.net.settled(z, z), axis=-1)[np.arange(len(z)), classes]
    # The most undecided image: where mates can tip the answer.
    place = int(abs(probability - 0.5).argmin())
    parts = []
    for size in (2, 4, 16, 64, 256):
        scores = scores_among_mates(one.net, z[[place]], z, size, n_batches, one.seed)
        found = softmax(scores[:, 0], axis=-1)[:, classes[place]]
        parts.append(pd.DataFrame({"batch size": size, "probability": found}))
    return pd.concat(parts, ignore_index=True)
