"""Noise on hidden layers, in words and formulas."""

from __future__ import annotations

from mlplab.specs.vocabulary.word import Group, Varied, Word

_CHECKED = (
    "Training equals torch's autograd with the same draws, under every norm; mean and variance "
    "are those of the formula (`tests/engine/test_noise.py`)."
)
_SOURCE = (
    "Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout, Journal of "
    "Machine Learning Research 15, section 10"
)
_DROP_CONNECT = (
    "Wan, Zeiler, Zhang, LeCun and Fergus (2013), Regularization of Neural Networks using "
    "DropConnect, ICML"
)


def _varied(one: float, other: float) -> tuple[Varied, ...]:
    name = "noise_strength (s), one per layer"
    return (Varied("net.noise_strength", one, other, name),)


NOISE_WORDS = Group(
    "noises",
    "Noise: `net.noise`",
    "h is what a hidden layer gives, h' what the next layer sees in training; e is N(0, 1) and u "
    "is U(0, 1), drawn by (seed, layer, step) for each unit and example: arms of one seed share "
    "them, whatever their strengths. Runs are scored without noise. With dropout as well, units "
    "are dropped after the noise.",
    "Mean and variance",
    (
        Word(
            "gaussian",
            "Additive Gaussian noise",
            "--noise gaussian --noise-strength 0.1",
            "Adds a normal number to every hidden value.",
            r"h' = h + s e",
            r"\mathbb{E}[h'] = h, \quad \mathrm{Var}[h'] = s^2",
            source="Bishop (1995), Training with noise is equivalent to Tikhonov regularization, "
            "Neural Computation 7",
            checked=_CHECKED,
            varied=_varied(0.1, 0.3),
        ),
        Word(
            "uniform",
            "Additive uniform noise",
            "--noise uniform --noise-strength 0.1",
            "Adds a number between 0 and the strength to every hidden value.",
            r"h' = h + s u",
            r"\mathbb{E}[h'] = h + \tfrac{s}{2}, \quad \mathrm{Var}[h'] = \tfrac{s^2}{12}",
            checked=_CHECKED,
            remarks="Its mean is not 0: a trained network is used on values that are lower by s/2 "
            "than those it was trained on.",
            varied=_varied(0.1, 0.3),
        ),
        Word(
            "multiplicative",
            "Multiplicative Gaussian noise",
            "--noise multiplicative --noise-strength 0.5",
            "Multiplies every hidden value by a normal number around 1.",
            r"h' = h \, (1 + s e)",
            r"\mathbb{E}[h'] = h, \quad \mathrm{Var}[h'] = s^2 h^2",
            source=_SOURCE,
            checked=_CHECKED,
            remarks="Dropout of rate p has the same mean and variance where s² = p / (1 - p).",
            varied=_varied(0.5, 1.0),
        ),
        Word(
            "dropout-before",
            "Dropout before the activation",
            "--noise dropout-before --noise-strength 0.5",
            "Drops what an activation is given, and not what it gives.",
            r"h' = f\left(\frac{m}{1 - p} \, z\right), \quad m = 0 \text{ with probability } "
            r"p, \text{ else } 1",
            r"h' = \frac{m}{1 - p} \, f(z) \quad \text{where } f(a z) = a f(z) \text{ for } "
            r"a \ge 0",
            checked=_CHECKED + " With ReLU it trains to the bits of dropout.",
            remarks="Masks are those of [dropout](../training/dropout.md): with ReLU, leaky ReLU "
            "and the identity both are the same.",
            varied=_varied(0.5, 0.2),
        ),
        Word(
            "drop-connect",
            "DropConnect",
            "--noise drop-connect --noise-strength 0.5",
            "Drops weights of the hidden layers in a step, and scales up the rest.",
            r"z = \frac{1}{1 - p} \, (M \odot W) \, x + b, \quad M_{oi} = 0 \text{ with "
            r"probability } p, \text{ else } 1",
            r"\mathbb{E}[z] = W x + b, \quad \mathrm{Var}[z_o] = \tfrac{p}{1 - p} \sum_i W_{oi}^2 "
            r"x_i^2",
            source=_DROP_CONNECT,
            checked=_CHECKED,
            remarks="One mask for all examples of a batch, where the paper draws one for each "
            "example (drop-connect-each). Weights of the output layer and biases stay.",
            varied=_varied(0.5, 0.2),
        ),
        Word(
            "drop-connect-each",
            "DropConnect for each example",
            "--hidden 16 --noise drop-connect-each --noise-strength 0.5",
            "Drops weights of the hidden layers for each example of a batch, and scales up the "
            "rest.",
            r"z_b = \frac{1}{1 - p} \, (M_b \odot W) \, x_b + b, \quad M_{b,oi} = 0 \text{ with "
            r"probability } p, \text{ else } 1",
            r"\mathbb{E}[z_b] = W x_b + b, \quad \mathrm{Var}[z_{b,o}] = \tfrac{p}{1 - p} \sum_i "
            r"W_{oi}^2 x_{b,i}^2, \quad \mathrm{Cov}[z_b, z_{b'}] = 0",
            source=_DROP_CONNECT,
            checked=_CHECKED + " A batch of one example trains as under drop-connect.",
            remarks="As in the paper: examples have masks of their own, so that a batch's mean "
            "gradient varies less than under one mask. Every weight is drawn for every example, "
            "twice: a step of 784-256-256-10 with 256 examples takes about 50 times as long as "
            "without, and 20 times where four arms share a seed's draws. Weights of the output "
            "layer and biases stay.",
            varied=_varied(0.5, 0.2),
        ),
        Word(
            "stochastic-depth",
            "Stochastic depth",
            "--hidden 64,64,64 --residual true --noise stochastic-depth --noise-strength 0.2",
            "Drops the whole branch of a residual layer for an example, and scales up the rest.",
            r"h_l' = h_{l-1}' + \frac{m}{1 - p} \, h_l, \quad m = 0 \text{ with probability } p, "
            r"\text{ else } 1",
            r"\mathbb{E}[h_l'] = h_{l-1}' + h_l",
            source="Huang, Sun, Liu, Sedra and Weinberger (2016), Deep Networks with Stochastic "
            "Depth, [arXiv 1603.09382](https://arxiv.org/abs/1603.09382)",
            checked=_CHECKED,
            remarks="m is one number for all units of a layer, drawn for each example where the "
            "paper draws it for a batch. Layers beside which nothing passes keep their branch.",
            varied=_varied(0.2, 0.5),
        ),
    ),
    Varied("net.noise", "gaussian", "uniform"),
)
