"""A task: examples, and which of them may train, choose and judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt

from mlplab.data.array_files import write_arrays
from mlplab.data.content import content_hash
from mlplab.data.permutation import feature_order
from mlplab.data.piecewise import check_bins, fill_bins
from mlplab.data.soft_targets import check_probabilities
from mlplab.data.split import Split, draw_split, held_out_count
from mlplab.errors import ConfigError, DataError
from mlplab.sheet import Sheet, listed
from mlplab.specs.rows import Rows, plain_share
from mlplab.specs.run import Run

Array = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]
Kind = Literal["classification", "regression"]

_INPUT_DTYPES = ("uint8", "float32", "float64")


@dataclass(frozen=True, slots=True)
class Look:
    """One use of a test split: of which task, how many rows, and for what purpose."""

    task: str
    content: str
    split: str
    purpose: str
    n_rows: int


@final
@dataclass(eq=False, repr=False, kw_only=True)
class Task:
    """A data source with index sets: a training pool, and a test split behind a guard.

    Training and validation rows are drawn from `pool` by `split(seed)`. The rows of the test split
    are given by `test_rows(purpose)` only, and every such look is recorded. The arrays cannot be
    written to, and nothing but `on_look` can be set.

    Attributes:
        name: what the task is called, such as `"fashion-mnist"`.
        inputs: all examples, (N, I), C-contiguous, uint8 or floating.
        targets: class ids, (N,) int64, or numbers, (N, O) floating.
        kind: `"classification"` or `"regression"`.
        pool: the rows that training and validation are drawn from, (P,).
        n_classes: number of classes; None for regression.
        input_scale: inputs are multiplied by this when they become floats.
        weights: one weight per example, (N,) float32; None where all are 1.
        soft: probabilities that training rows learn in place of their classes, (N, C) float32;
            validation and test rows are judged by their classes. None where there are none.
        valid: share (below 1) or count (from 1) of the pool held out for validation.
        params: with `name`, how to load the task again.
        class_names: what the class ids stand for.
        image_shape: (height, width) where an example is an image, or several of one size, as its
            grey levels in bins are.
        source: where the data were found, for people.
        base: the run that trains on it where nothing is said; None where its data set has none.
        looks: every look at the test split so far; variants by `with_valid` share the list.
        on_look: called with each look; set by whoever keeps a log.
    """

    name: str
    inputs: Array
    targets: Array
    kind: Kind
    pool: Indices
    n_classes: int | None = None
    input_scale: float = 1.0
    weights: npt.NDArray[np.float32] | None = None
    soft: npt.NDArray[np.float32] | None = None
    valid: float | int = 0.0
    params: Mapping[str, Any] = field(default_factory=dict)
    class_names: tuple[str, ...] | None = None
    image_shape: tuple[int, int] | None = None
    source: str = "memory"
    base: Run | None = None
    looks: list[Look] = field(default_factory=list)
    on_look: Callable[[Look], None] | None = None
    _test: Indices = field(default_factory=lambda: np.empty(0, np.int64))
    _content: str | None = None
    _files: Mapping[str, str] = field(default_factory=dict)
    _sealed: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        held_out_count(self.valid, len(self.pool))
        self.valid = plain_share(self.valid)
        for name in ("inputs", "targets", "weights", "soft", "pool", "_test"):
            array = getattr(self, name)
            if array is not None:
                view = np.asarray(array).view()
                # A view: the caller's own array stays writable.
                view.setflags(write=False)
                setattr(self, name, view)
        self._check()
        self._sealed = True

    def __setattr__(self, name: str, value: Any) -> None:
        # The content's hash is taken once, and is in the key of every run.
        if name != "on_look" and self.__dict__.get("_sealed"):
            raise AttributeError(f"a Task cannot be changed; tried to set {name!r}")
        object.__setattr__(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        # A caller's function need not be picklable, and other processes log their own looks.
        return self.__dict__ | {"on_look": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __repr__(self) -> str:
        out = f"{self.n_classes} classes" if self.n_classes else f"{self.n_outputs} numbers"
        return (
            f"Task({self.name!r}: {self.n_pool} pool (valid {self.valid}), {self.n_test} test, "
            f"{self.n_features} features -> {out})"
        )

    def _repr_html_(self) -> str:
        facts = {
            "kind": self.kind,
            "rows to train and validate": f"{self.n_pool:,}",
            "held out for validation": self.valid,
            "rows to test": f"{self.n_test:,}",
            "features": self.n_features,
            "classes" if self.n_classes else "targets": self.n_classes or self.n_outputs,
            "source": self.source,
        }
        if self.class_names:
            facts["class names"] = listed(self.class_names, 20)
        if self.base is not None:
            facts["trained by default as"] = repr(self.base)
        return Sheet(f"Task {self.name}", facts).html()

    @property
    def n_features(self) -> int:
        """Number of features of an example, I."""
        return int(self.inputs.shape[1])

    @property
    def n_outputs(self) -> int:
        """Number of outputs of a network for this task: classes, or target columns."""
        return self.n_classes if self.n_classes is not None else int(self.targets.shape[1])

    @property
    def n_pool(self) -> int:
        """Number of examples that training and validation are drawn from, P."""
        return len(self.pool)

    @property
    def n_valid(self) -> int:
        """Number of examples held out for validation in every split."""
        return held_out_count(self.valid, self.n_pool)

    @property
    def n_test(self) -> int:
        """Number of examples of the test split; knowing it is no look."""
        return len(self._test)

    @property
    def content(self) -> str:
        """Hex SHA-256 of what decides a run: arrays, index sets, kind and scale; not `valid`."""
        if self._content is None:
            facts = {
                "kind": self.kind,
                "n_classes": self.n_classes,
                "input_scale": float(self.input_scale).hex(),
            }
            object.__setattr__(self, "_content", content_hash(facts, self._arrays()))
        assert self._content is not None
        return self._content

    def test_rows(self, purpose: str) -> Indices:
        """Return the rows of the test split, (T,), and record the look.

        A task without a test split gives no rows, and that is no look.

        Args:
            purpose: what the rows are used for, such as `"score"`; kept in the log.

        Raises:
            ConfigError: no purpose is given.
        """
        if not purpose.strip():
            raise ConfigError("purpose: expected what the test split is used for; got ''")
        if self.n_test:
            look = Look(self.name, self.content, "test", purpose, self.n_test)
            self.looks.append(look)
            if self.on_look is not None:
                self.on_look(look)
        return self._test

    def split(self, seed: int, rows: Rows | None = None) -> Split:
        """Draw the training and validation rows of one seed; the same for every arm.

        See `draw_split` for the rule. Costs about 5 ms for 60,000 rows.

        Args:
            seed: the run's seed.
            rows: which rows of the pool train; None stands for `SeedSplit()`.

        Raises:
            ConfigError: the rows asked for are more than there are.
        """
        return draw_split(self.pool, self.valid, seed, rows)

    def with_valid(self, valid: float | int) -> Task:
        """Return the same task with another share or count held out for validation."""
        return self._with(valid=valid)

    def permuted(self, number: int) -> Task:
        """Return the same task with its features in one random order, made from a number.

        Training, validation and test rows all have it. Images are none any more: they cannot be
        moved.

        Raises:
            ConfigError: no whole number from 0, or a task whose features are permuted already.

        Cost: one copy of the inputs.
        """
        if "permute" in self.params:
            raise ConfigError(f"{self.name}: its features are permuted already")
        order = feature_order(number, self.n_features)
        return self._with(
            inputs=np.take(self.inputs, order, axis=1),
            params={**self.params, "permute": number},
            image_shape=None,
            _content=None,
            _files={},
        )

    def in_bins(self, n_bins: int) -> Task:
        """Return the same task with each feature given by how far it fills `n_bins` equal bins.

        The bins lie between the smallest and the largest value that any feature has in the pool,
        so features should have one unit, as pixels have; see `fill_bins`. Images stay images.

        Raises:
            ConfigError: no whole number from 1, features that are all the same, or a task whose
                features are in bins or permuted already.

        Cost: `n_bins` times the memory of the inputs.
        """
        check_bins(n_bins)
        for known, what in (("bins", "in bins"), ("permute", "permuted")):
            if known in self.params:
                raise ConfigError(f"{self.name}: its features are {what} already")
        trained = self.inputs[self.pool]
        low, high = trained.min().item(), trained.max().item()
        if not low < high:
            raise ConfigError(f"bins: {self.name} has features of one value, {low:g}")
        return self._with(
            inputs=fill_bins(self.inputs, n_bins, low, high),
            input_scale=1 / (high - low),
            params={**self.params, "bins": n_bins},
            _content=None,
            _files={},
        )

    def with_soft(self, targets: npt.ArrayLike, further: npt.ArrayLike | None = None) -> Task:
        """Return the same task whose training rows learn probabilities in place of their classes.

        Training accuracy then counts how often the target's most probable class is met; validation
        and test count classes as before.

        Args:
            targets: (P, C), a row for each of the pool in its order, such as `soft_targets` makes;
                with `further` (P + M, C).
            further: inputs, (M, I), of rows that join the pool, as this task's are (such as bytes),
                and of which only the probabilities are known.

        Raises:
            ConfigError: the task is not one of classes, or further rows would validate or would
                need weights.
            DataError: no probabilities, or not as many as the pool and the classes; further inputs
                that are not like this task's.
        """
        if self.kind != "classification":
            raise ConfigError(f"{self.name}: soft targets are of classes; it has numbers")
        given = np.asarray(targets, dtype=np.float32)
        widened = self if further is None else self._joined_by(np.asarray(further), given)
        if given.shape != (widened.n_pool, self.n_outputs):
            raise DataError(
                f"soft targets: expected ({widened.n_pool}, {self.n_outputs}), a row for each of "
                f"the pool; got {given.shape}"
            )
        check_probabilities(given, "soft targets")
        soft = np.zeros((len(widened.inputs), self.n_outputs), np.float32)
        soft[widened.pool] = given
        return widened._with(
            # Loaded again by its name it would have none.
            name=self.name if self.soft is not None else f"{self.name} (soft)",
            soft=soft,
            params={},
            source="memory",
            _content=None,
            _files={},
        )

    def _joined_by(self, inputs: Array, probabilities: npt.NDArray[np.float32]) -> Task:
        """Return this task with further rows in its pool, their classes the most probable ones."""
        if self.valid or self.weights is not None:
            what = "validation rows" if self.valid else "weights"
            raise ConfigError(f"{self.name}: further rows are only learnt from; it has {what}")
        if inputs.ndim != 2 or inputs.shape[1:] != (self.n_features,) or (
            inputs.dtype != self.inputs.dtype
        ):  # fmt: skip
            raise DataError(
                f"further: expected (M, {self.n_features}) {self.inputs.dtype}; "
                f"got {inputs.shape} {inputs.dtype}"
            )
        n, n_further = len(self.inputs), len(inputs)
        classes = np.zeros(n_further, np.int64)
        if probabilities.shape == (
            self.n_pool + n_further,
            self.n_outputs,
        ):  # checked by the caller
            classes = probabilities[self.n_pool :].argmax(axis=1)
        return self._with(
            inputs=np.concatenate([self.inputs, inputs]),
            targets=np.concatenate([self.targets, classes]),
            pool=np.concatenate([self.pool, np.arange(n, n + n_further)]),
        )

    def spec(self) -> dict[str, Any]:
        """Return the task as plain JSON values: name, params, valid and content."""
        return {
            "name": self.name,
            "params": dict(self.params),
            "valid": self.valid,
            "content": self.content,
        }

    def share(self, folder: str | Path, *, again: bool = False) -> dict[str, Any]:
        """Write the arrays to `folder`, once, and return a handle for `attach`.

        Files are named by content: sharing again, or a variant by `with_valid`, writes nothing.
        Arrays that are mapped from files already are referred to where they lie.

        Args:
            folder: made where it is missing; the caller deletes it when nobody is attached.
            again: write every file even where there is one.

        Returns:
            JSON values; looks and `on_look` stay behind.

        Raises:
            DataError: the folder cannot be written.
        """
        known = {} if again else self._files
        arrays = {n: a for n, a in self._arrays().items() if a is not None and n not in known}
        files = write_arrays(arrays, Path(folder), self.content[:16], again=again)
        return {
            "name": self.name,
            "kind": self.kind,
            "n_classes": self.n_classes,
            "input_scale": self.input_scale,
            "valid": self.valid,
            "params": dict(self.params),
            "class_names": list(self.class_names) if self.class_names else None,
            "image_shape": list(self.image_shape) if self.image_shape else None,
            "source": self.source,
            "content": self.content,
            "files": {**known, **files},
        }

    def _with(self, **changes: Any) -> Task:
        fields = {name: value for name, value in self.__dict__.items() if name != "_sealed"}
        return Task(**(fields | changes))

    def _arrays(self) -> dict[str, Array | None]:
        return {
            "inputs": self.inputs,
            "targets": self.targets,
            "weights": self.weights,
            "soft": self.soft,
            "pool": self.pool,
            "test": self._test,
        }

    def _check(self) -> None:
        """Refuse what no loader should build: shapes, dtypes and index sets that do not fit."""
        n, x, y = len(self.inputs), self.inputs, self.targets
        if x.ndim != 2 or 0 in x.shape or str(x.dtype) not in _INPUT_DTYPES:
            raise DataError(
                f"{self.name}: expected inputs (N, I) of {', '.join(_INPUT_DTYPES)}; "
                f"got {x.shape} {x.dtype}"
            )
        if not x.flags.c_contiguous:
            raise DataError(f"{self.name}: expected inputs in C order; use np.ascontiguousarray")
        if self.kind == "classification":
            fits = y.shape == (n,) and y.dtype == np.int64 and (self.n_classes or 0) >= 2
            if not fits or y.min() < 0 or y.max() >= (self.n_classes or 0):
                raise DataError(
                    f"{self.name}: expected targets ({n},) int64 from 0 to n_classes - 1 = "
                    f"{(self.n_classes or 0) - 1}; got {y.shape} {y.dtype} up to {y.max()}"
                )
        elif y.ndim != 2 or len(y) != n or 0 in y.shape or y.dtype.kind != "f":
            raise DataError(
                f"{self.name}: expected targets ({n}, O) of floats; got {y.shape} {y.dtype}"
            )
        elif self.n_classes is not None:
            raise DataError(f"{self.name}: expected n_classes=None for regression")
        if self.weights is not None and self.weights.shape != (n,):
            raise DataError(f"{self.name}: expected weights ({n},); got {self.weights.shape}")
        if self.soft is not None and self.soft.shape != (n, self.n_classes):
            raise DataError(
                f"{self.name}: expected soft targets {(n, self.n_classes)}; got {self.soft.shape}"
            )
        if any(rows.dtype != np.int64 or rows.ndim != 1 for rows in (self.pool, self._test)):
            raise DataError(f"{self.name}: expected row numbers, int64, in pool and test")
        every = np.concatenate([self.pool, self._test])
        if every.min() < 0 or every.max() >= n or np.bincount(every, minlength=n).max() > 1:
            raise DataError(f"{self.name}: expected each of rows 0 to {n - 1} once at most")
