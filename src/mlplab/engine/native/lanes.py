"""Vectors of sixteen runs: loops over features in which each lane is a run of its own.

Nothing crosses lanes, so a run's bits do not depend on who else is in the vector.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from mlplab.engine.native.compiled import emitted

LANES = 16
_TOGETHER = 4  # examples per pass: so many sums stay in registers


def _data(context: Any, builder: Any, signature: Any, arguments: Any, index: int) -> Any:
    kind = signature.args[index]
    return context.make_array(kind)(context, builder, arguments[index]).data


class _Vectors:
    """Loads, stores and spreads of one element type."""

    def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
        self.builder = builder
        self.scalar = context.get_value_type(dtype)
        self.vector = ir.VectorType(self.scalar, LANES)
        self.size = 8 if dtype == types.float64 else 4

    def place(self, data: Any, row: Any) -> Any:
        lanes = ir.Constant(row.type, LANES)
        at = self.builder.gep(data, [self.builder.mul(row, lanes)], source_etype=self.scalar)
        return self.builder.bitcast(at, self.vector.as_pointer())

    def load(self, place: Any) -> Any:
        found = self.builder.load(place, typ=self.vector)
        found.align = self.size
        return found

    def store(self, value: Any, place: Any) -> None:
        self.builder.store(value, place).align = self.size

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c, rounded once."""
        return self._call("fma", [a, b, c])

    def root(self, a: Any) -> Any:
        return self._call("sqrt", [a])

    def _call(self, name: str, arguments: list[Any]) -> Any:
        full = f"llvm.{name}.v{LANES}f{8 * self.size}"
        kind = ir.FunctionType(self.vector, [self.vector] * len(arguments))
        function = cgutils.get_or_insert_function(self.builder.module, kind, full)
        return self.builder.call(function, arguments)

    def element(self, data: Any, index: Any) -> Any:
        at = self.builder.gep(data, [index], source_etype=self.scalar)
        return self.builder.load(at, typ=self.scalar)

    def spread(self, value: Any) -> Any:
        empty = ir.Constant(self.vector, ir.Undefined)
        zero = ir.Constant(ir.IntType(32), 0)
        one = self.builder.insert_element(empty, value, zero)
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(one, empty, mask)


@emitted
def add_outputs(typing: Any, w: Any, x: Any, starts: Any, n_inputs: Any, z: Any, first: Any) -> Any:
    """z[first + k] += sum_i w[i] * x.flat[starts[first + k] + i] for k = 0..3.

    w (I, 16), x (N, F) read at flat positions, starts (B,) int64, z (B, 16).
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors = _Vectors(context, builder, w.dtype)
        w_data, x_data, s_data = (
            _data(context, builder, signature, arguments, i) for i in (0, 1, 2)
        )
        z_data = _data(context, builder, signature, arguments, 4)
        index = arguments[5]
        places, rows, sums = [], [], []
        for k in range(_TOGETHER):
            row = builder.add(index, ir.Constant(index.type, k))
            at = builder.gep(s_data, [row], source_etype=ir.IntType(64))
            rows.append(builder.load(at, typ=ir.IntType(64)))
            places.append(vectors.place(z_data, row))
            total = cgutils.alloca_once(builder, vectors.vector)
            builder.store(vectors.load(places[-1]), total)
            sums.append(total)
        with cgutils.for_range(builder, arguments[3]) as loop:
            weight = vectors.load(vectors.place(w_data, loop.index))
            for row, total in zip(rows, sums, strict=True):
                value = vectors.spread(vectors.element(x_data, builder.add(row, loop.index)))
                before = builder.load(total, typ=vectors.vector)
                builder.store(vectors.fma(weight, value, before), total)
        for place, total in zip(places, sums, strict=True):
            vectors.store(builder.load(total, typ=vectors.vector), place)
        return context.get_dummy_value()

    return types.void(w, x, starts, types.int64, z, types.int64), generate


@emitted
def add_gradient(
    typing: Any, g: Any, x: Any, starts: Any, n_inputs: Any, d: Any, first: Any
) -> Any:
    """g[i] += sum_k x.flat[starts[first + k] + i] * d[first + k] for k = 0..3; as above."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors = _Vectors(context, builder, g.dtype)
        g_data, x_data, s_data = (
            _data(context, builder, signature, arguments, i) for i in (0, 1, 2)
        )
        d_data = _data(context, builder, signature, arguments, 4)
        index = arguments[5]
        rows, deltas = [], []
        for k in range(_TOGETHER):
            row = builder.add(index, ir.Constant(index.type, k))
            at = builder.gep(s_data, [row], source_etype=ir.IntType(64))
            rows.append(builder.load(at, typ=ir.IntType(64)))
            deltas.append(vectors.load(vectors.place(d_data, row)))
        with cgutils.for_range(builder, arguments[3]) as loop:
            place = vectors.place(g_data, loop.index)
            total = vectors.load(place)
            for row, delta in zip(rows, deltas, strict=True):
                value = vectors.spread(vectors.element(x_data, builder.add(row, loop.index)))
                total = vectors.fma(delta, value, total)
            vectors.store(total, place)
        return context.get_dummy_value()

    return types.void(g, x, starts, types.int64, d, types.int64), generate


