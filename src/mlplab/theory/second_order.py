"""Second-order models of finished runs: their weights and rows, stacked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.errors import ConfigError, DataError
from mlplab.hints import expected
from mlplab.specs import MLP, Run
from mlplab.specs.activation import activation_settings
from mlplab.theory.plane import Weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from mlplab.engine.curvature.row_portions import RowPortions
    from mlplab.engine.curvature.second_order import Batch, SecondOrder

Matrix = Literal["hessian", "gauss-newton"]
MATRICES = ("hessian", "gauss-newton")

_KINDS = ("weight", "bias", "gain", "slope", "mean", "variance")
_STACK_FLOATS = 2**26  # 512 MB: a stack's models of one portion of rows, a product, a basis
_N_KEPT = 2  # portions of rows whose models stay
_LEAST_ROWS = 1024  # for which stacks leave room
_LEAST_PORTION = 256
_PER_UNIT = 12  # numbers that a model and a product hold per unit and example
# Where both cores are busy, threads that wait for one another take ten times as long.
_FEW_FLOP = 1e9


def likeness(run: Run, n_rows: int) -> tuple[Any, ...]:
    """Return what runs must have in common to be in one stack."""
    net = run.mlp
    shape = net.hidden, net.inputs, net.activation, net.norm, net.residual
    loss = run.fit.loss, run.fit.huber_delta
    return *shape, *loss, n_rows


def rows_of(run: Run, task: Task, split: str, n_rows: int | None) -> NDArray[np.int64]:
    """Return the first rows of a run's split; None is all.

    Raises:
        ConfigError: no such split, no rows in it, or none asked for.
    """
    from mlplab.reading import read_whole

    if split not in ("train", "valid"):
        raise ConfigError(f"split: {expected(split, ('train', 'valid'))}")
    if n_rows is not None:
        n_rows = read_whole("n_rows", n_rows)
    rows: NDArray[np.int64] = getattr(task.split(run.seed, run.rows), split)[:n_rows]
    if not len(rows):
        raise ConfigError(f"split: {task.name} has no {split} rows for this run; try valid=0.1")
    return rows


def check_network(run: Run) -> MLP:
    """Return a run's network.

    Raises:
        ConfigError: a module.
    """
    if not isinstance(run.net, MLP):
        raise ConfigError(
            f"net: expected an MLP; got the module {run.net.name!r}: for it, torch.func.hessian "
            "or a package such as curvlinops"
        )
    return run.net


def runs_at_once(n_rows: int, widths: Sequence[int], n_params: int, n_vectors: int) -> int:
    """Return how many runs make a stack, for whose models and so many vectors there is room."""
    numbers = min(n_rows, _LEAST_ROWS) * _per_row(widths) + n_vectors * n_params
    return max(1, _STACK_FLOATS // numbers)


def _per_row(widths: Sequence[int]) -> int:
    """Numbers that a model and a product of it hold for one example of one run."""
    return widths[0] + _PER_UNIT * sum(widths[1:])


def widths_of(weights: Weights) -> tuple[int, ...]:
    """Return the widths of inputs, hidden layers and outputs that matrices have."""
    named = sorted((name for name in weights if name.endswith(".weight")), key=_place)
    shapes = [np.shape(weights[name]) for name in named]
    return shapes[0][1], *(shape[0] for shape in shapes)


def second_order_of(
    runs: Sequence[Run],
    weights: Sequence[Weights],
    task: Task,
    rows: Sequence[NDArray[np.int64]],
    split: str,
) -> RowPortions:
    """Return the second-order model of runs that are alike, in float64.

    Args:
        runs: of one `likeness`.
        weights: of each.
        task: their data.
        rows: of each.
        split: that the rows are of: training rows learn soft targets where there are some.

    Raises:
        DataError: weights that do not fit.
    """
    import torch

    from mlplab.engine.curvature.row_portions import RowPortions
    from mlplab.engine.curvature.second_order import SecondOrder
    from mlplab.engine.program import Program, program_of

    first = runs[0]
    own = task.split(first.seed, first.rows)
    program = program_of(first, task, len(own.train), len(own.valid))
    assert isinstance(program, Program)
    widths = first.mlp.inputs or task.n_features, *program.widths[1:]
    for one in weights:
        _check_weights(one, first.mlp, widths)
    stacked = {
        name: torch.from_numpy(np.stack([np.asarray(one[name], np.float64) for one in weights]))
        for name in sorted(weights[0], key=_place)
    }
    same = all(np.array_equal(rows[0], other) for other in rows[1:])
    read = _reader(task, rows[:1] if same else rows, split, widths[0])

    def model(start: int) -> SecondOrder:
        batch = read(start, start + size)
        return SecondOrder(first.mlp, program.loss, stacked, batch, program.huber_delta)

    size = max(_LEAST_PORTION, _STACK_FLOATS // (len(runs) * _per_row(widths)))
    makers = [partial(model, start) for start in range(0, len(rows[0]), size)]
    with _apart():
        return RowPortions(makers, _N_KEPT)


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Compute apart from what the caller set for torch, and without its graphs."""
    import torch

    from mlplab.engine.surroundings import caller_aside

    with caller_aside(), torch.inference_mode():
        yield


