"""The activations, in words and formulas."""

from __future__ import annotations

from mlplab.specs.vocabulary.word import Group, Varied, Word

_CHECKED = (
    "Networks that use it train as torch's autograd does in double precision, with and without "
    "norms (`tests/engine/test_vocabulary.py`); its derivative equals finite differences "
    "(`tests/theory/test_signal.py`)."
)


def _word(
    name: str,
    title: str,
    says: str,
    formula: str,
    then: str,
    *,
    source: str,
    flags: str = "",
    remarks: str = "",
    varied: tuple[Varied, ...] = (),
) -> Word:
    flags = flags or f"--activation {name}"
    return Word(
        name, title, flags, says, formula, then, source, _CHECKED, remarks, varied, "activation"
    )


_SLOPE = "The slope below 0."

ACTIVATION_WORDS = Group(
    "activations",
    "Activations: `net.activation`",
    "z is a unit's input, h its output. The derivative is taken from h where it can be, so that z "
    "need not be kept.",
    "Derivative",
    (
        _word(
            "relu",
            "ReLU",
            "Hands on what is positive and cuts off the rest.",
            r"h = \max(z, 0)",
            r"\frac{dh}{dz} = \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}",
            source="Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann "
            "machines, ICML",
        ),
        _word(
            "leaky-relu",
            "Leaky ReLU",
            "A ReLU that lets a little through below 0, so that no unit falls silent for good.",
            r"h = \max(z, 0) + a \min(z, 0)",
            r"\frac{dh}{dz} = \begin{cases} 1 & z > 0 \\ a & z \le 0 \end{cases}",
            flags="--activation leaky-relu:0.1",
            source="Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network "
            "acoustic models, ICML workshop",
            remarks="a = 0 is `relu`, a = 1 is `identity`.",
            varied=(
                Varied("net.activation", "leaky-relu:0.1", "leaky-relu:0.2", "SLOPE (a)", _SLOPE),
            ),
        ),
        _word(
            "prelu",
            "pReLU",
            "A leaky ReLU whose slope below 0 is learned, one for a layer or one for each unit.",
            r"h = \max(z, 0) + a \min(z, 0), \quad a \text{ learned}",
            r"\frac{\partial h}{\partial z} = \begin{cases} 1 & z > 0 \\ a & z \le 0 \end{cases}"
            r", \qquad \frac{\partial h}{\partial a} = \min(z, 0)",
            flags="--activation prelu:0.25,unit",
            source="He, Zhang, Ren and Sun (2015), "
            "[arXiv 1502.01852](https://arxiv.org/abs/1502.01852)",
            remarks="The optimiser moves the slopes as it moves biases, weight decay included. The "
            "graph shows the slope it begins with. z is kept for the backward pass.",
            varied=(
                Varied(
                    "net.activation", "prelu:0.25", "prelu:0.1", "SLOPE (a)", "Its first value."
                ),
                Varied("net.activation", "prelu", "prelu:0.25,unit", "PER", "`layer` or `unit`."),
            ),
        ),
        _word(
            "elu",
            "ELU",
            "The identity above 0 and an exponential that levels off at -alpha below.",
            r"h = \begin{cases} z & z > 0 \\ \alpha (e^z - 1) & z \le 0 \end{cases}",
            r"\frac{dh}{dz} = \begin{cases} 1 & z > 0 \\ h + \alpha & z \le 0 \end{cases}",
            source="Clevert, Unterthiner and Hochreiter (2016), "
            "[arXiv 1511.07289](https://arxiv.org/abs/1511.07289)",
            remarks="alpha = 0 is `relu`.",
            varied=(Varied("net.activation", "elu", "elu:0.5", "ALPHA", "Minus the limit below."),),
        ),
        _word(
            "gelu",
            "GELU",
            "Weighs its input by the probability that a standard normal number is smaller.",
            r"h = z \, \Phi(z), \quad \Phi(z) = \tfrac12 \left(1 + "
            r"\mathrm{erf}(z / \sqrt 2)\right)",
            r"\frac{dh}{dz} = \Phi(z) + z \, \varphi(z), \quad "
            r"\varphi(z) = e^{-z^2/2} / \sqrt{2 \pi}",
            source="Hendrycks and Gimpel (2016), "
            "[arXiv 1606.08415](https://arxiv.org/abs/1606.08415)",
            remarks="The exact form, by erf, not the approximation by tanh. z is kept for the "
            "backward pass.",
        ),
        _word(
            "silu",
            "SiLU",
            "Weighs its input by its sigmoid; also known as swish.",
            r"h = z \, \sigma(z), \quad \sigma(z) = \frac{1}{1 + e^{-z}}",
            r"\frac{dh}{dz} = \sigma(z) \left(1 + z \, (1 - \sigma(z))\right)",
            source="Elfwing, Uchibe and Doya (2018), "
            "[arXiv 1702.03118](https://arxiv.org/abs/1702.03118)",
            remarks="z is kept for the backward pass.",
        ),
        _word(
            "softplus",
            "Softplus",
            "A ReLU with its corner rounded off.",
            r"h = \log(1 + e^z)",
            r"\frac{dh}{dz} = \sigma(z) = \frac{1}{1 + e^{-z}}",
            source="Dugas, Bengio, Belisle, Nadeau and Garcia (2001), Incorporating second-order "
            "functional knowledge for better option pricing, NIPS",
            remarks="z above 20 is handed on as it is, as in torch. z is kept for the backward "
            "pass.",
        ),
        _word(
            "tanh",
            "Tanh",
            "Squeezes its input into the range from -1 to 1, symmetrically about 0.",
            r"h = \tanh z = \frac{e^z - e^{-z}}{e^z + e^{-z}}",
            r"\frac{dh}{dz} = 1 - h^2 \le 1",
            source="LeCun, Bottou, Orr and Mueller (1998), Efficient BackProp",
        ),
        _word(
            "sigmoid",
            "Sigmoid",
            "Squeezes its input into the range from 0 to 1.",
            r"h = \sigma(z) = \frac{1}{1 + e^{-z}}",
            r"\frac{dh}{dz} = h (1 - h) \le \tfrac14",
            source="Rumelhart, Hinton and Williams (1986), Learning representations by "
            "back-propagating errors, Nature 323",
        ),
        _word(
            "identity",
            "Identity",
            "Hands on its input: a network of such layers computes an affine map.",
            "h = z",
            r"\frac{dh}{dz} = 1",
            source="Saxe, McClelland and Ganguli (2014), on how deep linear networks learn, "
            "[arXiv 1312.6120](https://arxiv.org/abs/1312.6120)",
        ),
    ),
    Varied("net.activation", "relu", "tanh"),
)
