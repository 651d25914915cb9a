"""The losses, in words and formulas."""

from __future__ import annotations

from mlplab.specs.vocabulary.word import Group, Varied, Word

_CHECKED = (
    "Training equals torch's autograd in double precision, for classes and for numbers, with "
    "weighted examples (`tests/engine/test_vocabulary.py`)."
)
_OUTPUTS = (
    "The loss of an example is the mean over its outputs; classes are then compared as ones and "
    "zeros."
)

LOSS_WORDS = Group(
    "losses",
    "Losses: `fit.loss`",
    "r = z - y is the error of one output. `auto` takes cross-entropy for classes and squares for "
    "numbers. Weighted examples count by their share of the batch.",
    "Derivative",
    (
        Word(
            "cross-entropy",
            "Cross-entropy, with label smoothing",
            "--loss cross-entropy --label-smoothing 0.1",
            "Minus the logarithm of the probability that the softmax gives to the true class.",
            r"L = \log \sum_c e^{z_c} - \sum_c t_c z_c, \quad t_c = (1 - s) [c = y] + s / C",
            r"\frac{\partial L}{\partial z_c} = \mathrm{softmax}(z)_c - t_c",
            source="Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), "
            "[arXiv 1512.00567](https://arxiv.org/abs/1512.00567), for the smoothing",
            checked="Training equals torch's autograd in double precision; with smoothing, scores "
            "are those without (`tests/engine/test_vocabulary.py`).",
            remarks="Smoothing takes part in training only: losses of validation and test rows are "
            "plain. The graph shows two classes, against the lead of the true one's output.",
            varied=(
                Varied("fit.label_smoothing", 0.1, 0.2, "label_smoothing, above 0"),
                Varied(
                    "fit.label_smoothing", 0.0, 0.1, "whether there is any", "0 smooths nothing."
                ),
            ),
            curve="loss",
        ),
        Word(
            "squared",
            "Squares",
            "--loss squared",
            "The squared error, whose minimum is the mean.",
            "L = r^2",
            r"\frac{dL}{dr} = 2 r",
            source="Legendre (1805), Gauss (1809)",
            checked=_CHECKED,
            remarks=_OUTPUTS,
            curve="loss",
        ),
        Word(
            "absolute",
            "Absolute error",
            "--loss absolute",
            "The size of the error, whose minimum is the median.",
            r"L = \lvert r \rvert",
            r"\frac{dL}{dr} = \mathrm{sign}(r), \quad 0 \text{ at } 0",
            source="Boscovich (1757), Laplace (1793)",
            checked=_CHECKED,
            remarks=_OUTPUTS,
            curve="loss",
        ),
        Word(
            "huber",
            "Huber",
            "--loss huber --huber-delta 0.5",
            "Half the squares of small errors; large ones grow linearly.",
            r"L = \begin{cases} r^2 / 2 & \lvert r \rvert \le \delta \\ \delta \, (\lvert r \rvert "
            r"- \delta / 2) & \lvert r \rvert > \delta \end{cases}",
            r"\frac{dL}{dr} = \min(\max(r, -\delta), \delta)",
            source="Huber (1964), Robust estimation of a location parameter, Annals of "
            "Mathematical Statistics 35",
            checked=_CHECKED + " For a large delta it trains as squares at half the rate do.",
            remarks=_OUTPUTS,
            varied=(Varied("fit.huber_delta", 0.5, 1.5),),
            curve="loss",
        ),
        Word(
            "log-cosh",
            "Log-cosh",
            "--loss log-cosh",
            "Half the squares near 0 and the absolute error far away, smooth everywhere.",
            r"L = \log \cosh r = \lvert r \rvert + \log(1 + e^{-2 \lvert r \rvert}) - \log 2",
            r"\frac{dL}{dr} = \tanh r",
            source="Green (1990), Bayesian reconstructions from emission tomography data, IEEE "
            "Transactions on Medical Imaging 9",
            checked=_CHECKED,
            remarks=_OUTPUTS + " The second form cannot overflow.",
            curve="loss",
        ),
    ),
    Varied("fit.loss", "squared", "absolute"),
)
