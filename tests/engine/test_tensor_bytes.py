"""Tensors as bytes: those of the safetensors library, whatever the tensors."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from mlplab.engine.tensor_bytes import tensor_bytes

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=8)
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)
notes = st.none() | names.map(lambda text: {"note": text})


@given(
    st.dictionaries(names.filter(lambda name: name != "__metadata__"), shapes, max_size=5),
    st.lists(st.sampled_from(["float32", "float64", "int64"]), min_size=1, max_size=2),
    notes,
)
def test_bytes_are_those_of_the_library(shapes, kinds, note):
    tensors = {
        name: torch.arange(torch.Size(shape).numel())
        .to(getattr(torch, kinds[i % len(kinds)]))
        .view(shape)
        for i, (name, shape) in enumerate(shapes.items())
    }
    assert tensor_bytes(tensors, note) == save(tensors, note)


def test_a_view_is_written_as_it_reads():
    wide = torch.arange(12.0).view(3, 4)
    found = load(tensor_bytes({"part": wide[:, :3]}))
    assert torch.equal(found["part"], wide[:, :3])
