"""How well weights estimate a target risk, and how often regions of class shares cover."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from mlplab.bench.program import start, whole_from
from mlplab.bench.shift_shares import DEFAULT, PUBLIC, share_errors
from mlplab.bench.verdict_simulation import markdown_table
from mlplab.bench.written import put_page
from mlplab.shift import correct, label_shift

_PROGRAM = "python -m mlplab.bench.shift_correction"
METHODS = ("odds", "ulsif", "rulsif", "kliep", "kmm")
N_ROWS = 2000
LOW, HIGH = 0.93, 0.97

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator], tuple[Floats, Floats, Floats]]


@dataclass(frozen=True, slots=True)
class Problem:
    """A fixed model, and rows of two populations.

    Attributes:
        says: what they are.
        draw: returns training inputs (N, I), the model's losses on them (N,) and target inputs.
        risk: the model's mean loss over the target population, by formula or quadrature.
        overlaps: whether weights can be right; where not, `correct` shall decline.
    """

    says: str
    draw: Draw
    risk: float
    overlaps: bool = True


def _gaussian(columns: int, shift: float) -> Problem:
    """Unit Gaussians, the target's mean moved along the diagonal; the model misses 0.3 u^2."""

    def draw(rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        rows = rng.normal(size=(N_ROWS, columns))
        target = rng.normal(shift / np.sqrt(columns), 1, (N_ROWS, columns))
        u = rows.sum(axis=1) / np.sqrt(columns)
        return rows, np.square(0.3 * u**2 + rng.normal(0, 0.3, N_ROWS)), target

    says = (
        f"unit Gaussians in {columns}-d, means {shift:g} apart, {N_ROWS:,} rows each; the model "
        "misses 0.3 u^2 (u along the shift) and noise of 0.3; squared error"
    )
    # E u^4 of a Gaussian with mean m and variance 1
    fourth = shift**4 + 6 * shift**2 + 3
    return Problem(says, draw, 0.09 * fourth + 0.09, overlaps=shift < 3)


def _shimodaira() -> Problem:
    """A cubic, and the line that fits the training population best."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()

    def cubic(x: Floats) -> Floats:
        return x**3 - x

    at = 0.5 + 0.5 * nodes
    slope = float(weights @ ((at - 0.5) * cubic(at))) / 0.25
    level = float(weights @ cubic(at)) - 0.5 * slope

    def draw(rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        x, target = rng.normal(0.5, 0.5, (N_ROWS, 1)), rng.normal(0, 0.3, (N_ROWS, 1))
        y = cubic(x[:, 0]) + rng.normal(0, 0.3, N_ROWS)
        return x, np.square(y - level - slope * x[:, 0]), target

    at = 0.3 * nodes
    risk = float(weights @ np.square(cubic(at) - level - slope * at)) + 0.09
    says = (
        "Shimodaira's regression: y = x^3 - x and noise of 0.3, training x from N(0.5, 0.5^2), "
        f"target from N(0, 0.3^2), {N_ROWS:,} rows each; the model is the line that fits the "
        "training population best; squared error"
    )
    return Problem(says, draw, risk)


def _biased_sample(*, cut: bool) -> Problem:
    """Two classes; a training row was kept with a probability that depends on its inputs."""
    n_rows = 2 * N_ROWS  # a log loss is noisy
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()

    def chance(rows: Floats) -> Floats:
        """P(class 1 | x): what the model does not know of counts where x2 is large."""
        return np.asarray(expit(2 * rows[:, 0] - 2 * np.exp(rows[:, 1])))

    def model(rows: Floats) -> Floats:
        return np.asarray(expit(2 * rows[:, 0] - 0.7))

    def loss(rows: Floats) -> Floats:
        """The expected log loss of the model at x."""
        p, given = chance(rows), model(rows)
        return np.asarray(-p * np.log(given) - (1 - p) * np.log(1 - given))

    def draw(rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        pool = rng.normal(size=(8 * n_rows, 2))
        kept = pool[:, 1] < -0.5 if cut else rng.random(len(pool)) < expit(-2 * pool[:, 1])
        rows = pool[kept][:n_rows]
        is_one = rng.random(len(rows)) < chance(rows)
        given = model(rows)
        losses = -np.log(np.where(is_one, given, 1 - given))
        return rows, losses, rng.normal(size=(n_rows, 2))

    grid = np.array([(a, b) for a in nodes for b in nodes])
    products = np.outer(weights, weights).ravel()
    how = (
        "only those with x2 below -0.5 (31 %) were kept"
        if cut
        else "kept with probability 1 / (1 + exp(2 x2))"
    )
    says = (
        f"two classes in 2-d, the target is the whole population, training rows: {how}, "
        f"{n_rows:,} rows each; the model knows x1 only; log loss"
    )
    return Problem(says, draw, float(products @ loss(grid)), overlaps=not cut)


PROBLEMS: Mapping[str, Problem] = {
    "mean shift, 1-d": _gaussian(1, 1.0),
    "mean shift, 5-d": _gaussian(5, 1.0),
    "Shimodaira": _shimodaira(),
    "biased sample": _biased_sample(cut=False),
    "far mean shift, 1-d": _gaussian(1, 4.0),
    "far mean shift, 5-d": _gaussian(5, 4.0),
    "cut sample": _biased_sample(cut=True),
}


@dataclass(frozen=True, slots=True)
class Errors:
    """What one method made of one problem, over repetitions.

    Attributes:
        plain, weighted: mean distance of the mean loss to the target risk, without weights and
            with, over the repetitions that were not declined.
        effective: mean effective share of the rows.
        declined: share of the repetitions that were declined.
    """

    plain: float
    weighted: float
    effective: float
    declined: float


def measure(problem: Problem, method: str, times: int, seed: int = 0) -> Errors:
    """Return the errors of a method over `times` draws of a problem.

    >>> round(PROBLEMS["mean shift, 1-d"].risk, 9)
    0.99
    >>> measure(PROBLEMS["far mean shift, 1-d"], "kmm", 1).declined
    1.0
    """
    plain, weighted, effective, n_declined = [], [], [], 0
    for repetition in range(times):
        rows, losses, target = problem.draw(np.random.default_rng([seed, repetition]))
        found = correct(rows, target, method, seed=repetition)  # type: ignore[arg-type]
        effective.append(found.share)
        if found.declined:
            n_declined += 1
            continue
        plain.append(abs(losses.mean() - problem.risk))
        weighted.append(abs(found.risk(losses)[0] - problem.risk))
    nothing = float("nan")
    return Errors(
        float(np.mean(plain)) if plain else nothing,
        float(np.mean(weighted)) if weighted else nothing,
        float(np.mean(effective)),
        n_declined / times,
    )


@dataclass(frozen=True, slots=True)
class Classes:
    """Gaussian classes around the corners of a simplex, and a classifier that knows them.

    Its logits may be stretched and tilted: it is then as good, and miscalibrated.
    """

    priors: tuple[float, ...]
    stretch: float
    tilt: float
    n_valid: int
    n_target: int

    def draw(
        self, rng: np.random.Generator, priors: Sequence[float], n: int
    ) -> tuple[Floats, NDArray[np.int64]]:
        """Return probabilities (N, C) and labels (N,)."""
        n_classes = len(priors)
        labels = rng.choice(n_classes, n, p=priors)
        logits = 1.5 * (rng.normal(size=(n, n_classes)) + 1.5 * np.eye(n_classes)[labels])
        logits = self.stretch * logits + self.tilt * np.arange(n_classes)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True), labels

    def rows(self, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64], Floats]:
        """Return probabilities and labels of valid rows, and probabilities of target rows."""
        even = np.full(len(self.priors), 1 / len(self.priors))
        valid, labels = self.draw(rng, even.tolist(), self.n_valid)
        target, _ = self.draw(rng, self.priors, self.n_target)
        return valid, labels, target


CLASSES = (
    Classes((0.2, 0.8), 1.0, 0.0, 1000, 1000),
    Classes((0.6, 0.3, 0.1), 1.0, 0.0, 1000, 1000),
    Classes((0.6, 0.3, 0.1), 2.0, 0.5, 1000, 1000),
    Classes((0.6, 0.3, 0.1), 2.0, 0.5, 500, 4000),
    Classes((0.6, 0.3, 0.1), 2.0, 0.5, 4000, 500),
    Classes((0.4, 0.3, 0.15, 0.1, 0.05), 2.0, 0.3, 2000, 2000),
)
SHARE_METHODS = ("mlls", "bbse", "em")
WORSE = 1.1


def coverage(world: Classes, method: str, times: int, seed: int = 0) -> tuple[float, float]:
    """Return how often the 95 % region holds the true shares, and the mean L1 error of these.

    >>> covered, error = coverage(CLASSES[0], "bbse", 20)
    >>> covered > 0.7, error < 0.2
    (True, True)
    """
    rng = np.random.default_rng(seed)
    held, errors = 0, []
    for _ in range(times):
        valid, labels, target = world.rows(rng)
        found = label_shift(valid, labels, target, method)  # type: ignore[arg-type]
        held += found.covers(world.priors)
        errors.append(float(np.abs(found.priors - world.priors).sum()))
    return held / times, float(np.mean(errors))


def page(
    times: int, covers: int, command: str, progress: Callable[[str], None] = lambda line: None
) -> tuple[str, bool]:
    """Return the page, and whether what is promised holds."""
    rows, far, accepted = [], [], True
    for name, problem in PROBLEMS.items():
        for method in METHODS:
            progress(f"{name}: {method}")
            found = measure(problem, method, times)
            if not problem.overlaps:
                far.append([name, method, f"{found.effective:.3f}", f"{100 * found.declined:.0f}"])
                accepted = accepted and found.declined == 1
                continue
            ratio = found.weighted / found.plain
            if method == METHODS[0]:
                accepted = accepted and ratio <= 0.5 and found.declined == 0
            rows.append(
                [name, method, f"{problem.risk:.3f}", f"{found.plain:.3f}",
                 f"{found.weighted:.3f}", f"{ratio:.2f}", f"{found.effective:.2f}",
                 f"{100 * found.declined:.0f}"]
            )  # fmt: skip
    shares = []
    for world in CLASSES:
        for method in SHARE_METHODS:
            progress(f"shares {world.priors}: {method}")
            covered, error = coverage(world, method, covers)
            # "em" takes probabilities as they are: it promises nothing of stretched ones.
            gated = method != "em" or world.stretch == 1
            reach = 3 * np.sqrt(LOW * (1 - LOW) / covers)
            accepted = accepted and (not gated or LOW - reach <= covered <= HIGH + reach)
            text = f"{100 * covered:.1f}"
            shares.append(
                [_shares(world), _calibrated(world),
                 f"{world.n_valid:,}, {world.n_target:,}", method,
                 text if gated else f"({text})", f"{error:.3f}"]
            )  # fmt: skip
    compared, heads = [], [*SHARE_METHODS]
    for world in CLASSES if find_spec("quapy") else ():
        progress(f"shares {world.priors}: beside {PUBLIC}")
        l1 = share_errors(world.rows, world.priors, max(1, covers // 5), seed=1)
        best = min(error for name, error in l1.items() if name.startswith(PUBLIC))
        accepted = accepted and l1[DEFAULT] <= WORSE * best
        heads = list(l1)
        compared.append(
            [_shares(world), _calibrated(world), *(f"{e / best:.2f}" for e in l1.values())]
        )
    sections = [
        "# Corrections of shift, measured",
        f"Made by `{command}`; every number on this page is computed by it.",
        "## The risk on target rows",
        f"{times} draws of each problem. Errors are mean distances to the true target risk, of the "
        "mean loss over training rows and of its weighted mean. Gate: the default method, odds, "
        "at most half of the error without weights, and never declined.",
        *(f"- **{name}**: {p.says}. Risk {p.risk:.3f}." for name, p in PROBLEMS.items()
          if p.overlaps),
        markdown_table(
            ["problem", "method", "risk", "error without", "error with", "ratio",
             "effective share", "declined, %"],
            rows,
        ),
        "## Where there is no overlap",
        "Gate: always declined.",
        *(f"- **{name}**: {p.says}." for name, p in PROBLEMS.items() if not p.overlaps),
        markdown_table(["problem", "method", "effective share", "declined, %"], far),
        "## Shares of classes",
        f"{covers:,} draws of valid rows (classes equally frequent) and target rows. Classes are "
        "Gaussian; the classifier knows them, its logits are as they should be or stretched "
        "twofold and tilted. Coverage is how often the 95 % region of all shares together holds "
        f"the truth; gate: {100 * LOW:.0f} to {100 * HIGH:.0f} %, unless three standard errors "
        "exclude it. In brackets: `em` takes probabilities as they are, and promises nothing where "
        "they are not calibrated.",
        markdown_table(
            ["shares", "calibrated", "valid, target rows", "method", "coverage, %",
             "error of the shares, L1"],
            shares,
        ),
    ]  # fmt: skip
    if compared:
        sections += [
            f"## Shares of classes, beside {PUBLIC} {version('quapy')}",
            f"{covers // 5:,} other draws of the same worlds, in their order; each figure is the "
            f"mean L1 error of the shares divided by that of {PUBLIC}'s best method there. Gate: "
            f"the default, {DEFAULT}, at most {WORSE:g}.",
            markdown_table(["shares", "calibrated", *heads], compared),
        ]
    return "\n\n".join(sections) + "\n", accepted


def _shares(world: Classes) -> str:
    return ", ".join(f"{p:g}" for p in world.priors)


def _calibrated(world: Classes) -> str:
    return "yes" if world.stretch == 1 else "no"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: simulate, write or print the page, exit with 1 if a promise is broken."""
    parser = argparse.ArgumentParser(_PROGRAM, description=__doc__)
    parser.add_argument("--times", type=whole_from(1), default=20, help="draws of each problem")
    parser.add_argument(
        "--covers", type=whole_from(1), default=1000, help="draws of each world of classes"
    )
    parser.add_argument("--out", type=Path, help="file to write; standard output by default")
    given = sys.argv[1:] if arguments is None else list(arguments)
    chosen = parser.parse_args(given)

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    command = " ".join([_PROGRAM, *given])
    text, accepted = page(chosen.times, chosen.covers, command, progress)
    put_page(text, chosen.out)
    raise SystemExit(0 if accepted else 1)


if __name__ == "__main__":
    start(main)
