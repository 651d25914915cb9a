"""Early stopping, averaging and dropout, in words and formulas."""

from __future__ import annotations

from mlplab.specs.vocabulary.word import Group, Varied, Word

TRAINING_WORDS = Group(
    "training",
    "Ends, averages and noise: `fit`, `net.dropout`",
    "",
    "Then",
    (
        Word(
            "early-stopping",
            "Early stopping",
            "--valid 0.1 --patience 3 --epochs 50",
            "Ends a run after some epochs without a better score on validation rows.",
            r"\text{ends at epoch } e \text{ when } e - e_{\text{best}} \ge p",
            r"w \leftarrow w_{e_{\text{best}}}",
            source="Prechelt (1998), Early stopping - but when?",
            checked="A run ends where the rule says, and leaves the weights that a training of "
            "just so many epochs leaves, bit for bit (`tests/engine/test_early_stopping.py`).",
            remarks="A run that ended leaves its slot to another. With `restore_best` every last "
            "value that is reported is of the weights of the best epoch. The test split may not be "
            "watched.",
            varied=(
                Varied("fit.patience", 3, 5, "patience (p)"),
                Varied("fit.monitor", "valid_loss", "valid_accuracy"),
                Varied("fit.restore_best", True, False),
            ),
        ),
        Word(
            "weight-averaging",
            "Weight averaging (EMA)",
            "--ema 0.99",
            "Scores and keeps a running mean of the weights instead of the last ones.",
            r"a \leftarrow d \, a + (1 - d) \, w \ \text{ after each step, from } a = w \text{ "
            r"after the first}",
            r"w \leftarrow a \ \text{ when the run is scored, and at its end}",
            source="Polyak and Juditsky (1992), Acceleration of stochastic approximation by "
            "averaging, SIAM Journal on Control and Optimization 30",
            checked="Equal to averaging torch's weights by the formula; with decay near 0 it is "
            "the last weights; the training itself does not change "
            "(`tests/engine/test_vocabulary.py`).",
            remarks="Gains and slopes are averaged too; the running statistics of batch norm are "
            "not. The training itself does not see the mean.",
            varied=(
                Varied("fit.ema", 0.99, 0.9, "ema (d), above 0"),
                Varied("fit.ema", 0.0, 0.99, "whether runs average", "0 keeps the last."),
            ),
        ),
        Word(
            "dropout",
            "Dropout",
            "--hidden 64,32 --dropout 0.2,0.5",
            "Drops each output of a hidden layer with some probability in training, and scales up "
            "the rest.",
            r"h' = \frac{m}{1 - p} \, h, \quad m = 0 \text{ with probability } p, \text{ else } 1",
            r"\mathbb{E}[h'] = h; \quad \text{nothing is dropped when a run is scored}",
            source="Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout, "
            "Journal of Machine Learning Research 15",
            checked="Training equals torch's autograd with the same masks "
            "(`tests/engine/test_optimisers.py`); means are kept, and a higher rate drops all that "
            "a lower one drops (`tests/engine/test_common_numbers.py`).",
            remarks="Masks are drawn by (seed, layer, step): arms of one seed share them. Rates "
            "are rounded to multiples of 1/65536. One rate stands for all layers.",
            varied=(
                Varied("net.dropout", (0.2, 0.5), (0.5, 0.2), "dropout (p), one per layer"),
                Varied(
                    "net.dropout",
                    (),
                    (0.2, 0.5),
                    "whether anything is dropped",
                    "Rates of 0 drop nothing.",
                ),
            ),
        ),
    ),
)
