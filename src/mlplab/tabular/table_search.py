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
from mlplab.tabular.ensemble_weights import (
    choose_weights,
    losses_of_members,
    mixed,
    shrunk_weights,
)
from mlplab.tabular.fold_networks import FoldInputs, Table, train_networks
from mlplab.tabular.model_inputs import Inputs
from mlplab.tabular.scikit_forms import Form
from mlplab.tabular.scikit_members import ScikitModels, fit_recipe, recipes
from mlplab.tabular.table_members import Encoding, Networks, Part, rounded

Array = npt.NDArray[np.float64]
Say = Callable[[Progress], None]

_POOL = 40  # the best of the first wave, from which survivors are chosen
_SURVIVORS = 10
_MORE_SEEDS = 7
_LEAST_CHUNKS = 2
_MOST_CONFIGURATIONS = 240  # unless a number is asked for: with more, luck chooses on small tables


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
        seconds: from now.
        configurations: of the first wave; then time is not looked at.
        say: told how far it is.
    """

    def __init__(self, seconds: float, configurations: int | None, say: Say | None) -> None:
        self.start = time.monotonic()
        self.seconds = seconds
        self.configurations = configurations
        self._say = say
        self._said = -1.0
        self.n_runs = 0
        self.run_epochs = 0.0

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def left(self, share: float = 1.0) -> float:
        """Seconds that are left of a share of the time."""
        if self.configurations is not None:
            return float("inf")
        return share * self.seconds - self.passed

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

    def __init__(self, table: Table, budget: Budget, seed: int, threads: int | None) -> None:
        self.table = table
        self.budget = budget
        self.seed = seed
        self.threads = threads
        self.tried: list[Tried] = []
        self._inputs: dict[Inputs, FoldInputs] = {}
        self._asked: set[tuple[str, Candidate]] = set()

    def broad(self, limit: float) -> None:
        """Train configurations with one seed: 240, or while a share `limit` of the time lasts."""
        n_rows = min(len(self.table.training_rows(k)) for k in range(self.table.n_folds))
        wanted = self.budget.configurations
        chunks = chunks_of_candidates(n_rows, self.table.task, self.seed)
        for number, chunk in enumerate(chunks):
            if wanted is not None:
                chunk = chunk[: wanted - len(self._asked)]
                if not chunk:
                    return
            elif len(self._asked) >= _MOST_CONFIGURATIONS:
                return
            late = number >= _LEAST_CHUNKS and self._expected(chunk) > self.budget.left(limit)
            if late or (self.tried and self.budget.left(limit) < 0):
                return
            chunk = self._new(chunk)
            if chunk:
                some = [Tried(one.words, one.inputs, one) for one in chunk]
                # Unless there is nothing yet, what takes too long is given up.
                self._train(some, self.seed, 0.9 if self.tried else 10.0)

    def deepen(self, members: Sequence[Tried], limit: float) -> None:
        """Give members more seeds, round by round, while the time lasts."""
        rounds = _MORE_SEEDS if self.budget.configurations is None else 1
        networks = [one for one in members if one.candidate is not None]
        for more in range(1, rounds + 1):
            left = self.budget.left(limit)
            by_inputs: dict[Inputs, list[Tried]] = {}
            for one in networks:
                if one.seconds <= left:
                    left -= one.seconds
                    by_inputs.setdefault(one.inputs, []).append(one)
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

        threads = self.threads or default_workers()
        n_rows, task = min(map(len, rows)), table.task
        for recipe in recipes(task, n_rows, kinds_of_inputs(task)):
            if self.budget.left(limit) < 0:
                return
            made = self._inputs_of(recipe.inputs)
            start = time.monotonic()
            one = Tried(recipe.words, recipe.inputs)
            models: dict[int, Form] = {}
            late = lambda: self.budget.left(limit) < 0  # noqa: E731
            for fold, model in fit_recipe(recipe, made, self.seed + recipe.turn, threads, late):
                models[fold] = model
                self.budget.trained(0.0, 1, self._share())
            if len(models) < table.n_folds:
                continue
            one.models = [models[k] for k in range(table.n_folds)]
            one.outputs = [self._outputs(made, one.part(0))]
            one.seconds = time.monotonic() - start
            self.tried.append(one)

    def _train(self, some: list[Tried], seed: int, limit: float) -> None:
        made = self._inputs_of(some[0].inputs)
        n_folds = self.table.n_folds
        start = time.monotonic()
        nets: list[dict[int, bytes]] = [{} for _ in some]
        candidates = [one.candidate for one in some if one.candidate is not None]
        for index, net in train_networks(
            made,
            candidates,
            [seed],
            threads=self.threads,
            stop=lambda: self.budget.left(limit) < 0,
            progressed=lambda epochs: self.budget.trained(epochs, 0, self._share()),
        ):
            nets[index][net.fold] = rounded(net.weights)
            some[index].run = net.run
            self.budget.trained(0.0, 1, self._share())
        for one, own in zip(some, nets, strict=True):
            if len(own) < n_folds:
                continue
            one.networks.append([own[k] for k in range(n_folds)])
            fresh = Networks("", 0, one.run, tuple((blob,) for blob in one.networks[-1]))
            one.outputs.append(self._outputs(made, fresh))
            if len(one.outputs) == 1:
                self.tried.append(one)
        # Shared out by what each was expected to take.
        passed, work = time.monotonic() - start, sum(c.work for c in candidates)
        for one, candidate in zip(some, candidates, strict=True):
            one.seconds = passed * candidate.work / work

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

    def _inputs_of(self, inputs: Inputs) -> FoldInputs:
        if inputs not in self._inputs:
            self._inputs[inputs] = FoldInputs(self.table, inputs, self.threads)
        return self._inputs[inputs]

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
