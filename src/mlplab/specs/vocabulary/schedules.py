"""The schedules, in words and formulas."""

from __future__ import annotations

from mlplab.specs.vocabulary.word import Group, Varied, Word

_TORCH = "Its factors are those of `torch.optim.lr_scheduler.{}` (`tests/{}.py`)."
_OURS, _ENGINE = "specs/test_schedules", "engine/test_vocabulary"
_DECAYS = "Changes between epochs."
_SGDR = "Loshchilov and Hutter (2017), [arXiv 1608.03983](https://arxiv.org/abs/1608.03983)"


def _of(field: str, one: float, other: float, name: str = "") -> Varied:
    return Varied(f"optim.schedule.{field}", one, other, name)


SCHEDULE_WORDS = Group(
    "schedules",
    "Schedules: `optim.schedule`",
    "A schedule is a factor f of the learning rate, in epoch e = 0, 1, ... of E. Graphs show ten "
    "epochs of twenty steps. Any of them may begin with a warm-up: `cosine:0.1,warmup=2`. Your "
    "own: `ml.schedule`.",
    "Changes",
    (
        Word(
            "constant",
            "Constant",
            "--schedule constant",
            "One learning rate for the whole training.",
            "f = 1",
            checked="The factor is 1 in every step (`tests/specs/test_schedules.py`).",
            remarks="The default.",
            curve="schedule",
        ),
        Word(
            "exponential",
            "Exponential",
            "--schedule exponential:0.7",
            "Shrinks the rate by the same factor after every epoch.",
            r"f = \gamma^e",
            checked=_TORCH.format("ExponentialLR", _OURS),
            remarks=_DECAYS,
            varied=(_of("gamma", 0.7, 0.8, "GAMMA"),),
            curve="schedule",
        ),
        Word(
            "step",
            "Step",
            "--schedule step:3,0.5",
            "Shrinks the rate by a factor every few epochs.",
            r"f = \gamma^{\lfloor e / k \rfloor}",
            checked=_TORCH.format("StepLR", _OURS),
            remarks=_DECAYS,
            varied=(_of("every", 3, 4, "EVERY (k)"), _of("gamma", 0.5, 0.8, "GAMMA")),
            curve="schedule",
        ),
        Word(
            "cosine",
            "Cosine",
            "--schedule cosine:0.1",
            "Falls along half a cosine.",
            r"f = q + (1 - q) \, \frac{1 + \cos(\pi e / E)}{2}",
            source=_SGDR,
            checked=_TORCH.format("CosineAnnealingLR", _OURS),
            remarks=_DECAYS,
            varied=(_of("final", 0.1, 0.2, "FINAL (q)"),),
            curve="schedule",
        ),
        Word(
            "polynomial",
            "Polynomial",
            "--schedule polynomial:2,0.05",
            "Falls along a power of the epochs that are left; with power 1 along a line.",
            r"f = q + (1 - q) \, (1 - e / E)^p",
            checked=_TORCH.format("PolynomialLR", _ENGINE),
            remarks=_DECAYS,
            varied=(_of("power", 2.0, 1.0, "POWER (p)"), _of("final", 0.05, 0.2, "FINAL (q)")),
            curve="schedule",
        ),
        Word(
            "warmup",
            "Linear warm-up",
            "--schedule warmup:3",
            "Grows linearly from almost 0 to full strength over the first epochs, step by step.",
            r"f = \min\!\left(1, \frac{t + 1}{u T}\right), \quad t = 0, 1, \dots \text{ counts "
            r"steps, } T \text{ of an epoch}",
            source="Goyal et al. (2017), [arXiv 1706.02677](https://arxiv.org/abs/1706.02677)",
            checked="It grows linearly to full strength (`tests/engine/test_vocabulary.py`).",
            remarks="With another schedule its factor is multiplied: `cosine:warmup=3`. Changes "
            "from step to step.",
            varied=(_of("warmup", 3.0, 1.5, "EPOCHS (u)"),),
            curve="schedule",
        ),
        Word(
            "one-cycle",
            "One-cycle",
            "--schedule one-cycle:0.3",
            "Rises to full strength and falls again, along two half cosines.",
            r"f = b + \frac{a - b}{2} \left(1 + \cos(\pi x)\right), \quad x \in [0, 1] \text{ from "
            r"} a \text{ to } b",
            source="Smith and Topin (2019), [arXiv 1708.07120](https://arxiv.org/abs/1708.07120)",
            checked=_TORCH.format("OneCycleLR", _ENGINE),
            remarks="From START to 1 over the share PEAK of all steps, then from 1 to FINAL. "
            "Changes from step to step.",
            varied=(
                _of("peak", 0.3, 0.5, "PEAK"),
                _of("start", 0.04, 0.1, "START"),
                _of("final", 0.0, 0.1, "FINAL"),
            ),
            curve="schedule",
        ),
        Word(
            "plateau",
            "Reduce on plateau",
            "--valid 0.1 --schedule plateau:1,0.5",
            "Shrinks the rate whenever the loss has not fallen for a while.",
            r"f \leftarrow \gamma f \ \text{ after more than } p \text{ epochs without } "
            r"L < (1 - 10^{-4}) \, L_{\text{best}}",
            checked=_TORCH.format("ReduceLROnPlateau", _ENGINE),
            remarks="It looks at the validation loss, or at the training loss where there are no "
            "validation rows. Changes between epochs. The graph shows a loss that stops falling "
            "after the third epoch.",
            varied=(_of("patience", 1, 3, "PATIENCE (p)"), _of("gamma", 0.5, 0.8, "GAMMA")),
            curve="schedule",
        ),
    ),
    Varied("optim.schedule", "cosine", "one-cycle"),
)
