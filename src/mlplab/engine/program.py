"""Programs: what a static spec compiles to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from mlplab.data import Task
from mlplab.engine.activations import check_activation
from mlplab.engine.batches import batch_sizes
from mlplab.engine.initialise import check_init
from mlplab.engine.modules.blueprint import blueprint_of
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.native.coverage import is_native
from mlplab.errors import ConfigError
from mlplab.specs import SGD, Custom, Module, Optimiser, Run
from mlplab.specs.activation import activation_settings
from mlplab.specs.fit import perturbs

_LANES = 16  # floats in 64 bytes
_JOINED = 4  # units up to which several runs may make one block, see `kernels.runs_in_block`
TWO_VECTORS = 32  # floats that one turn of torch's elementwise loops takes with AVX-512
# Outputs that are judged at a time: a loss makes a few arrays of their size, and arrays of 16 MB
# left gaps in the heap (with 2,000 outputs a process grew by 130 to 260 MB; now by 75 to 90).
_JUDGED_FLOATS = 2**18
FUSED_ADAM_FROM = 16_384  # parameters above which one fused pass per run beats stacked passes


def padded(n: int, multiple: int = _LANES) -> int:
    """Round a number of floats up to whole 64-byte lines, or to another multiple."""
    return -(-n // multiple) * multiple


@dataclass(frozen=True)
class Program:
    """The static part of a run: runs that share it train in the slots of one stack.

    `widths` are the sizes of inputs, hidden layers and outputs; `n_rows` is what an epoch walks
    over. Everything that is free per slot is absent here.
    """

    widths: tuple[int, ...]
    activation: str
    loss: str
    optimiser: str
    batch_size: int
    keep_partial: bool
    n_rows: int
    dtype: str
    has_dropout: bool
    measures: tuple[str, ...]
    norm: str = "none"
    noise: str = "none"
    skips: tuple[bool, ...] = ()
    """For each hidden layer, whether it adds what the layer below gives; none where none does."""
    smooths: bool = False
    huber_delta: float = 1.0
    clips: bool = False
    averages: bool = False
    sparse: bool = False
    classes: bool = False
    perturbs: bool = False
    mixes: bool = False
    soft: bool = False
    native: bool = False
    """Whether compiled loops train it, on a CPU; see `native.coverage`."""

    @cached_property
    def padded_widths(self) -> tuple[int, ...]:
        """Widths as they lie in memory: few inputs are padded, so that no product is skinny.

        So are those of narrow first layers, whose runs lie side by side: each begins at a line.
        """
        first, *further = self.widths
        narrow = further[0] <= _JOINED
        return (padded(first) if narrow else max(first, _LANES), *further)

    @cached_property
    def batch_sizes(self) -> tuple[int, ...]:
        """The size of each batch of an epoch."""
        return batch_sizes(self.n_rows, self.batch_size, self.keep_partial)

    @cached_property
    def lanes(self) -> int:
        """Examples per batch as they lie in memory."""
        return padded(min(self.batch_size, max(self.batch_sizes)))

    @cached_property
    def score_lanes(self) -> int:
        """Examples per portion when a split is scored."""
        # The widest layer's outputs of one slot then take 1 MB in float32, half of an L2 of 2 MB.
        return max(256, min(1024, padded(2**18 // max(self.widths[1:]), TWO_VECTORS)))

    @cached_property
    def score_portion(self) -> int:
        """Slots that are scored at once, to bound the memory; whole blocks of narrow runs."""
        # 16 MB of float32 in the widest layer; blocks of narrow runs have up to 8 rows.
        return max(8, 2**22 // (self.score_lanes * max(self.widths[1:])) // 8 * 8)

    @property
    def keeps_epoch(self) -> bool:
        """Whether a group's inputs are few enough to lie in the epoch's order at once (2 MB)."""
        size = 8 if self.dtype == "float64" else 4
        # What changes from step to step is gathered step by step.
        return not self.perturbs and self.n_rows * self.padded_widths[0] * size <= 2**21

    @property
    def keeps_targets(self) -> bool:
        """Whether its targets lie so too: those of many classes take more than the inputs."""
        size = 8 if self.dtype == "float64" else 4
        return self.keeps_epoch and self.n_rows * self.widths[-1] * size <= 2**21

    @property
    def kept_rows(self) -> int:
        """Rows of inputs that a group holds; whole lines, so that each group begins at one."""
        # The last batch's view reaches up to a whole batch beyond the rows.
        return padded(self.n_rows + self.lanes) if self.keeps_epoch else self.lanes

    @property
    def n_layers(self) -> int:
        """Number of weight matrices."""
        return len(self.widths) - 1

    @cached_property
    def n_params(self) -> int:
        """All numbers that one run learns: weights, biases, gains of norms, slopes."""
        layers = sum((i + 1) * o for i, o in pairwise(self.widths))
        hidden = self.widths[1:-1]
        gains = 0 if self.norm == "none" else sum(hidden)
        per = activation_settings(self.activation)[1].get("per")
        return layers + gains + {"layer": len(hidden), "unit": sum(hidden)}.get(str(per), 0)

    @property
    def fused_adam(self) -> bool:
        """Whether Adam walks over each run on its own; a question of size, never of companions."""
        return self.n_params >= FUSED_ADAM_FROM

    @cached_property
    def flop_per_example(self) -> int:
        """Multiplications and additions of one example's forward and backward pass."""
        pairs = list(pairwise(self.widths))
        # Three products a layer, but no delta goes below the first.
        return sum(6 * i * o for i, o in pairs) - 2 * pairs[0][0] * pairs[0][1]

    @property
    def flop_per_score(self) -> int:
        """Multiplications and additions of one example's forward pass."""
        return sum(2 * i * o for i, o in pairwise(self.widths))