@contextlib.contextmanager
def computing(model: RowPortions) -> Iterator[None]:
    """Compute apart from the caller, on one thread where that is faster."""
    from mlplab.engine.surroundings import single_thread

    threads = single_thread() if model.product_flop < _FEW_FLOP else contextlib.nullcontext()
    with _apart(), threads:
        yield


def product_of(model: RowPortions, matrix: Matrix) -> Callable[[Tensor], Tensor]:
    """Return what multiplies vectors by the Hessian or the Gauss-Newton matrix."""
    return model.hessian_product if matrix == "hessian" else model.gauss_newton_product


def _reader(
    task: Task, rows: Sequence[NDArray[np.int64]], split: str, n_inputs: int
) -> Callable[[int, int], Batch]:
    """Return what reads the examples from one place among the rows to another."""
    import torch

    from mlplab.engine.curvature.second_order import Batch
    from mlplab.engine.tensors import TaskTensors

    dtype = torch.float64
    data = TaskTensors(task, dtype, n_inputs, torch.device("cpu"), n_inputs)
    write = data.training_targets if split == "train" else data.targets
    picked = [torch.from_numpy(np.array(own)) for own in rows]
    if data.has_weights:
        shares = [data.shares(own) for own in picked]
    else:
        shares = [torch.full((len(own),), 1 / len(own), dtype=dtype) for own in picked]

    def read(start: int, stop: int) -> Batch:
        n = len(picked[0][start:stop])
        inputs = torch.zeros(len(rows), n, n_inputs, dtype=dtype)
        target = torch.zeros(len(rows), task.n_outputs, n, dtype=dtype)
        for place, own in enumerate(picked):
            data.inputs(own[start:stop], inputs[place])
            write(own[start:stop], target[place])
        share = torch.stack([own[start:stop] for own in shares]).unsqueeze(1)
        return Batch(inputs, target, share)

    return read


def _place(name: str) -> tuple[int, int]:
    """What sorts numbers: layer by layer weight, bias, gain, slope; statistics are not learned."""
    _, layer, kind = name.split(".")
    return int(layer), _KINDS.index(kind)


def _check_weights(weights: Weights, net: MLP, widths: tuple[int, ...]) -> None:
    """Refuse numbers that are not a network's own, or not finite."""
    wanted = _shapes(net, widths)
    got = {name: np.shape(value) for name, value in weights.items()}
    for name in (*wanted, *got):
        if got.get(name) != wanted.get(name):
            raise DataError(
                f"weights: expected {name} of shape {wanted.get(name, 'none')} for widths "
                f"{widths}; got {got.get(name, 'none')}; Runs.weights gives a run's own"
            )
        if not np.isfinite(weights[name]).all():
            raise DataError(f"weights: expected finite numbers; {name} has others")


def _shapes(net: MLP, widths: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """The shapes of all numbers that a finished run keeps, by name."""
    kind, settings = activation_settings(net.activation)
    further = {"none": (), "layer": ("gain",), "batch": ("gain", "mean", "variance")}[net.norm]
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (n_in, n_out) in enumerate(pairwise(widths)):
        own: dict[str, tuple[int, ...]] = {"weight": (n_out, n_in), "bias": (n_out,)}
        if layer < len(net.hidden):
            own |= dict.fromkeys(further, (n_out,))
            if kind == "prelu":
                own["slope"] = (n_out,) if settings["per"] == "unit" else (1,)
        shapes |= {f"layers.{layer}.{name}": shape for name, shape in own.items()}
    return shapes
