"""The search for members: a broad wave with one seed each, then more seeds for those that help."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.experiment.progress import Progress
from mlplab.tabular.candidates import Candidate, chunks_of_candidates, kinds_of_inputs
from mlplab.tabular.constant import constant_networks
from mlplab.tabular.ensemble_weights import (
    choose_weights,
    losses_of_members,
    mixed,
    shrunk_weights,
)
from mlplab.tabular.fit_processes import FitProcesses
from mlplab.tabular.fold_networks import (
    FoldInputs,
    OutOfTimeError,
    Table,
    Trainer,
    train_networks,
)
from mlplab.tabular.journal import Journal
from mlplab.tabular.model_inputs import Inputs
from mlplab.tabular.scikit_forms import Form
from mlplab.tabular.scikit_members import Recipe, ScikitModels, fit_recipe, recipes
from mlplab.tabular.shortcuts import Shortcut
from mlplab.tabular.small_tries import seconds_per_column, seconds_per_wave
from mlplab.tabular.table_members import Encoding, Networks, Part, rounded

Array = npt.NDArray[np.float64]
Say = Callable[[Progress], None]

_POOL = 40  # the best of the first wave, from which survivors are chosen
_SURVIVORS = 10
_MORE_SEEDS = 7
_LEAST_CHUNKS = 2
MOST_CONFIGURATIONS = 240  # unless a number is asked for: with more, luck chooses on small tables
# Of the time that is left: what one kind of inputs, and the first wave, may take.
_INPUTS_SHARE, _MOST_INPUTS_SHARE, _FIRST_SHARE = 0.08, 0.15, 0.25
_SMALL_CELLS = 200_000
_FEWEST_COLUMNS, _FEWEST_EPOCHS, _FEWEST_ROWS = 32, 3, 200
_LATE = 0.85  # of the time: until then the first waves may take, even in a shorter first part
_FIRST_SECONDS = 10.0  # without any network there is nothing: the first ones may take so long
_MOST_BYTES = 2e9  # of the predictions of all that was tried


@dataclass(eq=False)
class Tried:
    """A configuration with what was trained of it.

    Attributes:
        words: the settings in words.
        inputs: what it is given.
        candidate: the configuration of a network; None for a scikit-learn model.
        run: how networks were trained.
        networks: their weights by seed, then fold.
        models: of scikit-learn, one per fold.
        outputs: out-of-fold predictions by seed, as they are learnt, (N,) or (N, C) each.
        seconds: that a seed took.
    """

    words: str
    inputs: Inputs
    candidate: Candidate | None = None
    run: Any = None
    networks: list[list[bytes]] = field(default_factory=list)
    models: list[Form] = field(default_factory=list)
    outputs: list[Array] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def kind(self) -> str:
        """`mlp` or `scikit-learn`."""
        return "scikit-learn" if self.candidate is None else "mlp"

    @property
    def mean(self) -> Array:
        """Out-of-fold predictions of all seeds together."""
        return np.asarray(np.mean(self.outputs, axis=0))

    def part(self, encoding: int) -> Part:
        """Return it as a member of a model whose encoding is at that place."""
        if self.candidate is None:
            return ScikitModels(self.words, encoding, tuple(self.models))
        by_fold = tuple(zip(*self.networks, strict=True))
        return Networks(self.words, encoding, self.run, by_fold)


class Budget:
    """How long a search may take: until a time, or for a number of configurations.

    Args:
        seconds: from the start.
        configurations: of the first wave; then time is not looked at.
        say: told how far it is.
        clock: seconds that only grow.
        started: on the clock; None is now.
        stop: whether somebody asks for an end.
    """

    def __init__(
        self,
        seconds: float,
        configurations: int | None,
        say: Say | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        started: float | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.clock = clock
        self.start = clock() if started is None else started
        self.seconds = seconds
        self.configurations = configurations
        self.stop = stop
        self._say = say
        self._said = -1.0
        self.n_runs = 0
        self.run_epochs = 0.0

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return self.clock() - self.start

    def went_on(self, seconds: float) -> None:
        """Count what an earlier part of the same work has taken."""
        self.start -= seconds

    def left(self, share: float = 1.0, *, least: float = 0.0) -> float:
        """Seconds that are left of a share of the time; below 0 once an end is asked for.

        Args:
            share: of the time.
            least: seconds from the start that are granted at least.
        """
        if self.stop():
            return -1.0
        if self.configurations is not None:
            return float("inf")
        return max(share * self.seconds, least) - self.passed

    def trained(self, run_epochs: float = 0.0, n_runs: int = 0, share: float = 0.0) -> None:
        """Note what was trained, and tell of it; `share` of the work is done where time is none."""
        self.n_runs += n_runs
        self.run_epochs += run_epochs
        passed = self.passed
        if self._say is None or passed - self._said < 0.1:
            return
        self._said = passed
        left = max(0.0, self.seconds - passed) if self.configurations is None else None
        done = min(0.999, passed / self.seconds) if self.configurations is None else share
        total = self.run_epochs / max(done, 1e-3)
        self._say(Progress(self.n_runs, self.n_runs, 0, self.run_epochs, total, passed, left))


class Search:
    """Trains configurations on all folds, and keeps what each predicts of the rows held out."""

    def __init__(
        self, table: Table, budget: Budget, seed: int, trainer: Trainer, journal: Journal
    ) -> None:
        self.table = table
        self.budget = budget
        self.seed = seed
        self.trainer = trainer
        self.journal = journal
        self.tried: list[Tried] = []
        self.shortcuts: list[Shortcut] = []
        self._inputs: dict[Inputs, FoldInputs] = {}
        self._undrawn: dict[Inputs, FoldInputs] = {}
        self._asked: set[tuple[str, Candidate]] = set()
        self._inputs_seconds = 0.0
        self._epochs_share = 1.0

    def broad(self, limit: float) -> None:
        """Train configurations with one seed: 240, or while a share `limit` of the time lasts.

        A table that is too large for the time is made smaller first, and this is told: fewer
        columns, fewer epochs, fewer rows, by what small tries took.
        """
        self._screen()
        chunks = chunks_of_candidates(self._n_rows(), self.table.task, self.seed)
        first = next(chunks)
        self._shrink(first)
        chunks = chunks_of_candidates(self._n_rows(), self.table.task, self.seed)
        wanted = self.budget.configurations
        most = wanted or MOST_CONFIGURATIONS
        for number, chunk in enumerate(chunks):
            if wanted is not None:
                chunk = chunk[: wanted - len(self._asked)]
            if not chunk or len(self._asked) >= most:
                return
            if self._too_large():
                self.shortcuts.append(Shortcut("room", {"n": len(self.tried)}))
                return
            share = limit if number >= _LEAST_CHUNKS else max(limit, _LATE)
            go = self._decide("wave", lambda c=chunk, s=share: self._affords(c, s))  # type: ignore[misc]
            if not go or not self._wave(self._shorter(chunk), share):
                n = len(self.tried)
                if wanted is None and not self.budget.stop():
                    self.shortcuts.append(Shortcut("ended", {"n": n, "all": most}))
                return

    def fall_back(self) -> None:
        """Without any network, predict what needs no training: the mean, or classes' shares."""
        if self.tried:
            return
        table = self.table
        candidate = Candidate(epochs=1)
        one = Tried("constant", Inputs(), candidate)
        kind = next(iter(self._inputs), None)
        small = table.screened(1) if kind is None else table
        one.inputs = kind or Inputs()
        made = self._inputs.get(one.inputs) or FoldInputs(small, one.inputs)
        self._inputs[one.inputs] = made
        one.run, blobs = constant_networks(made, candidate)
        one.networks.append(blobs)
        part = Networks("", 0, one.run, tuple((blob,) for blob in blobs))
        one.outputs.append(self._outputs(made, part))
        self.tried.append(one)
        self.shortcuts.append(Shortcut("constant"))

    def deepen(self, members: Sequence[Tried], limit: float) -> None:
        """Give members more seeds, round by round, while the time lasts."""
        rounds = _MORE_SEEDS if self.budget.configurations is None else 1
        networks = [one for one in members if one.candidate is not None]

        def affordable() -> list[int]:
            left, some = self.budget.left(limit), []
            for place, one in enumerate(networks):
                if one.seconds <= left:
                    left -= one.seconds
                    some.append(place)
            return some

        for more in range(1, rounds + 1):
            by_inputs: dict[Inputs, list[Tried]] = {}
            for place in self._decide("seeds", affordable):
                by_inputs.setdefault(networks[place].inputs, []).append(networks[place])
            for some in by_inputs.values():
                self._train(some, self.seed + 1000 * more, 1.0)
            if not by_inputs:
                return

    def survivors(self, rows: npt.NDArray[np.bool_]) -> list[int]:
        """Return which networks help an ensemble most, by some rows only."""
        networks = [i for i, one in enumerate(self.tried) if one.candidate is not None]
        if not networks:
            return []
        shown = np.stack([self.tried[i].outputs[0][rows] for i in networks])
        y = self.table.y[rows]
        pool = np.argsort(losses_of_members(shown, y).mean(axis=1), kind="stable")[:_POOL]
        weights = choose_weights(shown[pool], y)
        best = np.argsort(-weights, kind="stable")[:_SURVIVORS]
        return sorted(networks[pool[i]] for i in best if weights[i] > 0)

    def weights(self, networks: Sequence[int], outputs: Array, target: Any) -> Array:
        """Return the weight of everything that was tried, (M,).

        Networks are mixed among themselves; their mix is one member beside scikit-learn's models.

        Args:
            networks: places of those that take part.
            outputs: of everything that was tried, on the rows that decide, (M, N) or (M, N, C).
            target: of these rows, (N,).
        """
        out = np.zeros(len(self.tried))
        some = list(networks)
        rivals = [i for i, one in enumerate(self.tried) if one.candidate is None]
        if some:
            out[some] = choose_weights(outputs[some], target)
        if rivals:
            mix = [mixed(out, outputs)] if some else []
            shares = shrunk_weights(np.stack([*mix, *outputs[rivals]]), target)
            if some:
                out *= shares[0]
            out[rivals] = shares[len(mix) :]
        return out

    def encoding(self, inputs: Inputs) -> Encoding:
        """Return what models need of the folds' inputs."""
        made = self._inputs[inputs]
        return Encoding(tuple(made.encoders), made.width, made.means, made.deviations)

    def rivals(self, limit: float) -> None:
        """Fit scikit-learn models, until a share `limit` of the time is used."""
        table = self.table
        rows = [table.training_rows(k) for k in range(table.n_folds)]
        # scikit-learn's classifiers know the classes that they were shown, and no others
        if any(len(np.unique(table.y[some])) < table.n_classes for some in rows):
            return
        from mlplab.execute import default_workers

        n_rows, task = min(map(len, rows)), table.task
        every = recipes(task, n_rows, kinds_of_inputs(task))
        n_before = len(self.tried)
        with FitProcesses(self.trainer.threads or default_workers()) as processes:
            for recipe in every:
                if not self._decide("rival", lambda: self.budget.left(limit) > 0):
                    break
                self._rival(recipe, processes, limit)
        n = len(self.tried) - n_before
        if n < len(every) and not self.budget.stop():
            self.shortcuts.append(Shortcut("rivals", {"n": n, "all": len(every)}))

    def _rival(self, recipe: Recipe, processes: FitProcesses, limit: float) -> None:
        """Fit one of scikit-learn's models on all folds, or give it up."""
        known = self.journal.next("fitted")
        if known is not None and not known["done"]:
            return
        late = self._late(limit) if known is None else self.budget.stop
        start = self.budget.clock()
        models: dict[int, Form] = {}
        made = self._inputs_in_time(recipe.inputs, late)
        if made is not None:
            seed = self.seed + recipe.turn
            for fold, model in fit_recipe(recipe, made, seed, processes, late):
                models[fold] = model
                self.budget.trained(0.0, 1, self._share())
        done = len(models) == self.table.n_folds
        seconds = self.budget.clock() - start if known is None else float(known["seconds"])
        if known is None:
            self._note("fitted", {"done": done, "seconds": seconds})
        if done and made is not None:
            one = Tried(recipe.words, recipe.inputs, seconds=seconds)
            one.models = [models[k] for k in range(self.table.n_folds)]
            one.outputs = [self._outputs(made, one.part(0))]
            self.tried.append(one)

    def _screen(self) -> None:
        """Where a kind of inputs would take too long, show folds fewer columns, then fewer rows."""
        table, n_rows = self.table, self._n_rows()
        n_all = sum(c.kind in ("number", "category", "date") for c in table.schema.features)
        small = n_rows * n_all <= _SMALL_CELLS and n_all <= _FEWEST_COLUMNS
        if small or self.budget.configurations is not None:
            return

        def size() -> list[int]:
            each = table.n_folds * max(1e-9, seconds_per_column(table, self.budget.clock))
            left = max(0.0, self.budget.left(least=_FIRST_SECONDS))
            n = min(n_all, max(_FEWEST_COLUMNS, int(_INPUTS_SHARE * left / each)))
            rows = n_rows * _MOST_INPUTS_SHARE * left / (n * each)
            return [n, min(n_rows, max(_FEWEST_ROWS, int(rows)))]

        n, rows = self._decide("columns", size)
        if n < n_all:
            self.table = table.screened(n)
            self.shortcuts.append(Shortcut("columns", {"n": n, "all": n_all}))
        self._sample(rows)

    def _sample(self, rows: int) -> None:
        n_rows = self._n_rows()
        if rows < n_rows:
            n_all = int((self.table.fold_index != 0).sum())
            self.shortcuts = [one for one in self.shortcuts if one.key != "rows"]
            self.shortcuts.append(Shortcut("rows", {"n": rows, "all": n_all}))
            self.table = self.table.sampled(rows)
            self._undrawn.clear()

    def _shrink(self, first: list[Candidate]) -> None:
        """Where the first wave would take too long, train for fewer epochs, and on fewer rows."""
        n_rows = self._n_rows()
        if self.budget.configurations is not None:
            return

        def share() -> list[float]:
            epochs, inputs = first[0].epochs, first[0].inputs
            try:
                made = FoldInputs(self.table, inputs, self._late(_LATE))
            except OutOfTimeError:
                return [1.0, epochs, n_rows]
            self._undrawn[inputs] = made
            fits = [*first, *first[:1] * made.draws]
            seconds = seconds_per_wave(made, fits, self.trainer, self.budget, _FIRST_SECONDS)
            affordable = _FIRST_SHARE * max(0.0, self.budget.left(least=_FIRST_SECONDS))
            whole = min(1.0, affordable / max(seconds, 1e-9))
            fewer = min(epochs, max(_FEWEST_EPOCHS, round(epochs * whole)))
            rows = min(1.0, whole * epochs / fewer)
            return [fewer / epochs, fewer, max(min(n_rows, _FEWEST_ROWS), int(rows * n_rows))]

        shared, epochs, rows = self._decide("size", share)
        self._epochs_share = float(shared)
        if epochs < first[0].epochs:
            n_epochs = {"n": int(epochs), "all": first[0].epochs}
            self.shortcuts.append(Shortcut("epochs", n_epochs))
        self._sample(int(rows))

    def _shorter(self, chunk: list[Candidate]) -> list[Candidate]:
        if self._epochs_share >= 1:
            return chunk
        return [c.replace(epochs=max(1, round(c.epochs * self._epochs_share))) for c in chunk]

    def _n_rows(self) -> int:
        return min(len(self.table.training_rows(k)) for k in range(self.table.n_folds))

    def _too_large(self) -> bool:
        return sum(one.outputs[0].nbytes for one in self.tried) > _MOST_BYTES

    def _late(self, limit: float) -> Callable[[], bool]:
        """Whether a share of the time is over; as long as there is nothing, more is granted."""
        least = 0.0 if self.tried else _FIRST_SECONDS
        return lambda: self.budget.left(limit, least=least) < 0

    def _decide(self, what: str, choose: Callable[[], Any]) -> Any:
        """Decide by the clock, or as an earlier part of the same fit did."""
        known = self.journal.next(what)
        if known is not None:
            return known
        value = choose()
        self._note(what, value)
        return value

    def _note(self, what: str, value: Any) -> None:
        # What is given up because somebody asks for an end is no decision of the clock.
        if not self.budget.stop():
            self.journal.note(what, value, self.budget.passed)

    def _affords(self, chunk: list[Candidate], limit: float) -> bool:
        """Whether a chunk, and inputs that it may need, are expected to end in time."""
        if not self.tried:
            return self.budget.left(limit, least=_FIRST_SECONDS) > 0
        left = self.budget.left(limit)
        fresh = 0.0 if chunk[0].inputs in self._inputs else self._inputs_seconds
        return self._expected(self._shorter(chunk)) + fresh <= left

    def _wave(self, chunk: list[Candidate], limit: float) -> bool:
        """Train a chunk of new configurations; False where the time ended before."""
        known = self.journal.next("inputs")
        if known is False:
            return False
        # Unless there is nothing yet, what takes too long is given up.
        share = 0.9 if self.tried else _LATE
        late = self._late(share) if known is None else (lambda: False)
        made = self._inputs_in_time(chunk[0].inputs, late)
        if known is None:
            self._note("inputs", made is not None)
        if made is None:
            return False
        chunk = self._new(chunk)
        if chunk:
            self._train([Tried(one.words, one.inputs, one) for one in chunk], self.seed, share)
        return True

    def _train(self, some: list[Tried], seed: int, limit: float) -> None:
        known = self.journal.next("trained")
        if known is not None:
            some = [some[i] for i in known["done"]]
        if not some:
            return
        made = self._inputs_of(some[0].inputs)
        n_folds = self.table.n_folds
        start = self.budget.clock()
        nets: list[dict[int, bytes]] = [{} for _ in some]
        candidates = [one.candidate for one in some if one.candidate is not None]
        for index, net in train_networks(
            made,
            candidates,
            [seed],
            self.trainer,
            stop=self._late(limit) if known is None else self.budget.stop,
            progressed=self._progressed,
        ):
            nets[index][net.fold] = rounded(net.weights)
            some[index].run = net.run
            self.budget.trained(0.0, 1, self._share())
        # Shared out by what each was expected to take.
        passed, work = self.budget.clock() - start, sum(c.work for c in candidates)
        each = passed / work if known is None else float(known["seconds"])
        done = [i for i, own in enumerate(nets) if len(own) == n_folds]
        for i in done:
            one, own = some[i], nets[i]
            one.networks.append([own[k] for k in range(n_folds)])
            fresh = Networks("", 0, one.run, tuple((blob,) for blob in one.networks[-1]))
            one.outputs.append(self._outputs(made, fresh))
            if len(one.outputs) == 1:
                self.tried.append(one)
        for one, candidate in zip(some, candidates, strict=True):
            one.seconds = each * candidate.work
        if known is None:
            self._note("trained", {"done": done, "seconds": each})

    def _progressed(self, run_epochs: float) -> None:
        self.budget.trained(run_epochs, 0, self._share())
        self.journal.beat(self.budget.passed)

    def _outputs(self, made: FoldInputs, part: Part) -> Array:
        """Predict the rows that each fold holds out by that fold's models."""
        table = self.table
        shape = (len(table.y), table.n_classes) if table.n_classes else (len(table.y),)
        out = np.empty(shape)
        for k in range(table.n_folds):
            mean, deviation = float(made.means[k]), float(made.deviations[k])
            seen = made.padded(made.held[k])
            out[table.held_rows(k)] = part.outputs(k, seen, table.n_classes, mean, deviation)
        return out

    def _inputs_of(self, inputs: Inputs, stop: Callable[[], bool] = lambda: False) -> FoldInputs:
        if inputs not in self._inputs:
            start = self.budget.clock()
            made = self._undrawn.pop(inputs, None) or FoldInputs(self.table, inputs, stop)
            made.draw_in(self.trainer, stop, epochs_share=self._epochs_share)
            self._inputs[inputs] = made
            self._inputs_seconds = max(self._inputs_seconds, self.budget.clock() - start)
        return self._inputs[inputs]

    def _inputs_in_time(self, inputs: Inputs, stop: Callable[[], bool]) -> FoldInputs | None:
        try:
            return self._inputs_of(inputs, stop)
        except OutOfTimeError:
            return None

    def _new(self, chunk: list[Candidate]) -> list[Candidate]:
        """Leave out what another kind of inputs, equal for this table, has been given before."""
        content = self._inputs_of(chunk[0].inputs).task.content
        out = []
        for one in chunk:
            question = (content, one.replace(inputs=Inputs()))
            if question not in self._asked:
                self._asked.add(question)
                out.append(one)
        return out

    def _expected(self, chunk: list[Candidate]) -> float:
        """Seconds that a chunk may take, by what was trained before."""
        networks = [one for one in self.tried if one.candidate is not None]
        seconds = sum(one.seconds for one in networks)
        work = sum(one.candidate.work for one in networks if one.candidate is not None)
        return seconds / work * sum(one.work for one in chunk) if work else 0.0

    def _share(self) -> float:
        wanted = self.budget.configurations
        return 0.0 if wanted is None else min(0.999, len(self.tried) / max(1, wanted))
