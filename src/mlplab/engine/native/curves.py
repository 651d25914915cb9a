"""Smooth activations and their slopes, sixteen at a time, from exponentials of our own.

A compiled loop that calls `exp` calls it for one number after the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from mlplab.engine.native.compiled import compiled, emitted
from mlplab.engine.native.lanes import LANES, Vectors, body
from mlplab.engine.native.suits import CURVES

# Coefficients from r^0 on, by interpolation at Chebyshev's points with 50 digits: of
# (exp(r) - 1 - r) / r^2 for |r| < 0.35, which leaves an error of 5e-10 or 5e-19 of r;
_EXP = {
    4: (0.5000000014, 0.1666666668, 0.04166645681, 0.008333310024, 0.001393454193, 0.0001989198131),
    8: (
        0.5, 0.166666666666666714, 0.0416666666666666701, 0.0083333333333255447,
        0.00138888888888833267, 0.000198412698768643549, 0.0000248015873270071867,
        2.75572528335169097e-6, 2.75572718102197996e-7, 2.51062747335732947e-8,
        2.09154422977801152e-9,
    ),
}  # fmt: skip
# of 2 atanh(s) / s in s^2 up to 1/9 (4e-9, 1e-18);
_ATANH = {
    4: (2.000000008, 0.6666632164, 0.4002459523, 0.2796515775, 0.2815777836),
    8: (
        2.0, 0.666666666666661496, 0.400000000001857475, 0.285714285454541145,
        0.222222240807476732, 0.181817408325048045, 0.153866140423040078, 0.133003740326746243,
        0.121101687280692177, 0.0832450651186082058, 0.170441635627813981,
    ),
}  # fmt: skip
# of (a + 5) exp(a^2 / 2) Phi(-a) in (a - 5) / (a + 5), for a from 0 to 13.3 or 37.7 (1e-8, 3e-17).
# Source of the form: Shepherd and Laframboise, Mathematics of Computation 36 (1981).
_MIDDLE = 5.0
_TAIL = {
    4: (
        0.7691930431, -0.6653824142, 0.495306327, -0.3135362068, 0.1650064421, -0.06909671065,
        0.02089484549, -0.003004491888, -0.001047667444, 0.0003728266123,
    ),
    8: (
        0.769193049750062965, -0.665382502890056812, 0.495305615969974479, -0.313533156671294432,
        0.165020366170486032, -0.0691186387065658116, 0.0207950667977961659,
        -0.00299337676784390877, -0.00079786937643634722, 0.000544899052931025127,
        -0.0000593758620462994687, -0.0000497628089926877487, 0.0000166817084014843789,
        3.9810647172275244e-6, -2.77037938046725537e-6, -3.37317476991677961e-7,
        4.34588251151333329e-7, 4.36278824480839985e-8, -6.68442737110615968e-8,
        -1.06050428403644123e-8, 7.70411074831802983e-9, 2.24868898904429959e-9,
    ),
}  # fmt: skip
_LOG2_HIGH = {4: 0.693145751953125, 8: 0.69314718036912381649}
_LOG2_LOW = {4: 1.4286068203094172e-6, 8: 1.9082149292705878e-10}
_LEAST = {4: -87.0, 8: -708.0}  # below it, the exponential is 0: no number that is not normal
_ROUNDER = {4: 1.5 * 2**23, 8: 1.5 * 2**52}  # a sum with it ends in the nearest integer
_SOFT_UP_TO = 20.0  # from there on softplus is the identity, as in torch


class _Curves(Vectors):
    """Activations of sixteen numbers: each returns f(z) and f'(z)."""

    def number(self, value: float) -> Any:
        return ir.Constant(self.vector, [value] * LANES)

    def polynomial(self, x: Any, coefficients: Sequence[float]) -> Any:
        total = self.number(coefficients[-1])
        for coefficient in reversed(coefficients[:-1]):
            total = self.fma(total, x, self.number(coefficient))
        return total

    def exp(self, y: Any) -> tuple[Any, Any]:
        """exp(y) and exp(y) - 1 for y up to 0, each to 1 or 2 units in the last place."""
        b, size = self.builder, self.size
        bits, shift = (32, 23) if size == 4 else (64, 52)
        word = ir.VectorType(ir.IntType(bits), LANES)
        far = b.fcmp_ordered("<", y, self.number(_LEAST[size]))
        near = b.select(far, self.number(_LEAST[size]), y)
        up = self.number(_ROUNDER[size])
        shifted = self.fma(near, self.number(1 / math.log(2)), up)
        n = b.fsub(shifted, up)
        r = self.fma(n, self.number(-_LOG2_HIGH[size]), near)
        r = self.fma(n, self.number(-_LOG2_LOW[size]), r)
        rest = self.fma(b.fmul(r, r), self.polynomial(r, _EXP[size]), r)
        # n lies in the last bits: in place of the exponent it is 2^n.
        exponent = b.shl(b.bitcast(shifted, word), ir.Constant(word, [shift] * LANES))
        one = ir.Constant(word, [((1 << (bits - shift - 2)) - 1) << shift] * LANES)
        scale = b.bitcast(b.add(exponent, one), self.vector)
        whole = b.select(far, self.zero(), self.fma(scale, rest, scale))
        return whole, self.fma(scale, rest, b.fsub(scale, self.number(1.0)))

    def below_0(self, z: Any, factor: float = 1.0) -> Any:
        """-factor |z|."""
        return self.builder.fmul(self.call("fabs", [z]), self.number(-factor))

    def logistic(self, z: Any) -> tuple[Any, Any, Any]:
        """1 / (1 + exp(-z)), what it lacks to 1, and exp(-|z|)."""
        b = self.builder
        e, _ = self.exp(self.below_0(z))
        more = b.fdiv(self.number(1.0), b.fadd(e, self.number(1.0)))
        less = b.fmul(e, more)
        above = b.fcmp_ordered(">", z, self.zero())
        return b.select(above, more, less), b.select(above, less, more), e

    def sigmoid(self, z: Any, alpha: Any) -> tuple[Any, Any]:
        share, rest, _ = self.logistic(z)
        return share, self.builder.fmul(share, rest)

    def silu(self, z: Any, alpha: Any) -> tuple[Any, Any]:
        b = self.builder
        share, rest, _ = self.logistic(z)
        value = b.fmul(z, share)
        return value, self.fma(value, rest, share)

    def tanh(self, z: Any, alpha: Any) -> tuple[Any, Any]:
        b = self.builder
        e, less = self.exp(self.below_0(z, 2.0))
        part = b.fdiv(self.number(1.0), b.fadd(less, self.number(2.0)))
        value = b.fmul(less, b.fmul(part, self.number(-1.0)))
        slope = b.fmul(b.fmul(part, part), b.fmul(e, self.number(4.0)))
        return self.call("copysign", [value, z]), slope

    def elu(self, z: Any, alpha: Any) -> tuple[Any, Any]:
        b = self.builder
        above = b.fcmp_ordered(">", z, self.zero())
        e, less = self.exp(b.select(above, self.zero(), z))
        one = self.number(1.0)
        return b.select(above, z, b.fmul(alpha, less)), b.select(above, one, b.fmul(alpha, e))

    def softplus(self, z: Any, alpha: Any) -> tuple[Any, Any]:
        b = self.builder
        share, _, e = self.logistic(z)
        # log(1 + e) = 2 atanh(e / (2 + e)).
        s = b.fdiv(e, b.fadd(e, self.number(2.0)))
        more = b.fmul(s, self.polynomial(b.fmul(s, s), _ATANH[self.size]))
        above = b.fcmp_ordered(">", z, self.zero())
        value = b.fadd(b.select(above, z, self.zero()), more)
        far = b.fcmp_ordered(">", z, self.number(_SOFT_UP_TO))
        return b.select(far, z, value), b.select(far, self.number(1.0), share)

    def gelu(self, z: Any, alpha: Any) -> tuple[Any, Any]:
        """z Phi(z), Phi the normal distribution itself, not its approximation by tanh."""
        b = self.builder
        e, _ = self.exp(b.fmul(b.fmul(z, z), self.number(-0.5)))
        size = self.call("fabs", [z])
        part = b.fdiv(self.number(1.0), b.fadd(size, self.number(_MIDDLE)))
        t = self.fma(part, self.number(-2 * _MIDDLE), self.number(1.0))
        tail = b.fmul(b.fmul(e, part), self.polynomial(t, _TAIL[self.size]))
        above = b.fcmp_ordered(">", z, self.zero())
        share = b.select(above, b.fsub(self.number(1.0), tail), tail)
        density = b.fmul(e, self.number(1 / math.sqrt(2 * math.pi)))
        return b.fmul(z, share), self.fma(z, density, share)


