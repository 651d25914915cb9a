"""Early stopping, averaging and dropout, in words and formulas."""

from __future__ import annotations

from mlplab.specs.vocabulary.word import Group, Varied, Word

_BATCHES = (
    "Each change by its definition, and training against torch's autograd on the changed batches "
    "(`tests/engine/test_perturbation.py`)."
)

TRAINING_WORDS = Group(
    "training",
    "Ends, averages, skips, dropout and changed batches: `fit`, `net`",
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
            "rewind",
            "Rewind after divergence",
            "--lr 3 --rewinds 3",
            "Takes a run that has diverged back to its best epoch in training, at a lower rate.",
            r"\text{where epoch } e \text{ diverged: } b = \arg\min_{k < e} L_k",
            r"w \leftarrow w_b, \ e \leftarrow b, \ \eta \leftarrow f \, \eta",
            source="",
            checked="A run that goes back to its first weights ends with the bits of one at the "
            "lower rate; one that goes back later, with those of a schedule that falls there; "
            "alone, among others and after a stop alike (`tests/engine/test_rewind.py`).",
            remarks="The first weights count as epoch 0, with the loss that the run begins with: "
            "an epoch that only made it worse is nowhere to go back to. What the optimiser keeps "
            "goes back too, and epochs see the same batches again. The validation split may tell "
            "of a divergence, the test split may not. `rewinds` in the frame counts them by "
            "epoch; a run whose rewinds are spent has diverged. Trains in stacks.",
            varied=(
                Varied("fit.rewinds", 1, 3, "how often a run may"),
                Varied("fit.rewind_factor", 0.1, 0.5, "rewind_factor (f)"),
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
            "residual",
            "Residual connections",
            "--hidden 64,64,32 --residual true",
            "Adds what a hidden layer was given to what it gives, where both are as wide.",
            r"h_l' = h_l + h_{l-1}', \quad h_l = f(W_l h_{l-1}' + b_l)",
            r"\frac{\partial L}{\partial h_{l-1}'} = W_l^\top \frac{\partial L}{\partial z_l} + "
            r"\frac{\partial L}{\partial h_l'}",
            source="He, Zhang, Ren and Sun (2015), Deep Residual Learning for Image Recognition, "
            "[arXiv 1512.03385](https://arxiv.org/abs/1512.03385)",
            checked="Training equals torch's autograd, under every norm and noise "
            "(`tests/engine/test_noise.py`).",
            remarks="A layer skips where the hidden layer below has its width; the first never "
            "does.",
            varied=(Varied("net.residual", False, True, "residual"),),
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
        Word(
            "input-noise",
            "Noise on the inputs",
            "--input-noise gaussian --input-strength 0.1",
            "Adds noise to the inputs in training, multiplies them by it, or drops them.",
            r"x' = x + s e, \quad x + s u, \quad x \, (1 + s e), \quad \text{or} \quad "
            r"\frac{m}{1 - s} \, x",
            r"\mathrm{Var}[x'] = s^2, \quad \tfrac{s^2}{12}, \quad s^2 x^2, \quad "
            r"\tfrac{s}{1 - s} \, x^2",
            source="Bishop (1995), Training with noise is equivalent to Tikhonov regularization, "
            "Neural Computation 7",
            checked=_BATCHES,
            remarks="gaussian, uniform, multiplicative and dropout: e is N(0, 1), u is U(0, 1), m "
            "is 0 with probability s, else 1; drawn by (seed, step). Scores are without it.",
            varied=(
                Varied("fit.input_strength", 0.1, 0.3, "input_strength (s)"),
                Varied("fit.input_noise", "gaussian", "dropout", "which one"),
            ),
        ),
        Word(
            "mixup",
            "Mixup",
            "--mixup 0.2",
            "Mixes each example and its target with another of its batch, by one share for the "
            "batch.",
            r"x' = \lambda x_i + (1 - \lambda) x_j, \quad t' = \lambda t_i + (1 - \lambda) t_j",
            r"\lambda = \max(b, 1 - b), \quad b \sim \mathrm{Beta}(\alpha, \alpha)",
            source="Zhang, Cisse, Dauphin and Lopez-Paz (2018), mixup, "
            "[arXiv 1710.09412](https://arxiv.org/abs/1710.09412)",
            checked=_BATCHES,
            remarks="The larger share is an example's own: pairs are the same in distribution, and "
            "training accuracy counts its own class. Drawn by (seed, step).",
            varied=(
                Varied("fit.mixup", 0.2, 0.4, "mixup (alpha), above 0"),
                Varied("fit.mixup", 0.0, 0.2, "whether anything is mixed", "0 mixes nothing."),
            ),
        ),
        Word(
            "image-moves",
            "Shifted and mirrored images",
            "--shift 1 --flip true",
            "Moves each image by some pixels and mirrors half of them, anew in each epoch.",
            r"x'_{i, j} = x_{i - v, \, j - h}, \quad v, h \in \{-k, \ldots, k\}, \text{ each as "
            r"likely}",
            r"x'_{i, j} = 0 \quad \text{where it comes from outside}",
            checked=_BATCHES,
            remarks="Drawn by (seed, epoch, example): an image moves alike whoever is in its "
            "batch. Mirrored first, left to right.",
            varied=(
                Varied("fit.shift", 1, 2, "shift (k), in pixels"),
                Varied("fit.flip", True, False, "flip"),
            ),
        ),
        Word(
            "label-noise",
            "Replaced classes",
            "--label-noise 0.1",
            "Replaces the classes of a share of the training examples by others, for all epochs.",
            r"P(y' = y) = 1 - r, \quad P(y' = c) = \frac{r}{C - 1} \text{ for } c \ne y",
            source="Nakkiran et al. (2020), Deep double descent, "
            "[arXiv 1912.02292](https://arxiv.org/abs/1912.02292)",
            checked=_BATCHES,
            remarks="Drawn by (seed, example): a higher rate replaces all that a lower one "
            "replaces. Training loss and accuracy are measured against the replaced classes; "
            "validation and test rows keep theirs.",
            varied=(
                Varied("fit.label_noise", 0.1, 0.2, "label_noise (r), above 0"),
                Varied("fit.label_noise", 0.0, 0.1, "whether any are replaced", "0 replaces none."),
            ),
        ),
    ),
)
