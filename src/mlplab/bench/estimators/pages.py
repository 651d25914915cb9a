"""The two generated pages; every number on them is computed from scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from statistics import median

from mlplab.bench.estimators.choices import CHOICES, DEFAULT
from mlplab.bench.estimators.contenders import OURS, Contender
from mlplab.bench.estimators.differences import Difference, Word, mean_of
from mlplab.bench.estimators.scores import LOSSES, Score
from mlplab.bench.estimators.tables import TEST_SHARE, Kind

WORDS: Mapping[Word, str] = {"better": "**better**", "worse": "**worse**", "open": "open"}
_RULES = (
    "Rows are drawn {n} times into {train:.0f} % to train on and {test:.0f} % to test on, classes "
    "in their shares; every model sees the same rows, and none sees a test row before it predicts. "
    "*Loss* is the root mean squared error of numbers (of prices: of their logarithm) and the log "
    "loss of classes. A difference is the mean over splits of the log of the ratio of losses, in "
    "per cent: below 0, the first is better. Splits share rows, so the variance of that mean is "
    "`s² (1/{n} + n_test/n_train)` (Nadeau and Bengio, 2003), and 5 % is shared among the {m} "
    "intervals of this page ({level:.2f} % each). *open*: the interval holds 0. A statement "
    "here is about new splits of these tables, not about other tables."
)

_TIMES = "Means over splits; seconds are medians, of processor time with one thread."


def comparison_page(
    scores: Sequence[Score],
    found: Sequence[Difference],
    models: Mapping[Kind, Sequence[Contender]],
    command: str,
    versions: Mapping[str, str],
    figure: str,
) -> str:
    """Write the page that puts our defaults beside scikit-learn's models."""
    parts = [
        "# The estimators beside scikit-learn's",
        _made(command),
        f"**{finding(found)}**",
        _picture(figure, finding(found)),
        _rules(scores, found),
        "Nothing is tuned: every model has its defaults, and those of scikit-learn that need it a "
        "`StandardScaler` in front. The defaults of mlplab were chosen on other splits of these "
        "same tables, of Friedman's function and of diabetes cut at its median ([what each is "
        "worth](defaults-measured.md)); scikit-learn's were not.",
        _code(models),
        "## Differences",
        _difference_table(found, f"{OURS} beside"),
        "## Scores and times",
        _score_table(scores),
        _TIMES + " (!): it warned on some split that it had not converged.",
        _versions(versions),
    ]
    return "\n\n".join(parts) + "\n"


def defaults_page(
    scores: Sequence[Score],
    found: Sequence[Difference],
    command: str,
    versions: Mapping[str, str],
    figure: str,
) -> str:
    """Write the page that says what each choice is worth."""
    parts = [
        "# What each default is worth",
        _made(command),
        f"**{choices_finding(found)}**",
        _picture(figure, choices_finding(found)),
        "Each choice is taken back, or added, alone; all else stays as it is. *worse*: the default "
        "does better than without it. " + _rules(scores, found),
        _table(
            ["choice", "in the default's place"],
            [[choice.name, choice.says] for choice in CHOICES if choice.name != DEFAULT],
        ),
        "## Differences to the defaults",
        _difference_table(found, "choice", other=False),
        "## Scores and times",
        _score_table(scores),
        _TIMES,
        _versions(versions),
    ]
    return "\n\n".join(parts) + "\n"


def finding(found: Sequence[Difference]) -> str:
    """Say in one sentence how our defaults stand beside each other model."""
    says = []
    for other in dict.fromkeys(one.other for one in found):
        words = [one.word for one in found if one.other == other]
        says.append(_stands(words, other))
    if not any(one.word == "worse" for one in found):
        says.append("nowhere higher")
    return f"Loss of mlplab's defaults: {'; '.join(says)}"


