"""The numerics profile: chosen once, told truthfully, and the same for this process's workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlplab.engine import kernel_kind, provenance
from mlplab.engine.kernels import products
from mlplab.engine.numerics import single_thread
from mlplab.engine.program import padded

few = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def in_a_new_process(code: str, **environment: str | None) -> dict:
    """Run code that prints one JSON document, in a process that has multiplied nothing yet."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MKL_CBWR", "MLPLAB_NUMERICS")}
    kept |= {k: v for k, v in environment.items() if v is not None}
    kept["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


TELL = """
import json, os
from mlplab.engine import kernel_kind, provenance
first = provenance()
print(json.dumps({"kind": kernel_kind(), "numerics": first.numerics, "id": first.id,
                  "cbwr": os.environ.get("MKL_CBWR")}))
"""
MULTIPLY = "import torch; a = torch.rand(300, 300); a @ a\n"
PREDICT = """
import numpy as np, torch
from safetensors.torch import save
from mlplab.engine import predict
from mlplab.specs import Run
blob = save({"layers.0.weight": torch.ones(2, 40), "layers.0.bias": torch.ones(2)})
predict(Run(), blob, np.ones((50, 40), "f4"))
"""
ESTIMATE = """
from mlplab.engine.cost import flop_rate
flop_rate()
"""


class TestChoice:
    def test_the_environment_and_the_name_agree(self):
        told = in_a_new_process(TELL)
        if told["kind"] == "stacked":
            assert "strict" in told["cbwr"].lower()
        assert told["numerics"].startswith(told["kind"])
        assert told["cbwr"] is None or told["numerics"].endswith(told["cbwr"].lower())

    def test_our_own_products_do_not_come_too_early(self):
        for product in (PREDICT, ESTIMATE):
            assert in_a_new_process(product + TELL) == in_a_new_process(TELL)

    def test_a_product_of_the_callers_that_came_first_is_noticed(self):
        told = in_a_new_process(MULTIPLY + TELL)
        if in_a_new_process(TELL)["kind"] == "stacked":
            # MKL's mode is fixed: nothing is promised of it, and no worker inherits another.
            assert told["kind"] == "loop"
            assert told["cbwr"] is None
            assert told["id"] == in_a_new_process(TELL, MLPLAB_NUMERICS="loop")["id"]

    def test_it_can_be_declined(self):
        told = in_a_new_process(TELL, MLPLAB_NUMERICS="loop")
        assert told["kind"] == "loop"
        assert told["cbwr"] is None

    def test_the_users_own_mode_is_left_alone(self):
        told = in_a_new_process(TELL, MKL_CBWR="COMPATIBLE")
        assert told["cbwr"] == "COMPATIBLE"
        assert told["kind"] == "loop"

    def test_provenance_is_told_apart(self):
        assert provenance().numerics.startswith(kernel_kind())
        assert provenance().torch == torch.__version__
        told, declined = in_a_new_process(TELL), in_a_new_process(TELL, MLPLAB_NUMERICS="loop")
        assert (told["id"] == declined["id"]) == (told["kind"] == "loop")


sizes = st.sampled_from([1, 2, 3, 5, 7, 9, 13, 16, 17, 24, 31, 33, 63, 65, 100, 130])
inner = st.sampled_from([16, 17, 20, 31, 33, 64, 100, 127, 330])
batches = st.sampled_from([16, 32, 48, 64, 128])


def assert_products_keep_to_themselves(
    n: int, out: int, n_in: int, lanes: int, dtype: str, seed: int
) -> None:
    """Compare all products of a stack with those of a part of it: the static rules hold here."""
    made = products(kernel_kind(), dtype)
    kind = getattr(torch, dtype)
    least = max(2, -(-16 // out))
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=kind)

    def matrices(values: torch.Tensor) -> torch.Tensor:
        """Lay out matrices as a stack does."""
        if not made.aligned:
            return values.clone()
        size = out * n_in
        lines = torch.zeros(len(values), padded(size), dtype=kind)[:, :size]
        return lines.view(len(values), out, n_in).copy_(values)

    def run(part: slice) -> list[torch.Tensor]:
        w, b = matrices(weight[part]), bias[part].clone()
        d, below = delta[part].clone(), hidden[part].clone()
        forward, shared_forward = torch.empty_like(d), torch.empty_like(d)
        backward = torch.empty_like(below)
        made.shared_forward(x, w, b, shared_forward)
        made.forward(below, w, b, forward)
        made.backward(w, d, backward)
        update, shared_update, gradient, shared_gradient = (matrices(w) for _ in range(4))
        made.update(update, d, below)
        made.shared_update(shared_update, d, x)
        made.gradient(d, below, gradient)
        made.shared_gradient(d, x, shared_gradient)
        return [forward, shared_forward, backward, update, shared_update, gradient, shared_gradient]

    weight, bias, x = draw(n, out, n_in), draw(n, out), draw(lanes, n_in)
    delta, hidden = draw(n, out, lanes), draw(n, n_in, lanes)
    with single_thread():
        whole = run(slice(0, n))
        for start in range(0, n - least + 1, least):
            part = slice(start, start + least)
            for all_of_it, own in zip(whole, run(part), strict=True):
                assert torch.equal(all_of_it[part], own)


@few
@given(st.integers(2, 20), sizes, inner, batches, st.sampled_from(["float32", "float64"]),
       st.integers(0, 999))  # fmt: skip
def test_no_product_depends_on_strangers(n, out, n_in, lanes, dtype, seed):
    assert_products_keep_to_themselves(n * -(-16 // out), out, n_in, lanes, dtype, seed)


@pytest.mark.slow
@many
@given(st.integers(2, 40), st.integers(1, 300), st.integers(16, 800), batches,
       st.sampled_from(["float32", "float64"]), st.integers(0, 999))  # fmt: skip
def test_no_product_depends_on_strangers_thoroughly(n, out, n_in, lanes, dtype, seed):
    assert_products_keep_to_themselves(n * -(-16 // out), out, n_in, lanes, dtype, seed)
