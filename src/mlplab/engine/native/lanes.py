"""Vectors of sixteen runs: loops over features in which each lane is a run of its own.

Nothing crosses lanes, so a run's bits do not depend on who else is in the vector. Arrays are read
as rows of sixteen, wherever they lie: an argument `..._at` is the number of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from mlplab.engine.native.compiled import emitted

LANES = 16
MOST_TOGETHER, LEAST_TOGETHER = 8, 4  # examples per pass: so many sums stay in registers
_LONG = ir.IntType(64)
_DOUBLE = ir.DoubleType()


class Vectors:
    """Loads, stores and spreads in the element type of the first argument."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        self.builder = builder
        self._context, self._signature, self._arguments = context, signature, arguments
        dtype = signature.args[0].dtype
        self.scalar = context.get_value_type(dtype)
        self.vector = ir.VectorType(self.scalar, LANES)
        self.doubles = ir.VectorType(_DOUBLE, LANES)
        self.size = 8 if dtype == types.float64 else 4

    def data(self, *indices: int) -> list[Any]:
        """Where the elements of array arguments lie."""
        kinds = (self._signature.args[i] for i in indices)
        made = (self._context.make_array(kind) for kind in kinds)
        return [
            make(self._context, self.builder, self._arguments[i]).data
            for make, i in zip(made, indices, strict=True)
        ]

    def place(self, data: Any, row: Any, vector: Any = None) -> Any:
        vector = vector or self.vector
        at = self.builder.mul(row, ir.Constant(row.type, LANES))
        at = self.builder.gep(data, [at], source_etype=vector.element)
        return self.builder.bitcast(at, vector.as_pointer())

    def load(self, place: Any, vector: Any = None) -> Any:
        vector = vector or self.vector
        found = self.builder.load(place, typ=vector)
        found.align = 8 if vector is self.doubles else self.size
        return found

    def store(self, value: Any, place: Any) -> None:
        stored = self.builder.store(value, place)
        stored.align = 8 if value.type == self.doubles else self.size

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c, rounded once."""
        return self.call("fma", [a, b, c])

    def root(self, a: Any) -> Any:
        return self.call("sqrt", [a])

    def call(self, name: str, arguments: list[Any]) -> Any:
        """What LLVM knows by that name, lane by lane."""
        full = f"llvm.{name}.v{LANES}f{8 * self.size}"
        kind = ir.FunctionType(self.vector, [self.vector] * len(arguments))
        function = cgutils.get_or_insert_function(self.builder.module, kind, full)
        return self.builder.call(function, arguments)

    def element(self, data: Any, index: Any, kind: Any = None) -> Any:
        kind = kind or self.scalar
        at = self.builder.gep(data, [index], source_etype=kind)
        return self.builder.load(at, typ=kind)

    def spread(self, value: Any) -> Any:
        """The same number in every lane."""
        vector = ir.VectorType(value.type, LANES)
        empty = ir.Constant(vector, ir.Undefined)
        one = self.builder.insert_element(empty, value, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return self.builder.shuffle_vector(one, empty, mask)

    def zero(self) -> Any:
        return ir.Constant(self.vector, [0.0] * LANES)

    def as_doubles(self, value: Any) -> Any:
        return value if self.size == 8 else self.builder.fpext(value, self.doubles)

    def from_doubles(self, value: Any) -> Any:
        return value if self.size == 8 else self.builder.fptrunc(value, self.vector)


def body(generate: Callable[[Any, Any], None], kind: type[Vectors] = Vectors) -> Any:
    """Turn a function of vectors and arguments into what numba calls."""

    def full(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        generate(kind(context, builder, signature, arguments), arguments)
        return context.get_dummy_value()

    return full


def _outputs(together: int) -> Any:
    @emitted
    def outputs(
        typing: Any, w: Any, w_at: Any, b_at: Any, x: Any, starts: Any, s_at: Any,
        n_inputs: Any, z: Any, z_at: Any,
    ) -> Any:  # fmt: skip
        def generate(v: Vectors, arguments: Any) -> None:
            builder = v.builder
            w_data, x_data, s_data, z_data = v.data(0, 3, 4, 7)
            bias = v.load(v.place(w_data, arguments[2]))
            rows, sums = [], []
            for k in range(together):
                at = builder.add(arguments[5], ir.Constant(_LONG, k))
                rows.append(v.element(s_data, at, _LONG))
                sums.append(cgutils.alloca_once_value(builder, bias))
                builder.store(bias, sums[-1])
            with cgutils.for_range(builder, arguments[6]) as loop:
                weight = v.load(v.place(w_data, builder.add(arguments[1], loop.index)))
                for row, total in zip(rows, sums, strict=True):
                    value = v.spread(v.element(x_data, builder.add(row, loop.index)))
                    before = builder.load(total, typ=v.vector)
                    builder.store(v.fma(weight, value, before), total)
            for k, total in enumerate(sums):
                at = builder.add(arguments[8], ir.Constant(_LONG, k))
                v.store(builder.load(total, typ=v.vector), v.place(z_data, at))

        n = types.int64
        return types.void(w, n, n, x, starts, n, n, z, n), body(generate)

    return outputs


def _gradient(together: int) -> Any:
    @emitted
    def gradient(
        typing: Any, g: Any, g_at: Any, x: Any, starts: Any, s_at: Any, n_inputs: Any,
        d: Any, d_at: Any, adds: Any,
    ) -> Any:  # fmt: skip
        def generate(v: Vectors, arguments: Any) -> None:
            builder = v.builder
            g_data, x_data, s_data, d_data = v.data(0, 2, 3, 6)
            rows, deltas = [], []
            for k in range(together):
                step = ir.Constant(_LONG, k)
                rows.append(v.element(s_data, builder.add(arguments[4], step), _LONG))
                deltas.append(v.load(v.place(d_data, builder.add(arguments[7], step))))
            before = builder.icmp_signed("!=", arguments[8], ir.Constant(_LONG, 0))
            with cgutils.for_range(builder, arguments[5]) as loop:
                place = v.place(g_data, builder.add(arguments[1], loop.index))
                total = builder.select(before, v.load(place), v.zero())
                for row, delta in zip(rows, deltas, strict=True):
                    value = v.spread(v.element(x_data, builder.add(row, loop.index)))
                    total = v.fma(delta, value, total)
                v.store(total, place)

        n = types.int64
        return types.void(g, n, x, starts, n, n, d, n, n), body(generate)

    return gradient


# z[z_at + k] = w[b_at] + sum_i w[w_at + i] * x.flat[starts[s_at + k] + i], for k below 8 or 4.
outputs_of_8, outputs_of_4 = _outputs(MOST_TOGETHER), _outputs(LEAST_TOGETHER)
# g[g_at + i] = (adds ? g[g_at + i] : 0) + sum_k x.flat[starts[s_at + k] + i] * d[d_at + k].
gradient_of_8, gradient_of_4 = _gradient(MOST_TOGETHER), _gradient(LEAST_TOGETHER)


@emitted
def add_rows(typing: Any, d: Any, d_at: Any, n: Any, g: Any, g_at: Any) -> Any:
    """g[g_at] = the sum of the n rows of d from d_at on, in their order."""

    def generate(v: Vectors, arguments: Any) -> None:
        builder = v.builder
        d_data, g_data = v.data(0, 3)
        total = cgutils.alloca_once_value(builder, v.zero())
        builder.store(v.zero(), total)
        with cgutils.for_range(builder, arguments[2]) as loop:
            one = v.load(v.place(d_data, builder.add(arguments[1], loop.index)))
            builder.store(builder.fadd(builder.load(total, typ=v.vector), one), total)
        v.store(builder.load(total, typ=v.vector), v.place(g_data, arguments[4]))

    i = types.int64
    return types.void(d, i, i, g, i), body(generate)


@emitted
def multiply_rows(typing: Any, g: Any, g_at: Any, n: Any, by: Any, by_at: Any) -> Any:
    """g[g_at + i] *= by[by_at + i] for n rows."""

    def generate(v: Vectors, arguments: Any) -> None:
        builder = v.builder
        g_data, by_data = v.data(0, 3)
        with cgutils.for_range(builder, arguments[2]) as loop:
            place = v.place(g_data, builder.add(arguments[1], loop.index))
            factor = v.load(v.place(by_data, builder.add(arguments[4], loop.index)))
            v.store(builder.fmul(v.load(place), factor), place)

    i = types.int64
    return types.void(g, i, i, by, i), body(generate)


@emitted
def find_gaps(typing: Any, w: Any, w_at: Any, n: Any, out: Any, out_at: Any) -> Any:
    """out[out_at] += 0 for each of the n rows, or NaN where one is not finite."""

    def generate(v: Vectors, arguments: Any) -> None:
        builder = v.builder
        w_data, out_data = v.data(0, 3)
        place = v.place(out_data, arguments[4])
        total = cgutils.alloca_once(builder, v.vector)
        builder.store(v.load(place), total)
        with cgutils.for_range(builder, arguments[2]) as loop:
            one = v.load(v.place(w_data, builder.add(arguments[1], loop.index)))
            gap = builder.fmul(one, v.zero())
            builder.store(builder.fadd(builder.load(total, typ=v.vector), gap), total)
        v.store(builder.load(total, typ=v.vector), place)

    i = types.int64
    return types.void(w, i, i, out, i), body(generate)


def _squares(divides: bool, classes: bool = False) -> Any:
    @emitted
    def squares(
        typing: Any, z: Any, z_at: Any, y: Any, width: Any, column: Any, rows: Any,
        r_at: Any, n: Any, scale: Any, sums: Any, s_at: Any,
    ) -> Any:  # fmt: skip
        def generate(v: Vectors, arguments: Any) -> None:
            builder = v.builder
            z_data, y_data, r_data, s_data = v.data(0, 2, 5, 9)
            into = v.place(s_data, arguments[10], v.doubles)
            total = cgutils.alloca_once(builder, v.doubles)
            builder.store(v.load(into, v.doubles), total)
            factor = v.spread(arguments[8])
            parts = v.spread(builder.sitofp(arguments[3], _DOUBLE))
            column = builder.sitofp(arguments[4], v.scalar)
            one, none = (ir.Constant(v.scalar, value) for value in (1.0, 0.0))
            with cgutils.for_range(builder, arguments[7]) as loop:
                row = v.element(r_data, builder.add(arguments[6], loop.index), _LONG)
                place = v.place(z_data, builder.add(arguments[1], loop.index))
                if classes:
                    own = builder.fcmp_ordered("==", v.element(y_data, row), column)
                    target = builder.select(own, one, none)
                else:
                    at = builder.add(builder.mul(row, arguments[3]), arguments[4])
                    target = v.element(y_data, at)
                error = builder.fsub(v.load(place), v.spread(target))
                square = v.as_doubles(builder.fmul(error, error))
                if divides:
                    square = builder.fdiv(square, parts)
                before = builder.load(total, typ=v.doubles)
                builder.store(builder.fadd(before, square), total)
                scaled = builder.fmul(v.as_doubles(error), factor)
                v.store(v.from_doubles(scaled), place)
            v.store(builder.load(total, typ=v.doubles), into)

        i = types.int64
        signature = types.void(z, i, y, i, i, rows, i, i, types.float64, sums, i)
        return signature, body(generate)

    return squares


# With e = z[z_at + j] - y.flat[rows[r_at + j] * width + column] for j below n:
# sums[s_at] += e e / width in double precision, and z[z_at + j] = scale e. With classes, y.flat
# holds one id per row, and the target is 1 where it is the column.
squares_of_one, squares_of_many = _squares(False), _squares(True)
squares_of_classes = _squares(True, classes=True)


@emitted
def move_by_adam(
    typing: Any, w: Any, at: Any, n: Any, g: Any, g_at: Any, first: Any, second: Any,
    settings: Any, s_at: Any,
) -> Any:  # fmt: skip
    """One Adam step of n rows of weights; for the 8 rows of settings see `settings_of`.

    The decay joins the gradient by row 5 and shrinks the weights by row 4 (1 where it does not).
    """

    def generate(v: Vectors, arguments: Any) -> None:
        builder = v.builder
        w_data, g_data, first_data, second_data, s_data = v.data(0, 3, 5, 6, 7)
        b1, rest1, b2, rest2, shrink, decay, size, small = (
            v.load(v.place(s_data, builder.add(arguments[8], ir.Constant(_LONG, row))))
            for row in range(8)
        )
        with cgutils.for_range(builder, arguments[2]) as loop:
            row = builder.add(arguments[1], loop.index)
            places = [v.place(data, row) for data in (w_data, first_data, second_data)]
            weight, mean, square = (v.load(place) for place in places)
            gradient = v.load(v.place(g_data, builder.add(arguments[4], loop.index)))
            gradient = v.fma(weight, decay, gradient)
            mean = v.fma(gradient, rest1, builder.fmul(mean, b1))
            square = v.fma(builder.fmul(gradient, gradient), rest2, builder.fmul(square, b2))
            below = builder.fadd(v.root(square), small)
            moved = v.fma(builder.fdiv(mean, below), size, builder.fmul(weight, shrink))
            for value, place in zip((moved, mean, square), places, strict=True):
                v.store(value, place)

    i = types.int64
    return types.void(w, i, i, g, i, first, second, settings, i), body(generate)


@emitted
def move_by_sgd(
    typing: Any, w: Any, at: Any, n: Any, g: Any, g_at: Any, velocity: Any, settings: Any,
    s_at: Any,
) -> Any:  # fmt: skip
    """One step of n rows of weights along the velocity; settings are 4 rows.

    v <- row 0 * v + (g + row 1 * w), w <- w + row 2 * v + row 3 * (g + row 1 * w).
    """

    def generate(v: Vectors, arguments: Any) -> None:
        builder = v.builder
        w_data, g_data, v_data, s_data = v.data(0, 3, 5, 6)
        momentum, decay, along, ahead = (
            v.load(v.place(s_data, builder.add(arguments[7], ir.Constant(_LONG, row))))
            for row in range(4)
        )
        with cgutils.for_range(builder, arguments[2]) as loop:
            row = builder.add(arguments[1], loop.index)
            places = [v.place(data, row) for data in (w_data, v_data)]
            weight, speed = (v.load(place) for place in places)
            gradient = v.load(v.place(g_data, builder.add(arguments[4], loop.index)))
            gradient = v.fma(weight, decay, gradient)
            speed = v.fma(speed, momentum, gradient)
            moved = v.fma(gradient, ahead, v.fma(speed, along, weight))
            for value, place in zip((moved, speed), places, strict=True):
                v.store(value, place)

    i = types.int64
    return types.void(w, i, i, g, i, velocity, settings, i), body(generate)