@emitted
def move_by_adam(typing: Any, w: Any, g: Any, first: Any, second: Any, settings: Any) -> Any:
    """One Adam step of (P, 16) weights; `settings` are rows of 16, see `linear.ADAM_ROWS`.

    The decay joins the gradient by row 5 and shrinks the weights by row 4 (1 where it does not).
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors = _Vectors(context, builder, w.dtype)
        data = [_data(context, builder, signature, arguments, i) for i in range(5)]
        length = context.make_array(signature.args[0])(context, builder, arguments[0]).shape
        n_rows = cgutils.unpack_tuple(builder, length, 2)[0]
        rows = [
            vectors.load(vectors.place(data[4], ir.Constant(ir.IntType(64), row)))
            for row in range(8)
        ]
        b1, rest1, b2, rest2, shrink, decay, size, small = rows
        with cgutils.for_range(builder, n_rows) as loop:
            places = [vectors.place(one, loop.index) for one in data[:4]]
            weight, gradient, mean, square = (vectors.load(place) for place in places)
            gradient = vectors.fma(weight, decay, gradient)
            mean = vectors.fma(gradient, rest1, builder.fmul(mean, b1))
            square = vectors.fma(builder.fmul(gradient, gradient), rest2, builder.fmul(square, b2))
            below = builder.fadd(vectors.root(square), small)
            moved = vectors.fma(builder.fdiv(mean, below), size, builder.fmul(weight, shrink))
            vectors.store(moved, places[0])
            vectors.store(mean, places[2])
            vectors.store(square, places[3])
        return context.get_dummy_value()

    return types.void(w, g, first, second, settings), generate


@emitted
def move_by_sgd(typing: Any, w: Any, g: Any, velocity: Any, settings: Any) -> Any:
    """One step of (P, 16) weights along the velocity; `settings` are rows of 16.

    v <- row 0 * v + (g + row 1 * w), w <- w + row 2 * v + row 3 * (g + row 1 * w).
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vectors = _Vectors(context, builder, w.dtype)
        data = [_data(context, builder, signature, arguments, i) for i in range(4)]
        length = context.make_array(signature.args[0])(context, builder, arguments[0]).shape
        n_rows = cgutils.unpack_tuple(builder, length, 2)[0]
        momentum, decay, along, ahead = (
            vectors.load(vectors.place(data[3], ir.Constant(ir.IntType(64), row)))
            for row in range(4)
        )
        with cgutils.for_range(builder, n_rows) as loop:
            places = [vectors.place(one, loop.index) for one in data[:3]]
            weight, gradient, speed = (vectors.load(place) for place in places)
            gradient = vectors.fma(weight, decay, gradient)
            speed = vectors.fma(speed, momentum, gradient)
            moved = vectors.fma(gradient, ahead, vectors.fma(speed, along, weight))
            vectors.store(moved, places[0])
            vectors.store(speed, places[2])
        return context.get_dummy_value()

    return types.void(w, g, velocity, settings), generate
