"""The memory model: bytes of a stack, and how many runs a budget holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from functools import lru_cache
from itertools import pairwise

from mlplab.engine.activations import activation
from mlplab.engine.drop_connect_each import examples_at_once
from mlplab.engine.measures import GRADIENT
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.numerics import runs_per_block
from mlplab.engine.optimisers import FORMULAS
from mlplab.engine.program import AnyProgram, Program, judged_slots, padded

BUDGET_BYTES = 256 * 2**20
"""What one stack may take, unless told otherwise."""

# Four networks of 784-256-10, two workers sharing the last cache: 5 % faster than eight (which
# 12 MB would hold); 784-64-10 5 %, 784-1024-10 2 %, with Adam 6 %, with dropout 4 %.
CACHE_BYTES = 6 * 2**20
"""What a stack's weights and activations should fit, so that a step does not stream from memory."""

_MOST_SLOTS = 4096
# Calls into torch are spread over four runs even where these do not fit the cache.
_LEAST_SLOTS = 4
_MOST_TEAMS = 32
_NOISE_ARRAYS = {"gaussian": 2, "uniform": 2, "multiplicative": 3, "stochastic-depth": 1}
# Copies of the weights: gradients, and what an optimiser keeps; for the others see `FORMULAS`.
_COPIES = {"sgd": (0, 0), "momentum": (0, 1), "lars": (1, 1)}
_CUSTOM_COPIES = (1, 3)  # about as much as Adam's in what a user's step keeps


