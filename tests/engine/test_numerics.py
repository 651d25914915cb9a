"""The numerics profile: chosen once, told truthfully, and the same for this process's workers."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from functools import cache
from textwrap import dedent

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.population import made_up, of, trained

from mlplab.engine import kernel_kind, numerics, program_of, provenance, workshop
from mlplab.engine import openblas as openblas_module
from mlplab.engine.kernels import products
from mlplab.engine.layout import slots_apart
from mlplab.engine.numerics import asked_numerics, runs_per_block
from mlplab.engine.openblas import openblas
from mlplab.engine.surroundings import single_thread, training_mode
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Adam, Fit

needs_openblas = pytest.mark.skipif(openblas() is None, reason="no OpenBLAS for this machine")
few = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def in_a_new_process(code: str, **environment: str | None) -> dict:
    """Run code that prints one JSON document, in a process that has multiplied nothing yet."""
    kept = {
        k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "MLPLAB_NUMERICS")
    }
    kept |= {k: v for k, v in environment.items() if v is not None}
    kept["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


TELL = """
import json, os
before = dict(os.environ)
from mlplab.engine import kernel_kind, numerics, program_of, provenance, workshop
first = provenance()
print(json.dumps({"kind": kernel_kind(), "numerics": first.numerics, "id": first.id,
                  "changed": before != dict(os.environ)}))
