"""Matrix products of small batches, without packing: tiles of the result stay in registers."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from mlplab.engine.native.compiled import compiled, emitted

_LINE = 64  # bytes


def _tile(n_rows: int, n_vectors: int) -> Any:
    """Make the product of `n_rows` rows with `n_vectors` vectors of 64 bytes."""

    @emitted
    def tile(
        typing: Any,
        a: Any,
        a_at: Any,
        a_row: Any,
        a_step: Any,
        b: Any,
        b_at: Any,
        b_row: Any,
        c: Any,
        c_at: Any,
        c_row: Any,
        inner: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            scalar = context.get_value_type(c.dtype)
            size = 8 if c.dtype == types.float64 else 4
            width = _LINE // size
            vector = ir.VectorType(scalar, width)
            lanes = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
            empty = ir.Constant(vector, ir.Undefined)
            zero = ir.Constant(ir.IntType(32), 0)
            kind = ir.FunctionType(vector, [vector] * 3)
            name = f"llvm.fma.v{width}f{8 * size}"
            fma = cgutils.get_or_insert_function(builder.module, kind, name)
            word = arguments[1].type

            def data(index: int) -> Any:
                made = context.make_array(signature.args[index])
                return made(context, builder, arguments[index]).data

            def offset(start: Any, *terms: Any) -> Any:
                for factor, times in terms:
                    factor = ir.Constant(word, factor) if isinstance(factor, int) else factor
                    start = builder.add(start, builder.mul(factor, times))
                return start

            def element_at(base: Any, index: Any) -> Any:
                return builder.gep(base, [index], source_etype=scalar)

            def vector_at(base: Any, index: Any) -> Any:
                return builder.bitcast(element_at(base, index), vector.as_pointer())

            a_data, b_data, c_data = data(0), data(4), data(7)
            sums = [
                [
                    cgutils.alloca_once_value(builder, ir.Constant(vector, None))
                    for _ in range(n_vectors)
                ]
                for _ in range(n_rows)
            ]
            with cgutils.for_range(builder, arguments[10]) as loop:
                first = offset(arguments[5], (loop.index, arguments[6]))
                found = []
                for v in range(n_vectors):
                    at = builder.add(first, ir.Constant(word, v * width))
                    part = builder.load(vector_at(b_data, at), typ=vector)
                    part.align = size
                    found.append(part)
                start = offset(arguments[1], (loop.index, arguments[3]))
                for r in range(n_rows):
                    at = offset(start, (r, arguments[2]))
                    value = builder.load(element_at(a_data, at), typ=scalar)
                    one = builder.insert_element(empty, value, zero)
                    spread = builder.shuffle_vector(one, empty, lanes)
                    for v in range(n_vectors):
                        before = builder.load(sums[r][v], typ=vector)
                        builder.store(builder.call(fma, [spread, found[v], before]), sums[r][v])
            for r in range(n_rows):
                for v in range(n_vectors):
                    at = offset(arguments[8], (r, arguments[9]))
                    at = builder.add(at, ir.Constant(word, v * width))
                    value = builder.load(sums[r][v], typ=vector)
                    builder.store(value, vector_at(c_data, at)).align = size
            return context.get_dummy_value()

        n = types.int64
        return types.void(a, n, n, n, b, n, n, c, n, n, n), generate

    return tile


_wide, _narrow = _tile(8, 2), _tile(8, 1)
_row_wide, _row_narrow = _tile(1, 2), _tile(1, 1)
_ROWS = 8


@compiled
def multiply(
    a: Any,
    a_at: int,
    a_row: int,
    a_step: int,
    b: Any,
    b_at: int,
    b_row: int,
    c: Any,
    c_at: int,
    c_row: int,
    rows: int,
    columns: int,
    inner: int,
) -> None:
    """c = a b for matrices in flat arrays, each element summed in the order of `inner`.

    Element (r, k) of a lies at a_at + r a_row + k a_step, (k, j) of b at b_at + k b_row + j and
    (r, j) of c at c_at + r c_row + j. Whole vectors of 64 bytes are read and written: rows of b
    and c must have room for `columns` rounded up to them.
    """
    width = _LINE // a.itemsize
    whole = -(-columns // width) * width
    for r in range(0, rows - _ROWS + 1, _ROWS):
        a_from, c_from = a_at + r * a_row, c_at + r * c_row
        j = 0
        while j + 2 * width <= whole:
            _wide(a, a_from, a_row, a_step, b, b_at + j, b_row, c, c_from + j, c_row, inner)
            j += 2 * width
        if j < whole:
            _narrow(a, a_from, a_row, a_step, b, b_at + j, b_row, c, c_from + j, c_row, inner)
    for r in range(rows - rows % _ROWS, rows):
        a_from, c_from = a_at + r * a_row, c_at + r * c_row
        j = 0
        while j + 2 * width <= whole:
            _row_wide(a, a_from, a_row, a_step, b, b_at + j, b_row, c, c_from + j, c_row, inner)
            j += 2 * width
        if j < whole:
            _row_narrow(a, a_from, a_row, a_step, b, b_at + j, b_row, c, c_from + j, c_row, inner)
