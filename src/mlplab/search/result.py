"""What a search found: its trials, the finalists on fresh seeds, and an honest score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from mlplab.experiment import Best, Runs, TestScore
from mlplab.experiment.arms import shown_value
from mlplab.experiment.progress import ProgressOption
from mlplab.reading import read_name
from mlplab.search.marginal import marginal_means
from mlplab.search.space import Space
from mlplab.search.study import write_study
from mlplab.search.trial import Terms, Trial
from mlplab.sheet import Sheet, interval_text
from mlplab.specs import digest
from mlplab.specs.base import whole_repr

if TYPE_CHECKING:
    import pandas as pd


@final
@dataclass(frozen=True, eq=False, repr=False)
class SearchResult:
    """A search that has ended; made by `Search.run`.

    Attributes:
        strategy: by which configurations were tried.
        space: of which they were.
        terms: the budget, the seeds and what else the strategy went by.
        search_seed: of the strategy's own draws.
        metric: what chose.
        higher_is_better: whether larger values of it are better.
        trials: in the order in which they were tried.
        finalists: the best configurations, best first, with their scores in the search.
        runs: of the finalists, on seeds that had no part in the search.
        best: the chosen finalist, with its confidence set and optimism.
        n_runs: that the result rests on.
        from_store: how many of them were remembered.
        seconds: that the call took.
    """

    strategy: str
    space: Space = field(repr=False)
    terms: Terms
    search_seed: int
    metric: str
    higher_is_better: bool
    trials: tuple[Trial, ...]
    finalists: tuple[Trial, ...]
    runs: Runs = field(repr=False)
    best: Best
    n_runs: int
    from_store: int
    seconds: float

    def __repr__(self) -> str:
        name = self.runs.experiment.data.name
        return (
            f"SearchResult({name!r} by {self.strategy}: {len(self.trials)} trials, "
            f"{self.run_epochs} of {self.budget} run-epochs; {self.best.arm.label!r} with "
            f"{self.metric} {self.best.mean:.4g} on {len(self.best.seeds)} fresh seeds)"
        )

    def _repr_html_(self) -> str:
        summaries = {one.arm: one for one in self.runs.summary(self.metric)}
        rows = []
        for trial, arm in zip(self.finalists, self.runs.arms, strict=True):
            found = summaries[arm.label]
            chosen = "chosen" if arm == self.best.arm else ""
            interval = interval_text(found.interval)
            rows.append((arm.label, self._sign * trial.score, found.mean, interval, chosen))
        return Sheet(
            repr(self),
            {"search optimism": self.search_optimism, "runs": self.n_runs, "seconds": self.seconds},
            heads=("finalist", f"{self.metric} in the search", "on fresh seeds", "interval", ""),
            rows=rows,
        ).html()

    @property
    def budget(self) -> int:
        """The run-epochs that the search could spend, without the finalists."""
        return self.terms.budget

    @property
    def run_epochs(self) -> int:
        """What the search spent, without the finalists."""
        return self.trials[-1].spent

    @property
    def search_optimism(self) -> float:
        """By how much the chosen configuration's score in the search was better than it proved.

        Its search score, less its mean over the finalists' fresh seeds; positive is flattery,
        whatever the direction of the metric.
        """
        chosen = next(
            trial
            for trial, arm in zip(self.finalists, self.runs.arms, strict=True)
            if arm == self.best.arm
        )
        return chosen.score - self._sign * self.best.mean

    def score_test(
        self, seeds: int | Sequence[int] | None = None, *, progress: ProgressOption = True
    ) -> TestScore:
        """Score the chosen configuration on the test split with fresh seeds: one logged look."""
        return self.best.score_test(seeds, progress=progress)

    def frame(self) -> pd.DataFrame:
        """Return one row per trial: step, factors, epochs, seeds, the metric, run-epochs, spent."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for number, trial in enumerate(self.trials):
            score = self._sign * trial.score
            rows.append(
                {
                    "trial": number,
                    "step": trial.step,
                    **{path: shown_value(value) for path, value in trial.config.items()},
                    "epochs": trial.epochs,
                    "n_seeds": len(trial.seeds),
                    self.metric: score if math.isfinite(score) else math.nan,
                    "run_epochs": trial.run_epochs,
                    "spent": trial.spent,
                }
            )
        return pd.DataFrame(rows)

    def marginal_means(self) -> pd.DataFrame:
        """Return the mean of the metric by factor, over the trials that trained longest.

        One row per value that a factor took; of a range of numbers, per bin of about equally many
        trials. Columns: factor, value (or from and to, the least and greatest number in the bin),
        mean, low and high (95 % t interval over trials, each by itself), trials, and failed.
        A configuration counts once, with the most seeds that it had.

        Assumes: for the intervals, trials drawn independently, as random search draws them.
        Does not license: "this factor has this effect". Other factors vary too, and a strategy
        that goes by earlier trials tries more where these were good; `Runs.effects` of a full
        grid says what a factor does.
        """
        return marginal_means(self.trials, self.space, self.metric, self._sign)

    def write_study(self, storage: str, name: str | None = None) -> str:
        """Write the trials to an Optuna storage, for Optuna's own dashboard; see `study`.

        Args:
            storage: a database URL, or a file name for SQLite.
            name: of the study; default: one made from the search.

        Returns:
            The study's name.

        Raises:
            ConfigError: Optuna is not installed.
            StoreError: the storage cannot be written, or has another search under that name.
        """
        mark = self._digest()
        title = read_name(name) or f"mlplab {self.strategy} {self.search_seed} {mark}"
        return write_study(
            self.trials,
            self.space,
            storage,
            title,
            mark,
            metric=self.metric,
            higher_is_better=self.higher_is_better,
        )

    def _digest(self) -> str:
        """Return eight digits that say which search this is: its task, its space and its terms."""
        factors = {path: whole_repr(levels) for path, levels in self.space.factors.items()}
        terms = [
            self.strategy,
            self.search_seed,
            self.terms.budget,
            self.terms.seeds,
            self.terms.per_range,
            self.terms.population,
            whole_repr(self.terms.start),
            self.metric,
        ]
        return digest([self.runs.experiment.data.content, self.space.base, factors, terms], 8)

    @property
    def _sign(self) -> float:
        return 1.0 if self.higher_is_better else -1.0
