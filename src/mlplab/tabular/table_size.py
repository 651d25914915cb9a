"""A table made smaller where it is too large for the time, by what small tries took."""

from __future__ import annotations

from mlplab.tabular.candidates import Candidate
from mlplab.tabular.fold_networks import FoldInputs, OutOfTimeError, Trainer, TrainingTable
from mlplab.tabular.journal import Journal
from mlplab.tabular.model_inputs import Inputs
from mlplab.tabular.shortcuts import Shortcut
from mlplab.tabular.small_tries import seconds_per_column, seconds_per_wave
from mlplab.tabular.time_budget import FIRST_SECONDS, LATE, Budget

# Of the time that is left: what one kind of inputs, and the first wave, may take.
_INPUTS_SHARE, _MOST_INPUTS_SHARE, _FIRST_SHARE = 0.08, 0.15, 0.25
# At a microsecond an entry, a second for five folds: trying it out would take as long.
_SMALL_CELLS = 200_000
_FEWEST_COLUMNS, _FEWEST_EPOCHS, _FEWEST_ROWS = 32, 3, 200


class TableSize:
    """What a search uses of a table, and for how many epochs.

    Attributes:
        table: of which folds may use fewer columns and rows.
        epochs_share: of the usual epochs.
        shortcuts: what was left out.
        undrawn: inputs that a try made of the table as it is now, their targets as they were.
    """

    def __init__(
        self, table: TrainingTable, budget: Budget, trainer: Trainer, journal: Journal
    ) -> None:
        self.table = table
        self.epochs_share = 1.0
        self.shortcuts: list[Shortcut] = []
        self.undrawn: dict[Inputs, FoldInputs] = {}
        self._budget, self._trainer, self._journal = budget, trainer, journal

    @property
    def n_rows(self) -> int:
        """How many rows the fold with the fewest trains on."""
        return min(len(self.table.training_rows(k)) for k in range(self.table.n_folds))

    def screen(self) -> None:
        """Where a kind of inputs would take too long, show folds fewer columns, then fewer rows."""
        table, n_rows = self.table, self.n_rows
        n_all = sum(c.kind in ("number", "category", "date") for c in table.schema.features)
        small = n_rows * n_all <= _SMALL_CELLS and n_all <= _FEWEST_COLUMNS
        if small or self._budget.configurations is not None:
            return

        def size() -> list[int]:
            each = table.n_folds * max(1e-9, seconds_per_column(table, self._budget.clock))
            left = max(0.0, self._budget.left(least=FIRST_SECONDS))
            # Columns go before rows: most of many columns say little of the target.
            n = min(n_all, max(_FEWEST_COLUMNS, int(_INPUTS_SHARE * left / each)))
            rows = n_rows * _MOST_INPUTS_SHARE * left / (n * each)
            return [n, min(n_rows, max(_FEWEST_ROWS, int(rows)))]

        n, rows = self._journal.decide("columns", size, self._budget)
        if n < n_all:
            self.table = table.screened(n)
            self.shortcuts.append(Shortcut("columns", {"n": n, "all": n_all}))
        self._sample(rows)

    def shrink(self, first: list[Candidate]) -> None:
        """Where the first wave would take too long, train for fewer epochs, and on fewer rows."""
        n_rows = self.n_rows
        if self._budget.configurations is not None:
            return

        def share() -> list[float]:
            epochs, inputs = first[0].epochs, first[0].inputs
            try:
                made = FoldInputs(self.table, inputs, self._late)
            except OutOfTimeError:
                return [1.0, epochs, n_rows]
            self.undrawn[inputs] = made
            fits = [*first, *first[:1] * made.draws]
            seconds = seconds_per_wave(made, fits, self._trainer, self._budget, FIRST_SECONDS)
            affordable = _FIRST_SHARE * max(0.0, self._budget.left(least=FIRST_SECONDS))
            whole = min(1.0, affordable / max(seconds, 1e-9))
            fewer = min(epochs, max(_FEWEST_EPOCHS, round(epochs * whole)))
            rows = min(1.0, whole * epochs / fewer)
            return [fewer / epochs, fewer, max(min(n_rows, _FEWEST_ROWS), int(rows * n_rows))]

        shared, epochs, rows = self._journal.decide("size", share, self._budget)
        self.epochs_share = float(shared)
        if epochs < first[0].epochs:
            n_epochs = {"n": int(epochs), "all": first[0].epochs}
            self.shortcuts.append(Shortcut("epochs", n_epochs))
        self._sample(int(rows))

    def shorter(self, chunk: list[Candidate]) -> list[Candidate]:
        """Return candidates that train for the share of their epochs."""
        if self.epochs_share >= 1:
            return chunk
        return [c.replace(epochs=max(1, round(c.epochs * self.epochs_share))) for c in chunk]

    def _sample(self, rows: int) -> None:
        n_rows = self.n_rows
        if rows < n_rows:
            n_all = int((self.table.fold_index != 0).sum())
            self.shortcuts = [one for one in self.shortcuts if one.key != "rows"]
            self.shortcuts.append(Shortcut("rows", {"n": rows, "all": n_all}))
            self.table = self.table.sampled(rows)
            self.undrawn.clear()

    def _late(self) -> bool:
        return self._budget.left(LATE, least=FIRST_SECONDS) < 0
