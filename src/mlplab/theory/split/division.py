"""What each process gets of a network, and how many bytes it then has to send."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import Literal, get_args

Way = Literal["data", "tensor", "pipeline"]
WAYS: tuple[Way, ...] = get_args(Way)


def even_parts(n: int, n_parts: int) -> tuple[range, ...]:
    """Cut n things into neighbouring parts whose sizes differ by one at most.

    >>> even_parts(8, 3)
    (range(0, 3), range(3, 6), range(6, 8))
    """
    small, more = divmod(n, n_parts)
    ends = accumulate((small + (part < more) for part in range(n_parts)), initial=0)
    return tuple(range(start, stop) for start, stop in pairwise(ends))


def stages(sizes: Sequence[int], n_stages: int) -> tuple[range, ...]:
    """Cut layers into neighbouring stages, none empty, the largest as small as can be.

    Args:
        sizes: of the layers, in whatever shall be even (parameters, here), (L,).
        n_stages: at most L.

    Returns:
        The layers of each stage; of several best cuts, the one whose first stages are shortest.

    Cost: O(L^2 n_stages).

    >>> stages([10, 1, 1, 10], 3)
    (range(0, 1), range(1, 3), range(3, 4))
    """
    before = [0, *accumulate(sizes)]

    @cache
    def best(first: int, n_left: int) -> tuple[int, tuple[int, ...]]:
        if n_left == 1:
            return before[-1] - before[first], (len(sizes),)
        cuts = []
        for stop in range(first + 1, len(sizes) - n_left + 2):
            largest, ends = best(stop, n_left - 1)
            cuts.append((max(before[stop] - before[first], largest), (stop, *ends)))
        return min(cuts)

    return tuple(range(a, b) for a, b in pairwise((0, *best(0, n_stages)[1])))


def layer_sizes(widths: Sequence[int]) -> list[int]:
    """Count each layer's weights and biases, (L,), of widths from features to outputs, (L + 1,).

    >>> layer_sizes([4, 8, 3])
    [40, 27]
    """
    return [(n_in + 1) * n_out for n_in, n_out in pairwise(widths)]


Cut = Literal["outputs", "inputs", "whole"]


def cuts(widths: Sequence[int], n_processes: int) -> list[Cut]:
    """Say how the tensor split cuts each layer, (L,): by its outputs, the next by its inputs.

    Between the two no process needs what others have: their activations stay where they are. A
    last layer that would be cut by fewer outputs than processes stays whole, in each of them.

    >>> cuts([4, 8, 3], 2), cuts([4, 8, 8, 3], 4)
    (['outputs', 'inputs'], ['outputs', 'inputs', 'whole'])
    """
    found: list[Cut] = [("outputs", "inputs")[layer % 2] for layer in range(len(widths) - 1)]
    if found[-1] == "outputs" and widths[-1] < n_processes:
        found[-1] = "whole"
    return found


def bytes_sent(
    way: Way, widths: Sequence[int], batch_size: int, n_processes: int, itemsize: int
) -> list[float]:
    """Count the bytes that each process sends in one step, (P,), in closed form.

    With P processes, batch B, widths n_0 ... n_L and S parameters, all in items of one size:

        data      2 (P - 1) / P S: the sum of all gradients, around a ring
        tensor    2 (P - 1) / P B n for each layer that is cut by its inputs, n its outputs (their
                  sum, forward) and for each but the first that is cut by its outputs, n its inputs
                  (their gradient, backward); (P - 1) B ceil(n_L / P) more where the last is cut by
                  its outputs
        pipeline  B n to the next stage and B m to the one before, n and m what they exchange

    A ring adds up in 2 (P - 1) turns; in each one, everyone sends a P-th. Source: Patarasu and
    Yuan (2009), Bandwidth optimal all-reduce algorithms; Shoeybi et al. (2019), arXiv 1909.08053;
    Huang et al. (2019), arXiv 1811.06965.

    >>> bytes_sent("data", [4, 8, 3], batch_size=32, n_processes=2, itemsize=4)  # 67 parameters
    [268.0, 268.0]
    >>> bytes_sent("pipeline", [4, 8, 3], batch_size=32, n_processes=2, itemsize=4)
    [1024.0, 1024.0]
    """
    if n_processes == 1:
        return [0.0]
    ring = 2 * (n_processes - 1) / n_processes
    if way == "data":
        return [ring * sum(layer_sizes(widths)) * itemsize] * n_processes
    if way == "tensor":
        ways = cuts(widths, n_processes)
        summed = 0
        for layer, (n_in, n_out) in enumerate(pairwise(widths)):
            if ways[layer] == "inputs":
                summed += n_out  # forward: what each share of the inputs gives
            elif ways[layer] == "outputs" and layer > 0:
                summed += n_in  # backward: what each share of the outputs asks for
        sent = ring * batch_size * summed * itemsize
        if ways[-1] == "outputs":
            share = -(-widths[-1] // n_processes)
            sent += (n_processes - 1) * batch_size * share * itemsize
        return [sent] * n_processes
    parts = stages(layer_sizes(widths), n_processes)
    seams = [0, *(widths[part.start] for part in parts[1:]), 0]
    return [float((a + b) * batch_size * itemsize) for a, b in pairwise(seams)]


def microbatches(batch_size: int, n_processes: int) -> int:
    """Return into how many equal parts a pipeline cuts a batch: at most four for each stage.

    With M parts of a batch, P - 1 of M + P - 1 turns are idle in each stage.

    >>> microbatches(256, 4), microbatches(30, 4), microbatches(7, 2)
    (16, 15, 7)
    """
    most = min(batch_size, 4 * n_processes)
    return max(part for part in range(1, most + 1) if batch_size % part == 0)
