"""The optimisers and the clipping of gradients, in words and formulas."""

from __future__ import annotations

from mlplab.specs.optim import Adam, RMSprop
from mlplab.specs.vocabulary.word import Group, Varied, Word

_RATE = Varied("optim.lr", 0.1, 0.2)
_DECAY = Varied("optim.weight_decay", 0.0, 0.01)
_STEPS = (
    "Weights equal torch's after training, step for step, in double precision "
    "(`tests/engine/{}.py`)."
)
_BETAS = Varied("optim.betas", (0.9, 0.999), (0.8, 0.99))
_EPS = Varied("optim.eps", 1e-8, 1e-4)
_CLIPS = "`torch.nn.utils`"

OPTIMISER_WORDS = Group(
    "optimisers",
    "Optimisers: `optim`",
    "g is the gradient of the mean loss of a batch, w a weight, lr the learning rate times the "
    "factor of its schedule. With weight decay, decay w joins g first (but see AdamW). Your own: "
    "`ml.optimiser`.",
    "Step",
    (
        Word(
            "sgd",
            "SGD",
            "--optimizer sgd --lr 0.1",
            "Steps along the gradient of one batch.",
            r"g = \nabla_w L",
            r"w \leftarrow w - \mathrm{lr} \, g",
            source="Robbins and Monro (1951), A stochastic approximation method, Annals of "
            "Mathematical Statistics 22",
            checked=_STEPS.format("test_optimisers"),
            remarks="The default. The step happens inside the product that would form the "
            "gradient, so no second pass over the weights is made.",
            varied=(_RATE, _DECAY),
        ),
        Word(
            "momentum",
            "SGD with momentum",
            "--optimizer sgd --lr 0.1 --momentum 0.9",
            "Steps along a velocity that remembers earlier gradients.",
            r"v \leftarrow m v + g",
            r"w \leftarrow w - \mathrm{lr} \, v",
            source="Polyak (1964), Some methods of speeding up the convergence of iteration "
            "methods; in torch.optim's form",
            checked=_STEPS.format("test_optimisers"),
            remarks="A stack without any momentum keeps no velocity and is another program.",
            varied=(
                _RATE,
                Varied("optim.momentum", 0.9, 0.5, "momentum (m), above 0"),
                Varied("optim.momentum", 0.0, 0.9, "whether there is any", "0 is plain SGD."),
                _DECAY,
            ),
        ),
        Word(
            "nesterov",
            "Nesterov's momentum",
            "--optimizer sgd --lr 0.1 --momentum 0.9 --nesterov true",
            "Momentum that looks ahead along the velocity.",
            r"v \leftarrow m v + g",
            r"w \leftarrow w - \mathrm{lr} \, (g + m v)",
            source="Nesterov (1983); Sutskever, Martens, Dahl and Hinton (2013), On the importance "
            "of initialization and momentum in deep learning, ICML; in torch.optim's form",
            checked=_STEPS.format("test_vocabulary"),
            varied=(
                _RATE,
                Varied("optim.momentum", 0.9, 0.5, "momentum (m)"),
                Varied("optim.nesterov", True, False),
                _DECAY,
            ),
        ),
        Word(
            "rmsprop",
            "RMSprop",
            "--optimizer rmsprop --lr 0.01",
            "Divides each step by the root of a running mean of the squared gradient.",
            r"s \leftarrow \alpha s + (1 - \alpha) g^2",
            r"w \leftarrow w - \mathrm{lr} \, \frac{g}{\sqrt{s} + \varepsilon}",
            source="Hinton (2012), Neural networks for machine learning, lecture 6e",
            checked=_STEPS.format("test_vocabulary"),
            varied=(_RATE, Varied("optim.alpha", 0.99, 0.9), _EPS, _DECAY),
        ),
        Word(
            "adam",
            "Adam",
            "--optimizer adam --lr 0.001",
            "Scales steps by running means of the gradient and of its square, both corrected for "
            "having begun at 0.",
            r"m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + "
            r"(1 - \beta_2) g^2",
            r"w \leftarrow w - \mathrm{lr} \, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}, \quad "
            r"\hat m = \frac{m}{1 - \beta_1^t}, \quad \hat v = \frac{v}{1 - \beta_2^t}",
            source="Kingma and Ba (2015), [arXiv 1412.6980](https://arxiv.org/abs/1412.6980)",
            checked=_STEPS.format("test_optimisers"),
            varied=(_RATE, _BETAS, _EPS, _DECAY),
        ),
        Word(
            "adamw",
            "AdamW",
            "--optimizer adamw --lr 0.001 --weight-decay 0.01",
            "Adam whose weight decay shrinks the weights directly and stays out of the means.",
            r"w \leftarrow w \, (1 - \mathrm{lr} \cdot \mathrm{decay})",
            r"\text{then Adam's step with } g \text{ free of the decay}",
            source="Loshchilov and Hutter (2019), "
            "[arXiv 1711.05101](https://arxiv.org/abs/1711.05101)",
            checked=_STEPS.format("test_optimisers"),
            varied=(_RATE, _BETAS, _EPS, _DECAY),
        ),
        Word(
            "lars",
            "LARS",
            "--optimizer lars --lr 1 --trust 0.01",
            "Gives each layer a step in proportion to the norm of its weights.",
            r"\rho = \frac{\mathrm{trust} \, \lVert W \rVert}{\lVert G \rVert + \mathrm{decay} \, "
            r"\lVert W \rVert}, \quad v \leftarrow m v + \mathrm{lr} \, \rho \, (g + "
            r"\mathrm{decay} \, w)",
            r"w \leftarrow w - v",
            source="You, Gitman and Ginsburg (2017), "
            "[arXiv 1708.03888](https://arxiv.org/abs/1708.03888), algorithm 1",
            checked="torch has no LARS. Weights equal those of algorithm 1 written out on "
            "autograd's gradients, step for step, in double precision; one step moves each layer "
            "by its share, the scale of the loss does not matter, and a matrix of zeros moves at "
            "the plain rate (`tests/engine/test_vocabulary.py`).",
            remarks="As published, but for what the paper leaves open: norms are of a layer's "
            "weight matrix, and its bias, gain and slope share the ratio (the paper's table 2 "
            "lists ratios of biases apart; a bias that starts at 0 would never move); where a "
            "norm is 0 the ratio is 1. The paper's trust is 0.001, and its rate falls with the "
            "square of the share of steps left: `--schedule polynomial:2,0`, by epoch here.",
            varied=(
                _RATE,
                Varied("optim.trust", 0.01, 0.02),
                Varied("optim.momentum", 0.9, 0.5),
                _DECAY,
            ),
        ),
        Word(
            "lion",
            "Lion",
            "--optimizer lion --lr 0.0001",
            "Takes steps of one size, along the sign of a running mean of the gradient.",
            r"c = \beta_1 m + (1 - \beta_1) g",
            r"w \leftarrow w \, (1 - \mathrm{lr} \cdot \mathrm{decay}) - \mathrm{lr} \, "
            r"\mathrm{sign}(c), \quad m \leftarrow \beta_2 m + (1 - \beta_2) g",
            source="Chen et al. (2023), [arXiv 2302.06675](https://arxiv.org/abs/2302.06675)",
            checked="Weights equal those of the plain formula on autograd's gradients, step for "
            "step, in double precision (`tests/engine/test_vocabulary.py`).",
            varied=(_RATE, Varied("optim.betas", (0.9, 0.99), (0.8, 0.9)), _DECAY),
        ),
        Word(
            "clip-norm",
            "Clipping by norm",
            "--clip-norm 1",
            "Shortens a run's whole gradient where it is longer than a bound.",
            r"n = \sqrt{\textstyle\sum_w g_w^2} \ \text{ over all that the run learns}",
            r"g \leftarrow g \, \min\!\left(1, \frac{c}{n + 10^{-6}}\right)",
            source="Pascanu, Mikolov and Bengio (2013), "
            "[arXiv 1211.5063](https://arxiv.org/abs/1211.5063)",
            checked=f"Training equals torch with `clip_grad_norm_` of {_CLIPS}; a bound that is "
            "never reached changes nothing (`tests/engine/test_vocabulary.py`).",
            remarks="Any optimiser takes it. A stack that clips forms its gradients first and "
            "makes two passes over its layers.",
            varied=(
                Varied("optim.clip_norm", 1.0, 0.5, "clip_norm (c), above 0"),
                Varied("optim.clip_norm", 0.0, 1.0, "whether runs clip", "0 does not clip."),
            ),
        ),
        Word(
            "clip-value",
            "Clipping by value",
            "--clip-value 0.1",
            "Bounds the size of every entry of the gradient.",
            r"c > 0",
            r"g \leftarrow \min(\max(g, -c), c)",
            source="Mikolov (2012), Statistical language models based on neural networks, thesis",
            checked=f"Training equals torch with `clip_grad_value_` of {_CLIPS} "
            "(`tests/engine/test_vocabulary.py`).",
            remarks="Any optimiser takes it; it comes before clipping by norm.",
            varied=(
                Varied("optim.clip_value", 0.1, 0.5, "clip_value (c), above 0"),
                Varied("optim.clip_value", 0.0, 0.1, "whether runs clip", "0 does not clip."),
            ),
        ),
    ),
    Varied("optim", Adam(), RMSprop()),
)
