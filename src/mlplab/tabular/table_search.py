"""The search for members: a broad wave with one seed each, then more seeds for those that help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

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
    Trainer,
    TrainingTable,
    train_networks,
)
from mlplab.tabular.journal import Journal
from mlplab.tabular.model_inputs import Inputs
from mlplab.tabular.scikit_forms import Form
from mlplab.tabular.scikit_members import Recipe, fit_recipe, recipes
from mlplab.tabular.shortcuts import Shortcut
from mlplab.tabular.table_members import Encoding, Networks, Part, rounded
from mlplab.tabular.table_size import TableSize
from mlplab.tabular.time_budget import FIRST_SECONDS, LATE, Budget
from mlplab.tabular.tried import Tried

Array = npt.NDArray[np.float64]

_POOL = 40  # the best of the first wave, from which survivors are chosen
# With seven more seeds each, a file holds at most 80 networks a fold.
_SURVIVORS = 10
# Eight in all leave an eighth of the variance that seeds make.
_MORE_SEEDS = 7
# The first holds linear models, the second networks: one alone leaves little to mix.
_LEAST_CHUNKS = 2
MOST_CONFIGURATIONS = 240  # unless a number is asked for: with more, luck chooses on small tables
_MOST_BYTES = 2e9  # of the predictions of all that was tried


class TableSearch:
    """Trains configurations on all folds, and keeps what each predicts of the rows held out."""

    def __init__(
        self, table: TrainingTable, budget: Budget, seed: int, trainer: Trainer, journal: Journal
    ) -> None:
        self.table = table
        self.budget = budget
        self.seed = seed
        self.trainer = trainer
        self.journal = journal
        self._size = TableSize(table, budget, trainer, journal)
        self.tried: list[Tried] = []
        self.shortcuts: list[Shortcut] = []
        self._inputs: dict[Inputs, FoldInputs] = {}
        self._asked: set[tuple[str, Candidate]] = set()
        self._inputs_seconds = 0.0

    def broad(self, limit: float) -> None:
        """Train configurations with one seed: 240, or while a share `limit` of the time lasts.

        A table that is too large for the time is made smaller first, and this is told: fewer
        columns, fewer epochs, fewer rows, by what small tries took.
        """
        self._size.screen()
        chunks = chunks_of_candidates(self._size.n_rows, self.table.task, self.seed)
        first = next(chunks)
        self._size.shrink(first)
        self.table = self._size.table
        self.shortcuts += self._size.shortcuts
        chunks = chunks_of_candidates(self._size.n_rows, self.table.task, self.seed)
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
            share = limit if number >= _LEAST_CHUNKS else max(limit, LATE)
            go = self.journal.decide("wave", partial(self._affords, chunk, share), self.budget)
            if not go or not self._wave(self._size.shorter(chunk), share):
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
            for place in self.journal.decide("seeds", affordable, self.budget):
                by_inputs.setdefault(networks[place].inputs, []).append(networks[place])
            for some in by_inputs.values():
                self._train(some, self.seed + 1000 * more, 1.0)  # seeds of rounds never meet
            if not by_inputs:
                return

    def survivors(self, rows: npt.NDArray[np.bool_]) -> list[int]:
        """Return which networks help an ensemble most, by some rows only."""
        networks = [i for i, one in enumerate(self.tried) if one.candidate is not None]
        if not networks:
            return []
        shown = np.stack([self.tried[i].outputs[0][rows] for i in networks])
        y = self.table.y[rows]
        # The pool bounds the greedy mixing, which looks at every member in every round.
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
            # Two levels: many networks alike would otherwise outvote the few models of other kinds.
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

        def in_time() -> bool:
            return self.budget.left(limit) > 0

        with FitProcesses(self.trainer.threads or default_workers()) as processes:
            for recipe in every:
                if not self.journal.decide("rival", in_time, self.budget):
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
            self.journal.note("fitted", {"done": done, "seconds": seconds}, self.budget)
        if done and made is not None:
            one = Tried(recipe.words, recipe.inputs, seconds=seconds)
            one.models = [models[k] for k in range(self.table.n_folds)]
            one.outputs = [self._outputs(made, one.part(0))]
            self.tried.append(one)

    def _too_large(self) -> bool:
        return sum(one.outputs[0].nbytes for one in self.tried) > _MOST_BYTES

    def _late(self, limit: float) -> Callable[[], bool]:
        """Whether a share of the time is over; as long as there is nothing, more is granted."""
        least = 0.0 if self.tried else FIRST_SECONDS
        return lambda: self.budget.left(limit, least=least) < 0

    def _affords(self, chunk: list[Candidate], limit: float) -> bool:
        """Whether a chunk, and inputs that it may need, are expected to end in time."""
        if not self.tried:
            return self.budget.left(limit, least=FIRST_SECONDS) > 0
        left = self.budget.left(limit)
        fresh = 0.0 if chunk[0].inputs in self._inputs else self._inputs_seconds
        return self._expected(self._size.shorter(chunk)) + fresh <= left

    def _wave(self, chunk: list[Candidate], limit: float) -> bool:
        """Train a chunk of new configurations; False where the time ended before."""
        known = self.journal.next("inputs")
        if known is False:
            return False
        # Unless there is nothing yet, what takes too long is given up.
        share = 0.9 if self.tried else LATE
        late = self._late(share) if known is None else (lambda: False)
        made = self._inputs_in_time(chunk[0].inputs, late)
        if known is None:
            self.journal.note("inputs", made is not None, self.budget)
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
            self.journal.note("trained", {"done": done, "seconds": each}, self.budget)

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
            made = self._size.undrawn.pop(inputs, None) or FoldInputs(self.table, inputs, stop)
            made.draw_in(self.trainer, stop, epochs_share=self._size.epochs_share)
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