def _curve(name: str) -> Any:
    @emitted
    def curve(
        typing: Any, h: Any, h_at: Any, slopes: Any, n: Any, bias: Any, alpha: Any
    ) -> Any:  # fmt: skip
        def generate(v: _Curves, arguments: Any) -> None:
            builder = v.builder
            h_data, slope_data = v.data(0, 2)
            shift, size = v.spread(arguments[4]), v.spread(arguments[5])
            with cgutils.for_range(builder, arguments[3]) as loop:
                row = builder.add(arguments[1], loop.index)
                place = v.place(h_data, row)
                value, slope = getattr(v, name)(builder.fadd(v.load(place), shift), size)
                v.store(value, place)
                v.store(slope, v.place(slope_data, row))

        i = types.int64
        return types.void(h, i, slopes, i, h.dtype, h.dtype), body(generate, _Curves)

    return curve


_sigmoid, _silu, _tanh = _curve("sigmoid"), _curve("silu"), _curve("tanh")
_elu, _softplus, _gelu = _curve("elu"), _curve("softplus"), _curve("gelu")
SIGMOID, SILU, TANH, ELU, SOFTPLUS, GELU = (
    CURVES.index(name) for name in ("sigmoid", "silu", "tanh", "elu", "softplus", "gelu")
)


@compiled
def bend(h: Any, slopes: Any, at: int, biases: Any, row: int, curve: int, alpha: Any) -> None:
    """h <- f(h + bias) and slopes <- f'(h + bias) for rows of units, one after the other.

    Args:
        h, slopes: flat; written from `at` on.
        at: where the first unit's row begins; a multiple of 16.
        biases: of the units, (U,).
        row: places of a unit; a multiple of 16.
        curve: the number of f in `suits.CURVES`.
        alpha: of `elu`, in the type of `h`.
    """
    lines = row // LANES
    for u in range(len(biases)):
        start, bias = at // LANES + u * lines, biases[u]
        if curve == SIGMOID:
            _sigmoid(h, start, slopes, lines, bias, alpha)
        elif curve == SILU:
            _silu(h, start, slopes, lines, bias, alpha)
        elif curve == TANH:
            _tanh(h, start, slopes, lines, bias, alpha)
        elif curve == ELU:
            _elu(h, start, slopes, lines, bias, alpha)
        elif curve == SOFTPLUS:
            _softplus(h, start, slopes, lines, bias, alpha)
        else:
            _gelu(h, start, slopes, lines, bias, alpha)