"""


class TestChoice:
    def test_the_kernels_and_their_name_agree(self):
        told = in_a_new_process(TELL)
        assert told["kind"] in ("openblas", "loop")
        assert told["numerics"].startswith(told["kind"])
        assert provenance().numerics.startswith(kernel_kind())
        assert provenance().torch == torch.__version__

    def test_the_environment_stays_as_it_was(self):
        assert not in_a_new_process(TELL)["changed"]
        assert not in_a_new_process(TELL, OPENBLAS_CORETYPE="Haswell")["changed"]

    def test_it_can_be_declined(self):
        told, declined = in_a_new_process(TELL), in_a_new_process(TELL, MLPLAB_NUMERICS="loop")
        assert declined["kind"] == "loop"
        plain = told["kind"] == "loop" and "-loops" not in told["id"]
        assert (told["id"] == declined["id"]) == plain
        assert "-loops" not in declined["id"]

    @needs_openblas
    @pytest.mark.skipif(platform.machine() != "x86_64", reason="names of x86 kernels")
    def test_the_users_own_choice_of_kernels_stands_and_is_told(self):
        told = [in_a_new_process(TELL, OPENBLAS_CORETYPE=core) for core in ("Nehalem", "Haswell")]
        assert told[0]["numerics"].endswith("-nehalem")
        assert told[1]["numerics"].endswith("-haswell")
        assert told[0]["id"] != told[1]["id"]

    @needs_openblas
    def test_the_callers_own_libraries_keep_their_threads_and_kernels(self):
        code = """
        import json, numpy, scipy.linalg, threadpoolctl
        def told():
            return [(d["filepath"], d["num_threads"], d.get("architecture"))
                    for d in threadpoolctl.threadpool_info() if d["user_api"] == "blas"]
        before = told()
        from mlplab.engine import kernel_kind
        kernel_kind()
        after = [entry for entry in told() if "scipy_openblas32" not in entry[0]]
        print(json.dumps([before, after]))
        """
        before, after = in_a_new_process(dedent(code), OPENBLAS_CORETYPE=None)
        assert before
        assert before == after


@needs_openblas
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_products_are_those_of_torch(dtype):
    blas = openblas()
    a, b = torch.randn(3, 7, 5, dtype=dtype), torch.randn(3, 5, 33, dtype=dtype)
    kept = torch.randn(3, 7, 33, dtype=dtype)
    for a_t in (False, True):
        for b_t in (False, True):
            for add in (False, True):
                out = kept.clone()
                blas.product(
                    a.transpose(1, 2).contiguous() if a_t else a,
                    b.transpose(1, 2).contiguous() if b_t else b,
                    out, a_t=a_t, b_t=b_t, add=add,
                )  # fmt: skip
                expected = torch.bmm(a, b) + (kept if add else 0)
                torch.testing.assert_close(out, expected)
    shared = torch.empty_like(kept)
    blas.product(a, b[0], shared)
    torch.testing.assert_close(shared, a @ b[0])


def test_without_an_openblas_there_is_still_the_loop(monkeypatch):
    monkeypatch.setattr(openblas_module, "find_spec", lambda name: None)
    openblas.cache_clear()
    try:
        assert openblas() is None
        with pytest.raises(ConfigError, match="no OpenBLAS for this machine; try loop"):
            products("openblas")
    finally:
        openblas.cache_clear()


sizes = st.sampled_from([1, 2, 3, 5, 7, 9, 13, 16, 17, 24, 31, 33, 63, 65, 100, 130])
inner = st.sampled_from([16, 17, 20, 31, 33, 64, 100, 127, 330])
batches = st.sampled_from([16, 32, 48, 64, 128])


def assert_products_keep_to_themselves(
    n: int, out: int, n_in: int, lanes: int, dtype: str, seed: int
) -> None:
    """Compare all products of a stack with those of a part of it: the static rules hold here."""
    made = products(kernel_kind())
    kind = getattr(torch, dtype)
    least = runs_per_block(out)
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=kind)

    def matrices(values: torch.Tensor) -> torch.Tensor:
        """Lay out matrices as a stack does."""
        if made.joins(out):
            return values.clone()
        return slots_apart(*values.shape, dtype=kind).copy_(values)

    def run(part: slice) -> list[torch.Tensor]:
        w, b = matrices(weight[part]), bias[part].clone()
        d, below = delta[part].clone(), hidden[part].clone()
        forward, shared_forward = torch.empty_like(d), torch.empty_like(d)
        backward = torch.empty_like(below)
        for filled in (forward, shared_forward):
            filled.copy_(b.unsqueeze(2))
        made.shared_forward(x, made.blocks(w), made.blocks(shared_forward))
        made.forward(below, w, forward)
        made.backward(w, d, backward)
        update, shared_update, gradient, shared_gradient = (matrices(w) for _ in range(4))
        made.update(update, d, below)
        made.shared_update(made.blocks(shared_update), made.blocks(d), x)
        made.gradient(d, below, gradient)
        made.shared_gradient(made.blocks(d), x, made.blocks(shared_gradient))
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
    assert_products_keep_to_themselves(n * runs_per_block(out), out, n_in, lanes, dtype, seed)


@pytest.mark.slow
@many
@given(st.integers(2, 40), st.integers(1, 300), st.integers(16, 800), batches,
       st.sampled_from(["float32", "float64"]), st.integers(0, 999))  # fmt: skip
def test_no_product_depends_on_strangers_thoroughly(n, out, n_in, lanes, dtype, seed):
    assert_products_keep_to_themselves(n * runs_per_block(out), out, n_in, lanes, dtype, seed)


@pytest.mark.parametrize("hidden", [(), (2,), (9, 5)])
def test_kernels_for_devices_learn_the_same(monkeypatch, hidden):
    # No device is needed to run them; on one, results are equal to a tolerance.
    task = made_up(n=64, features=6, outputs=3, valid=0.25)
    runs = [
        of(task, net=MLP(hidden=hidden, dropout=0.2 if hidden else 0.0), seed=seed,
           optim=optim.replace(lr=lr), fit=Fit(epochs=3, batch_size=10))
        for seed in (0, 1) for lr in (0.01, 0.1) for optim in (SGD(), SGD(momentum=0.9), Adam())
    ]  # fmt: skip
    usual = trained(runs, task)
    monkeypatch.setattr(workshop, "kernel_kind", lambda: "device")
    for key, other in trained(runs, task).items():
        for name, values in usual[key].outcome.history.items():
            assert other.outcome.history[name] == pytest.approx(
                values, rel=1e-3, abs=2e-2, nan_ok=True
            )


# bfloat16 keeps 8 bits: a number is off by up to 2^-8 of itself, and a sum of products, for its two
# factors and for its own rounding, by three such parts of the sum of the products' sizes.
BF16 = 3.1 * 2**-8


@pytest.mark.parametrize("members", [0, 2])
def test_products_in_bfloat16_are_those_of_float32_to_8_bits(members):
    torch.manual_seed(0)
    exact, rounded = products("device"), products("bf16")
    n, o, i, b = 4, 7, 33, 20
    weight, h, delta = torch.randn(n, o, i), torch.randn(n, i, b), torch.randn(n, o, b)
    x = torch.randn(n, b, i) if members else torch.randn(b, i)
    calls = [
        (lambda p, *a: p.forward(h, *a), (weight, torch.randn(n, o, b)), (weight.abs(), h.abs())),
        (lambda p, *a: p.backward(*a), (weight, delta, torch.empty(n, i, b)),
         (weight.abs().mT, delta.abs())),
        (lambda p, *a: p.gradient(delta, h, *a), (torch.empty(n, o, i),),
         (delta.abs(), h.abs().mT)),
        (lambda p, *a: p.update(a[0], delta, h), (weight.clone(),), (delta.abs(), h.abs().mT)),
        (lambda p, *a: p.shared_forward(x, *a), (weight, torch.randn(n, o, b)),
         (weight.abs(), x.abs().mT)),
        (lambda p, *a: p.shared_gradient(delta, x, *a), (torch.empty(n, o, i),),
         (delta.abs(), x.abs())),
        (lambda p, *a: p.shared_update(a[0], delta, x), (weight.clone(),),
         (delta.abs(), x.abs())),
    ]  # fmt: skip
    for call, tensors, sizes in calls:
        one, other = tensors[-1].clone(), tensors[-1].clone()
        call(exact, *tensors[:-1], one)
        call(rounded, *tensors[:-1], other)
        assert one.dtype == other.dtype == torch.float32
        apart = (one - other).abs()
        assert (apart <= BF16 * (sizes[0] @ sizes[1]) + 1e-6).all()
        assert apart.max() > 1e-4  # rounded it is


def test_networks_learn_the_same_in_bfloat16(monkeypatch):
    task = made_up(n=64, features=6, outputs=3, valid=0.25)
    runs = [
        of(task, net=MLP(hidden=(9, 5)), seed=seed, optim=SGD(lr=0.1),
           fit=Fit(epochs=5, batch_size=8, measures=("grad_norm",)))
        for seed in (0, 1)
    ]  # fmt: skip
    usual = trained(runs, task)
    monkeypatch.setattr(workshop, "kernel_kind", lambda: "bf16")
    for key, other in trained(runs, task).items():
        losses = usual[key].outcome.history["train_loss"]
        assert other.outcome.history["train_loss"] == pytest.approx(losses, rel=BF16)
        assert other.outcome.history["train_loss"] != losses
        found = weights_of(other.weights)
        assert {one.dtype for one in found.values()} == {torch.float32}


def weights_of(blob):
    from safetensors.torch import load

    return load(blob)


class TestProfilesOfDevices:
    cuda = torch.device("cuda")

    def program(self, dtype):
        task = made_up()
        run = of(task, net=MLP(hidden=(8,)), fit=Fit(batch_size=10, dtype=dtype))
        return program_of(run, task, 60)

    @pytest.mark.parametrize(("asked", "kernels"), [
        ("", "device"), ("loop", "device"), ("tf32", "device"), ("bf16", "bf16"),
    ])  # fmt: skip
    def test_the_environment_chooses(self, monkeypatch, asked, kernels):
        monkeypatch.setenv("MLPLAB_NUMERICS", asked)
        assert workshop._kernels(self.program("float32"), self.cuda) == kernels
        # Who asks for double precision gets it.
        assert workshop._kernels(self.program("float64"), self.cuda) == "device"
        assert workshop._kernels(self.program("float32"), torch.device("cpu")) == kernel_kind()

    @pytest.mark.parametrize("asked", ["", "tf32", "bf16"])
    def test_provenance_names_it(self, monkeypatch, asked):
        monkeypatch.setenv("MLPLAB_NUMERICS", asked)
        monkeypatch.setattr(numerics, "device_of", lambda name: self.cuda)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda place: "a GPU")
        profile = {"": "cuda-tolerance"}.get(asked, f"cuda-{asked}-tolerance")
        assert provenance("cuda").numerics == profile
        assert provenance("cuda").machine == "a GPU"
        assert "tolerance" not in provenance("cpu").numerics

    def test_tf32_is_set_for_the_block_alone(self, monkeypatch):
        def precision():
            return torch._C._get_fp32_precision_getter("cuda", "matmul")

        before = precision()
        for asked, inside in (("", before), ("bf16", before), ("tf32", "tf32")):
            monkeypatch.setenv("MLPLAB_NUMERICS", asked)
            with training_mode(self.cuda):
                assert precision() == inside
            with training_mode(torch.device("cpu")):
                assert precision() == before
            assert precision() == before


def test_another_word_for_the_products_is_refused(monkeypatch):
    for word in ("", "loop", "tf32", "bf16"):
        monkeypatch.setenv("MLPLAB_NUMERICS", word)
        assert asked_numerics() == word
    monkeypatch.setenv("MLPLAB_NUMERICS", "bf61")
    with pytest.raises(ConfigError, match=r"MLPLAB_NUMERICS: .*; got 'bf61'; did you mean 'bf16'"):
        asked_numerics()