AnyProgram = Program | ModuleProgram


def program_of(run: Run, task: Task, n_rows: int, n_valid: int = 0) -> AnyProgram:
    """Compile the static part of a run with `n_rows` training and `n_valid` validation rows.

    Raises:
        ConfigError: the loss does not fit the task, an epoch has no whole batch, patience has
            nothing to watch or not that, or what a user wrote fails: a module, an activation,
            an initialisation.
    """
    classes = task.kind == "classification"
    loss = _loss_of(run, task)
    if loss == "cross-entropy" and not classes:
        raise ConfigError(f"fit.loss: cross-entropy needs classes; {task.name} has numbers")
    keep = run.fit.last_batch == "keep"
    if n_rows < 1:
        raise ConfigError(f"{task.name}: no rows are left to train on; lower valid={task.valid}")
    if not keep and n_rows < run.fit.batch_size:
        raise ConfigError(
            f"fit.batch_size: expected at most the {n_rows} training rows when the last batch "
            f"is dropped; got {run.fit.batch_size}"
        )
    if loss != "cross-entropy" and run.fit.label_smoothing:
        raise ConfigError(
            f"fit.label_smoothing: needs the loss cross-entropy; got {loss!r} with "
            f"{run.fit.label_smoothing:g}"
        )
    if run.fit.patience and not n_valid:
        raise ConfigError(
            f"fit.patience={run.fit.patience}: needs validation rows to watch; give {task.name} "
            "some, e.g. valid=0.1"
        )
    watchable = ("valid_loss", "valid_accuracy" if classes else "valid_rmse")
    if run.fit.patience and run.fit.monitor not in watchable:
        raise ConfigError(
            f"fit.monitor: expected {' or '.join(watchable)} for a {task.kind}; "
            f"got {run.fit.monitor}"
        )
    if run.fit.label_noise and not classes:
        raise ConfigError(f"fit.label_noise: needs classes; {task.name} has numbers")
    if task.soft is not None and loss != "cross-entropy":
        raise ConfigError(f"fit.loss: soft targets need cross-entropy; got {loss!r}")
    if task.soft is not None and run.fit.label_noise:
        raise ConfigError(
            f"fit.label_noise: replaces classes, and {task.name} has soft targets; leave it out"
        )
    moves = run.fit.shift or run.fit.flip
    if moves and task.image_shape is None:
        name = "shift" if run.fit.shift else "flip"
        has = "permuted" if "permute" in task.params else str(task.n_features)
        raise ConfigError(f"fit.{name}: needs images; {task.name} has {has} features")
    if moves and not isinstance(run.net, Module) and run.net.inputs:
        raise ConfigError(f"net.inputs={run.net.inputs}: images are moved as a whole; leave it out")
    common: dict[str, Any] = {
        "loss": loss,
        "optimiser": _optimiser_kind(run.optim),
        "batch_size": run.fit.batch_size,
        "keep_partial": keep,
        "n_rows": n_rows,
        "dtype": run.fit.dtype,
        "measures": tuple(sorted(run.fit.measures)),
        "smooths": run.fit.label_smoothing > 0,
        "huber_delta": run.fit.huber_delta if loss == "huber" else 1.0,
        "clips": run.optim.clip_norm > 0 or run.optim.clip_value > 0,
        "averages": run.fit.ema > 0,
        "sparse": run.optim.l1 > 0,
        "classes": classes,
        "perturbs": perturbs(run.fit),
        "mixes": run.fit.mixup > 0,
        "soft": task.soft is not None,
    }
    net = run.net
    if isinstance(net, Module):
        if run.fit.probes:
            raise ConfigError(
                f"fit.probes={run.fit.probes}: what layers the module {net.name!r} has is not "
                "known; only an MLP's are looked at"
            )
        blueprint = blueprint_of(net, task.n_features, task.n_outputs, run.fit.dtype)
        return ModuleProgram(net, task.n_features, task.n_outputs, blueprint, **common)
    if net.inputs > task.n_features:
        raise ConfigError(
            f"net.inputs: expected at most the {task.n_features} features of {task.name}; "
            f"got {net.inputs}"
        )
    check_activation(net.activation)
    check_init(net.init, (task.n_features, *net.hidden, task.n_outputs))
    native = is_native(run, task)
    # Linear models of sixteen lanes may see different numbers of inputs.
    together = native and not net.hidden
    n_in = task.n_features if together or not net.inputs else net.inputs
    return Program(
        widths=(n_in, *net.hidden, task.n_outputs),
        activation=net.activation if net.hidden else "identity",
        has_dropout=bool(net.dropout),
        norm=net.norm if net.hidden else "none",
        noise=net.noise if net.hidden else "none",
        skips=net.skips if net.residual else (),
        native=native,
        **common,
    )


def _loss_of(run: Run, task: Task) -> str:
    if run.fit.loss != "auto":
        return run.fit.loss
    return "cross-entropy" if task.kind == "classification" else "squared"


def _optimiser_kind(optim: Optimiser) -> str:
    """Return what a stack applies: kinds whose passes over the weights differ are apart."""
    if isinstance(optim, Custom):
        return f"custom:{optim.name}"
    if isinstance(optim, SGD) and optim.momentum > 0:
        return "nesterov" if optim.nesterov else "momentum"
    return optim.kind


def judged_slots(n_outputs: int) -> int:
    """Return how many slots with so many outputs, of all examples together, are judged at a time.

    >>> judged_slots(256 * 10), judged_slots(256 * 5000)
    (102, 1)
    """
    return max(1, _JUDGED_FLOATS // n_outputs)