def slot_parts(program: Program) -> dict[str, int]:
    """Return what one slot takes for as long as its stack stands, by what it is for."""
    widths, size = program.padded_widths, element_bytes(program)
    layers = [(i + 1) * o for i, o in pairwise(widths)]
    hidden, outputs = sum(widths[1:-1]), widths[-1]
    masks = program.has_dropout + (program.noise == "dropout-before")
    # Activation and delta; then what layers of noise show the next one, their factors and draws.
    per_unit = 2 + program.has_dropout + masks + _NOISE_ARRAYS.get(program.noise, 0)
    acts = program.lanes * ((per_unit + _further_per_unit(program)) * hidden + outputs)
    # A skip keeps the delta of its sum, and the sum where no noise does.
    skipping = sum(w for w, skips in zip(widths[1:], program.skips, strict=False) if skips)
    acts += program.lanes * skipping * (2 - (program.has_dropout or program.noise != "none"))
    if program.norm != "none":  # room for the products of its gradients, one layer's at a time
        acts += program.lanes * max(widths[1:-1], default=0)
    acts += masks * program.lanes * -(-2 * hidden // size)  # of two bytes
    if program.noise == "drop-connect":  # masks, what is left, room for a gradient, and noise
        masked = sum(layers[:-1])
        acts += 3 * masked + -(-2 * masked // size)
    if program.noise == "drop-connect-each":  # a gradient, formed while masks are there
        acts += sum(layers[:-1])
    gradients, kept = copies(program)
    weights = size * sum(layers)
    return {
        "parameters": weights,
        "gradients": weights * (gradients + forms_gradient(program)),
        "optimiser": weights * (kept + program.averages),
        "activations": size * acts,
    }


@lru_cache(maxsize=256)  # asked for each run that a plan counts
def slot_bytes(program: Program) -> int:
    """Return what one slot takes in a step: what stays, and its share of what comes and goes."""
    return sum(slot_parts(program).values()) + step_bytes(program, 1)


def step_bytes(program: Program, n_slots: int, n_groups: int = 1) -> int:
    """Return what steps need beside what stays: room that they keep, and what comes and goes."""
    return room_bytes(program, n_slots) + passing_bytes(program, n_slots, n_groups)


def room_bytes(program: Program, n_slots: int) -> int:
    """Return the room that steps keep from the first on: for the loss, and for squares of norms."""
    widths, size = program.padded_widths, element_bytes(program)
    largest = n_slots * max((i + 1) * o for i, o in pairwise(widths))
    judged = min(n_slots, judged_slots(program.lanes * widths[-1]))
    if program.smooths:
        judged = n_slots
    arrays = int(_loss_arrays(program) * judged * program.lanes * widths[-1])
    squares = {
        "norms of gradients": 8 * largest * forms_gradient(program),
        "squares of weights": size * largest * (program.optimiser == "lars"),
    }
    return size * arrays + max(squares.values())


def passing_bytes(program: Program, n_slots: int, n_groups: int = 1) -> int:
    """Return what a step makes in passing: a layer's means as they are exchanged, and targets."""
    widths, size = program.padded_widths, element_bytes(program)
    exchanged = program.averages * n_slots * max((i + 1) * o for i, o in pairwise(widths))
    # Each run's targets, where some runs share theirs and others do not.
    spread = n_slots * program.lanes * widths[-1] if 1 < n_groups < n_slots else 0
    return size * (exchanged + spread)


def forms_gradient(program: AnyProgram) -> bool:
    """Say whether a whole gradient is formed beside the optimiser's own, to be measured."""
    return GRADIENT in program.measures or program.clips


def copies(program: AnyProgram) -> tuple[int, int]:
    """Count the copies of the weights beside them: gradients, and what an optimiser keeps."""
    if program.optimiser in _COPIES:
        return _COPIES[program.optimiser]
    if program.optimiser in FORMULAS:
        formula = FORMULAS[program.optimiser]
        is_fused = program.optimiser in ("adam", "adamw") and program.fused_adam
        return 1, formula.copies - 1 - (is_fused and formula.has_room)
    return _CUSTOM_COPIES


def _states(program: AnyProgram) -> int:
    """Count the copies of the weights that are kept beside them."""
    # The means, and the copy while they are scored.
    return sum(copies(program)) + 2 * program.averages


def slots_bytes(program: AnyProgram, n_slots: int) -> int:
    """Return what so many slots take, without their rows and scoring."""
    if isinstance(program, ModuleProgram):
        return module_stack_bytes(program, -(-n_slots // program.team))
    return n_slots * slot_bytes(program)


def _loss_arrays(program: AnyProgram) -> float:
    """Count the arrays of a batch's outputs that a loss has room for."""
    if program.loss == "cross-entropy":
        return 2.25  # with what finds the hits, and a mask of bytes
    own = {"squared": 1, "absolute": 1, "log-cosh": 2}.get(program.loss, 3)
    return own + 2.25 * program.classes


def settings_bytes(program: AnyProgram) -> int:
    """Return what one slot's settings of an epoch take: Adam corrects each step by its own."""
    each = 80 if program.optimiser in ("adam", "adamw") else 16
    return each * len(program.batch_sizes)


def group_bytes(program: Program) -> int:
    """Return what runs with shared batches take together: a batch, and the rows in their order."""
    widths = program.padded_widths
    n_targets = program.kept_rows if program.keeps_targets else program.lanes
    batch = program.kept_rows * widths[0] + n_targets * widths[-1] + program.lanes
    # Its rows, and in their order for this epoch and the next.
    return element_bytes(program) * batch + 24 * program.n_rows


def stack_bytes(program: Program, n_slots: int, n_groups: int) -> int:
    """Return what a stack takes, with the buffers in which its slots are scored.

    Idle slots count: see `arrange.arrange`.
    """
    n_slots += n_slots % 2  # see `arrange`: whole turns of the vector loops
    own = n_slots * (slot_bytes(program) + settings_bytes(program))
    groups = n_groups * group_bytes(program) + per_step_bytes(program)
    return own + groups + scorer_bytes(program, n_slots)


def per_step_bytes(program: Program) -> int:
    """Return what a step takes for a few slots or groups at a time, however many there are."""
    return _perturbing_bytes(program) + _each_bytes(program)


def _perturbing_bytes(program: Program) -> int:
    """What changing one group's batch makes in passing: whence each pixel comes, and copies."""
    return program.perturbs * program.lanes * program.widths[0] * (16 + 2 * element_bytes(program))


def _each_bytes(program: Program) -> int:
    """What DropConnect for each example takes for a few of them: masks, what is left, and noise."""
    if program.noise != "drop-connect-each":
        return 0
    pairs = list(pairwise(program.padded_widths))[:-1]
    at_once = [examples_at_once(program.lanes, o, i) for i, o in pairs]
    most = max(c * o * i for c, (i, o) in zip(at_once, pairs, strict=True))
    # A layer's noise has two bytes, and lies in whole words.
    noise = sum(2 * c * o * padded(i) for c, (i, o) in zip(at_once, pairs, strict=True))
    vectors = sum(c * (2 * i + o) for c, (i, o) in zip(at_once, pairs, strict=True))
    return element_bytes(program) * (2 * most + vectors) + noise


def scorer_bytes(program: Program, n_slots: int, lanes: int | None = None) -> int:
    """Return what scoring takes, with so many examples at a time."""
    return sum(scorer_parts(program, n_slots, lanes))


def scorer_parts(program: Program, n_slots: int, lanes: int | None = None) -> tuple[int, int]:
    """Return what scoring keeps from epoch to epoch, and what it makes in passing."""
    lanes = program.score_lanes if lanes is None else lanes
    widths = program.padded_widths
    at_once = min(n_slots, program.score_portion)
    judged = min(at_once, judged_slots(lanes * widths[-1]))
    outputs = judged * int(_loss_arrays(program) * widths[-1])
    kept = at_once * sum(widths[1:]) + widths[0] + widths[-1]
    size = element_bytes(program) * lanes
    return size * kept, size * outputs


class StackCapacity:
    """Packs runs into a stack up to its memory budget; the first always fits.

    `cached`: it shall also fit a processor's cache.
    """

    def __init__(
        self, program: Program, budget_bytes: int = BUDGET_BYTES, cached: bool = True
    ) -> None:
        self._program = program
        self._budget = budget_bytes
        # Even: an odd stack would get an idle slot (see `arrange`), which costs as much as a run.
        fitting = CACHE_BYTES // slot_bytes(program) // 2 * 2
        self._most = min(_MOST_SLOTS, max(_LEAST_SLOTS, fitting)) if cached else _MOST_SLOTS
        self._block = runs_per_block(program.widths[1])
        self._members: Counter[Hashable] = Counter()
        self.n_slots = 0

    @property
    def n_runs(self) -> int:
        """How many runs are in."""
        return self._members.total()

    @property
    def n_groups(self) -> int:
        """How many different batches they see."""
        return len(self._members)

    @property
    def bytes(self) -> int:
        """What the stack takes with the runs that are in."""
        return stack_bytes(self._program, self.n_slots, len(self._members))

    def let_in(self, batches: Hashable) -> bool:
        """Add a run if it fits; runs of equal `batches` share their mini-batches."""
        n, block = self._members[batches], self._block
        n_slots = self.n_slots + (block if n % block == 0 else 0)
        n_groups = len(self._members) + (not n)
        if self.n_slots and (
            n_slots > self._most or stack_bytes(self._program, n_slots, n_groups) > self._budget
        ):
            return False
        self._members[batches] += 1
        self.n_slots = n_slots
        return True


class ModuleStackCapacity:
    """Packs runs with modules into teams up to a stack's memory budget; the first always fits."""

    def __init__(self, program: ModuleProgram, budget_bytes: int = BUDGET_BYTES) -> None:
        self._program = program
        self._budget = budget_bytes
        self._taken: Counter[int] = Counter()

    @property
    def n_runs(self) -> int:
        """How many runs are in."""
        return self._taken.total()

    @property
    def n_teams(self) -> int:
        """How many calls a step of the stack takes."""
        return max(self._taken.values(), default=0)

    @property
    def bytes(self) -> int:
        """What the stack takes with the runs that are in."""
        return module_stack_bytes(self._program, self.n_teams)

    def let_in(self, seat: int) -> bool:
        """Add a run at its place in a team if it fits."""
        n_teams = max(self.n_teams, self._taken[seat] + 1)
        if self._taken and (
            n_teams > _MOST_TEAMS or module_stack_bytes(self._program, n_teams) > self._budget
        ):
            return False
        self._taken[seat] += 1
        return True


KEPT_BYTES = 32 * 2**20
"""What is kept of a split at a time: outputs for users' metrics, and which examples are right."""


def kept_slots(program: AnyProgram, n_rows: int, keep_hits: bool, keep_outputs: bool) -> int:
    """Return of how many slots at a time these are kept: whole blocks, for the same bits."""
    each = n_rows * (keep_hits + keep_outputs * element_bytes(program) * n_outputs(program))
    block = 1 if isinstance(program, ModuleProgram) else runs_per_block(program.widths[1])
    return max(1, KEPT_BYTES // max(1, each) // block) * block


def n_outputs(program: AnyProgram) -> int:
    """Return the number of outputs of its networks."""
    return program.n_outputs if isinstance(program, ModuleProgram) else program.widths[-1]


def module_stack_bytes(program: ModuleProgram, n_teams: int) -> int:
    """Return what a stack of modules takes: every team's state, and one team's step at a time."""
    look, team = program.blueprint, program.team
    # Parameters, their gradients as they are found and as they are kept, and the optimiser's own.
    state = look.n_params * (2 + _states(program)) + look.n_fixed
    batch = min(program.batch_size, program.n_rows)
    # What the forward pass keeps, as much again on the way back, and the batch itself.
    outputs = int(4 + _loss_arrays(program)) * program.n_outputs
    step = batch * (2 * look.kept_per_example + program.n_features + outputs)
    own = element_bytes(program) * team * (n_teams * state + step + look.n_params)
    return own + team * n_teams * (24 * program.n_rows + settings_bytes(program))


def fill_stacks(
    program: AnyProgram, batches: Iterable[Hashable], budget_bytes: int = BUDGET_BYTES
) -> list[StackCapacity] | list[ModuleStackCapacity]:
    """Count runs into as many stacks as they need, one stack after the other."""
    if isinstance(program, ModuleProgram):
        return _fill_module_stacks(program, sum(1 for _ in batches), budget_bytes)
    # As the lane fills its stacks: a plan that counted otherwise would be wrong by whole stacks.
    filled = [StackCapacity(program, budget_bytes)]
    for one in batches:
        if not filled[-1].let_in(one):
            filled.append(StackCapacity(program, budget_bytes))
            filled[-1].let_in(one)
    return filled


def runs_of_a_stack(program: AnyProgram, most: int) -> int:
    """Return how many runs with batches of their own the first of several stacks takes."""
    if isinstance(program, ModuleProgram):
        return _fill_module_stacks(program, most, BUDGET_BYTES)[0].n_runs
    room = StackCapacity(program)
    return next((n for n in range(most) if not room.let_in(n)), most)


def _fill_module_stacks(
    program: ModuleProgram, n_runs: int, budget_bytes: int
) -> list[ModuleStackCapacity]:
    """The same for runs with modules, as if their keys named all seats equally often."""
    filled = [ModuleStackCapacity(program, budget_bytes)]
    for run in range(n_runs):  # keys are hashes: seats fill evenly
        if not filled[-1].let_in(run % program.team):
            filled.append(ModuleStackCapacity(program, budget_bytes))
            filled[-1].let_in(run % program.team)
    return filled


def _further_per_unit(program: Program) -> int:
    """Count what a hidden unit keeps of each example for its norm and activation."""
    act = activation(program.activation)
    return (program.norm != "none") + act.needs_input + 2 * bool(act.slopes)


def state_bytes(program: AnyProgram) -> int:
    """Return what a checkpoint of one run holds: weights, and what optimiser and means keep."""
    kept = {"sgd": 0, "adam": 2, "adamw": 2}.get(program.optimiser, 1)
    return weight_bytes(program) * (1 + kept + program.averages)


def weight_bytes(program: AnyProgram) -> int:
    """Return what the weights of one run take."""
    fixed = program.blueprint.n_fixed if isinstance(program, ModuleProgram) else 0
    return element_bytes(program) * (program.n_params + fixed)


def element_bytes(program: AnyProgram) -> int:
    """Return the size of a number in its arithmetic."""
    return 8 if program.dtype == "float64" else 4
