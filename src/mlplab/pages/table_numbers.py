"""How the page on a table model writes metrics, estimates and shares."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.draw.words import typeset
from mlplab.pages.numbers import decimals_for

_SCORES = {
    "rmse": ("RMSE", "均方根误差"),
    "log-rmse": ("log\N{NON-BREAKING HYPHEN}RMSE", "对数均方根误差"),
    "log-loss": ("log loss", "对数损失"),
    "accuracy": ("accuracy", "准确率"),
}


def score_name(metric: str, language: str = "en") -> str:
    """Return a metric as a reader says it.

    >>> score_name("log-loss"), score_name("accuracy", "zh")
    ('log loss', '准确率')
    """
    names = _SCORES.get(metric, (metric, metric))
    return names[1] if language == "zh" else names[0]


def loss_name(metric: str, language: str = "en") -> str:
    """Return the name of what importance is the rise of: an accuracy is told as an error rate.

    >>> loss_name("accuracy"), loss_name("rmse")
    ('error rate', 'RMSE')
    """
    if metric == "accuracy":
        return "错误率" if language == "zh" else "error rate"
    return score_name(metric, language)


def number_text(value: float, digits: int = 4) -> str:
    """Write a number in a sentence.

    >>> number_text(181342.7), number_text(0.123456), number_text(-2.5), number_text(2008.0)
    ('181,300', '0.1235', '−2.5', '2008')
    """
    if abs(value) >= 10_000:
        text = f"{float(f'{value:.{digits}g}'):,.0f}"
    elif abs(value) >= 1000:
        text = f"{value:.0f}"
    else:
        text = f"{value:.{digits}g}"
    return typeset(text) if "e" not in text else text


def estimate_text(value: float, interval: Sequence[float]) -> str:
    """Write an estimate and its interval with as many decimals as the interval's width bears.

    >>> estimate_text(0.12568, (0.0551, 0.169)), estimate_text(181342.7, (170000.2, 190000.9))
    ('0.126 [0.055, 0.169]', '181,343 [170,000, 190,001]')
    """
    width = interval[1] - interval[0]
    decimals = decimals_for(width / 10) if width > 0 else 4
    value_, low, high = (typeset(f"{one:,.{decimals}f}") for one in (value, *interval))
    return f"{value_} [{low}, {high}]" if width == width else value_


def share_text(share: float) -> str:
    """Write a share in per cent.

    >>> share_text(0.0612), share_text(0.995), share_text(0.0004)
    ('6.1 %', '99.5 %', '0.04 %')
    """
    percent = 100 * share
    if abs(percent) >= 10:
        return typeset(f"{percent:.3g} %")
    return typeset(f"{percent:.2g} %")