def choices_finding(found: Sequence[Difference]) -> str:
    """Say in one sentence which choices matter on some table."""
    words = {
        name: [one.word for one in found if one.model == name]
        for name in dict.fromkeys(one.model for one in found)
    }
    hurts = [name for name, said in words.items() if "worse" in said and "better" not in said]
    helps = [name for name, said in words.items() if "better" in said and "worse" not in said]
    mixed = [name for name, said in words.items() if "better" in said and "worse" in said]
    parts = [
        f"{head}: {', '.join(names)}"
        for head, names in (
            ("Raise the loss on some table and lower it on none", hurts),
            ("lower it on some and raise it on none", helps),
            ("raise it on some and lower it on others", mixed),
        )
        if names
    ]
    if not parts:
        return "No single choice can be told apart from the defaults"
    if not any("better" in said for said in words.values()):
        parts.append("no choice lowers it anywhere")
    return "; ".join(parts)


def _stands(words: Sequence[Word], other: str) -> str:
    n, better, worse = len(words), words.count("better"), words.count("worse")
    if not better and not worse:
        return f"not told apart from {other} on any of {n}"
    if better and worse:
        return f"lower than {other} on {better} and higher on {worse} of {n}"
    return f"{'lower' if better else 'higher'} than {other} on {better or worse} of {n}"


def _rules(scores: Sequence[Score], found: Sequence[Difference]) -> str:
    level = found[0].level
    return _RULES.format(
        n=found[0].n_splits,
        train=100 * (1 - TEST_SHARE),
        test=100 * TEST_SHARE,
        m=round(0.05 / (1 - level)),
        level=100 * level,
    )


def _difference_table(found: Sequence[Difference], head: str, other: bool = True) -> str:
    rows = []
    for one in found:
        loss = f"{one.percent:+.1f} % [{one.low:+.1f}, {one.high:+.1f}]"
        points = "-"
        if one.points is not None:
            points = f"{one.points:+.2f} [{one.points_low:+.2f}, {one.points_high:+.2f}]"
        name = one.other if other else one.model
        rows.append([one.table, name, loss, WORDS[one.word], points, WORDS[one.accuracy_word]])
        if one.points is None:
            rows[-1][-1] = ""
    return _table(
        ["table", head, "difference of the loss", "", "difference of accuracy, points", ""], rows
    )


def _score_table(scores: Sequence[Score]) -> str:
    rows = []
    for (table, model), group in _groups(scores):
        accuracy = "-"
        if group[0].accuracy is not None:
            accuracy = f"{100 * mean_of([score.accuracy or 0.0 for score in group]):.2f} %"
        name = f"{model} (!)" if any(score.warned for score in group) else model
        rows.append(
            [
                table,
                name,
                f"{mean_of([score.loss for score in group]):.4g}",
                LOSSES[group[0].kind],
                accuracy,
                f"{median(score.fit_seconds for score in group):.3g}",
                f"{1000 * median(score.predict_seconds for score in group):.3g}",
            ]
        )
    return _table(
        ["table", "model", "loss", "which", "accuracy", "s to fit", "ms to predict"], rows
    )


def _groups(scores: Sequence[Score]) -> list[tuple[tuple[str, str], list[Score]]]:
    tables = list(dict.fromkeys(score.table for score in scores))
    models = list(dict.fromkeys(score.model for score in scores))
    key: Callable[[Score], tuple[int, int]] = lambda one: (  # noqa: E731
        tables.index(one.table),
        models.index(one.model),
    )
    return [
        ((tables[t], models[m]), list(group))
        for (t, m), group in groupby(sorted(scores, key=key), key)
    ]


def _code(models: Mapping[Kind, Sequence[Contender]]) -> str:
    rows = [
        [kind, one.name, f"`{one.code}`" if "(" in one.code else one.code]
        for kind, several in models.items()
        for one in several
    ]
    return _table(["targets", "model", "what it is"], rows)


def _picture(figure: str, alt: str) -> str:
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="figures/{figure}-dark.svg">'
        f'<img alt="{alt}" src="figures/{figure}-light.svg"></picture>'
    )


def _made(command: str) -> str:
    return f"Made by `{command}`; every number on this page is computed by it."


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in versions.items())


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
