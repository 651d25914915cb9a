"""What exercise 4.10.2 tells: log price by a clamp in the model, and as the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import band_lines
from mlplab.draw.words import VERDICT_WORDS
from mlplab.exercises.house_scores import (
    LOG_BAND,
    SCORE,
    WORDS,
    Array,
    fold_scores,
    fold_strips,
    score_claim,
    score_table,
)
from mlplab.exercises.house_tables import houses
from mlplab.exercises.measured import Measured
from mlplab.exercises.registry import Checked, Findings
from mlplab.exercises.wording import measured_values
from mlplab.experiment import Runs

if TYPE_CHECKING:
    from mlplab.draw import Figure

PRINTED_STUCK = (2.486527, 2.486307, 2.486396)
"""Training figures that the source prints for its three bad folds."""
PRINTED = (1.566155, 0.178, 0.193)
"""Its mean over folds, and roughly its two good folds."""
_AGREES = 0.002  # ten times what the source's three bad folds differ by
_STUCK, _MOVING = "from 0, stuck", "from 0, moving"
_RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
_LABELS = {
    "price": "price, rate 5 (the chapter)",
    "price_15": "price, rate 15",
    "log": "log price, rate 0.01",
    "stuck": "clamp, from 0 (the source)",
    "alive": "clamp, from a usual price",
    "bounded_price": "bounded: price, rate 15",
    "bounded_log": "bounded: log price, 0.01",
}
_WORDS = WORDS | {
    _LABELS["price"]: "价格，学习率 5（书中）",
    _LABELS["price_15"]: "价格，学习率 15",
    _LABELS["log"]: "对数价格，学习率 0.01",
    _LABELS["stuck"]: "截断，从 0 出发（原答案）",
    _LABELS["alive"]: "截断，从常见价格出发",
    _LABELS["bounded_price"]: "有界：价格，学习率 15",
    _LABELS["bounded_log"]: "有界：对数价格，0.01",
    _STUCK: "从 0 出发，卡死",
    _MOVING: "从 0 出发，能动",
    "learning rate": "学习率",
    "target": "目标",
    "log price": "对数价格",
}


def prove(flat: str, twice: str) -> Sequence[Checked]:
    """Check the clamp's gradient by autograd, and the source's figures on the prices."""
    import torch

    from mlplab.exercises.clamped_log import clamped_log

    generator = torch.Generator().manual_seed(0)
    X = torch.randn(64, 8, generator=generator)
    model = clamped_log(8, 1)
    parameters = list(model.parameters())
    with torch.no_grad():
        parameters[-1].fill_(-100.0)
    loss = torch.square(model(X) - 12.0).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    largest = max(float(p.grad.abs().max()) for p in parameters if p.grad is not None)
    logs = np.log(houses().prices)
    figure = float(np.sqrt(np.mean(np.log(logs) ** 2)))
    off = max(abs(figure - one) for one in PRINTED_STUCK)
    return (
        Checked(flat, largest == 0.0, f"largest gradient {largest:g} on {len(X)} rows"),
        Checked(
            twice,
            off < _AGREES,
            f"all outputs at the clamp give {figure:.4f} on all prices; the source prints "
            f"{min(PRINTED_STUCK):.4f} to {max(PRINTED_STUCK):.4f} on four fifths of them",
        ),
    )


def _ways(runs: Mapping[str, Runs]) -> dict[str, Array]:
    def rate(name: str, lr: float, metric: str) -> Array:
        return fold_scores(runs[name], {"optim.lr": lr}, metric)

    stuck, alive = (fold_scores(runs["clamp"], arm, "valid_rmse") for arm in runs["clamp"].arms)
    return {
        "price": rate("price", 5.0, "valid_house_score"),
        "price_15": rate("price", 15.0, "valid_house_score"),
        "log": rate("log price", 0.01, "valid_rmse"),
        "stuck": stuck,
        "alive": alive,
        "bounded_price": rate("bounded price", 15.0, "valid_house_score"),
        "bounded_log": rate("bounded log price", 0.01, "valid_rmse"),
    }


def measure(
    runs: Mapping[str, Runs], worse: str, bad: str, rate: str, alive: str, bounded: str
) -> Sequence[Measured]:
    """Return the claims of 4.10.2 with one number per fold."""
    ways = _ways(runs)
    fast = fold_scores(runs["log price"], {"optim.lr": 5.0}, "valid_rmse")
    return (
        score_claim(worse, ways["stuck"], ways["price"], "higher"),
        score_claim(bad, ways["log"], ways["price"], "higher"),
        score_claim(rate, fast, ways["log"], "higher"),
        score_claim(alive, ways["alive"], ways["price"], "lower"),
        score_claim(bounded, ways["bounded_log"], ways["bounded_price"], "lower"),
    )


def tell(
    runs: Mapping[str, Runs], claims: Sequence[Measured], checked: Sequence[Checked]
) -> Findings:
    """Collect what the page of 4.10.2 says and shows."""
    ways, clamp = _ways(runs), runs["clamp"]
    first = clamp.arms[0]
    share = fold_scores(clamp, first, "valid_house_stuck")
    double = fold_scores(clamp, first, "valid_house_double_log")
    is_stuck = share > 0.5
    logs = np.log(houses().prices)
    fast = fold_scores(runs["log price"], {"optim.lr": 5.0}, "valid_rmse")
    values: dict[str, Any] = {
        "n_folds": len(share),
        "n_stuck": int(is_stuck.sum()),
        "stuck_shows": float(double[is_stuck].mean()) if is_stuck.any() else float("nan"),
        "stuck_score": float(ways["stuck"][is_stuck].mean()) if is_stuck.any() else float("nan"),
        "moving_shows": float(double[~is_stuck].mean()) if (~is_stuck).any() else float("nan"),
        "moving_score": float(ways["stuck"][~is_stuck].mean())
        if (~is_stuck).any()
        else float("nan"),
        "shows": float(double.mean()),
        "printed": PRINTED[0],
        "printed_stuck": PRINTED_STUCK[0],
        "printed_low": PRINTED[1],
        "printed_high": PRINTED[2],
        "log_log": float(np.sqrt(np.mean(np.log(logs) ** 2))),
        "fast": float(fast.mean()),
        "worst_log": float(ways["log"].max()),
        "worst_bounded": float(ways["bounded_log"].max()),
    }
    values |= {f"score_{name}": float(scores.mean()) for name, scores in ways.items()}
    values |= {f"spread_{name}": float(scores.std(ddof=1)) for name, scores in ways.items()}
    for name, one in zip(("flat", "twice"), checked, strict=True):
        values[f"verdict_{name}"] = VERDICT_WORDS["proved" if one.holds else "refuted"]
    names = ("worse", "bad", "rate", "alive", "bounded")
    values |= measured_values(names, claims)
    labelled = {_LABELS[name]: scores for name, scores in ways.items()}
    figures = (_strips(labelled, values), _rates(runs["log price"], values), _course(clamp, values))
    return Findings(values, figures, {"Scores over folds": score_table(labelled)})


def _strips(labelled: Mapping[str, Array], values: Mapping[str, Any]) -> Figure:
    shown = {name: one for name, one in labelled.items() if name != _LABELS["stuck"]}
    return fold_strips(
        shown,
        name="targets",
        title={
            "en": f"Log price as the target scores {values['score_log']:.3f}, price "
            f"{values['score_price']:.3f}; with bounded features {values['score_bounded_log']:.3f} "
            f"and {values['score_bounded_price']:.3f}",
            "zh": f"以对数价格为目标得分 {values['score_log']:.3f}，以价格为目标 "
            f"{values['score_price']:.3f}；特征有界时为 {values['score_bounded_log']:.3f} 和 "
            f"{values['score_bounded_price']:.3f}",
        },
        words=_WORDS,
        caption={
            "en": f"One dot per fold. The source's way, at {values['score_stuck']:.1f}, is off the "
            "chart.",
            "zh": f"每点为一折。原答案的做法得分 {values['score_stuck']:.1f}，在图外。",
        },
    )


def _rates(runs: Runs, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    rows = []
    for lr in _RATES:
        scores = fold_scores(runs, {"optim.lr": lr}, "valid_rmse")
        rows.append(("log price", lr, *LOG_BAND.of(scores.tolist()), len(scores)))
    figure = band_lines(
        pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"]),
        name="rates",
        title={
            "en": f"A target of about 12 wants a rate near 0.01 ({values['score_log']:.3f}); at "
            f"the chapter's 5 the score is {values['fast']:.0f}",
            "zh": f"目标约为 12 时，学习率应在 0.01 附近（得分 {values['score_log']:.3f}）；"
            f"用书中的 5 则为 {values['fast']:.0f}",
        },
        x_title="learning rate",
        y=SCORE,
        caption=LOG_BAND.says,
        log_x=True,
        log_y=True,
    )
    return replace(figure, words=_WORDS)


def _course(clamp: Runs, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    first, alive = clamp.arms
    is_stuck = fold_scores(clamp, first, "valid_house_stuck") > 0.5
    groups = {
        _STUCK: (first, is_stuck),
        _MOVING: (first, ~is_stuck),
        _LABELS["alive"]: (alive, np.ones(len(is_stuck), bool)),
    }
    rows = []
    for name, (arm, which) in groups.items():
        cells = [cell for cell in clamp.cells if cell.arm == arm]
        curves = np.array([clamp.outcomes[cell.key].history["valid_rmse"] for cell in cells])
        if which.any():
            mean, low, high = (f(curves[which], axis=0) for f in (np.mean, np.min, np.max))
            rows += [
                (name, epoch + 1, mean[epoch], low[epoch], high[epoch], int(which.sum()))
                for epoch in range(curves.shape[1])
            ]
    drawn = pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"])
    figure = band_lines(
        drawn,
        name="clamp",
        title={
            "en": f"From 0, {values['n_stuck']} of {values['n_folds']} models never leave the "
            f"clamp; from a usual price the score reaches {values['score_alive']:.3f}",
            "zh": f"从 0 出发，{values['n_folds']} 个模型中有 {values['n_stuck']} 个从未离开"
            f"截断处；从常见的价格出发，得分达到 {values['score_alive']:.3f}",
        },
        x_title="epochs",
        y=SCORE,
        caption={"en": "Mean and range of the folds.", "zh": "各折的均值与范围。"},
        series_title="start",
        ordered=False,
        log_y=True,
    )
    return replace(figure, words=_WORDS | {"start": "起点"})
