"""The room's face: names, lightness, purity."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np

import mlplab.stats as room


def test_every_public_name_is_there_and_sorted():
    assert all(hasattr(room, name) for name in room.__all__)
    kinds = [[n for n in room.__all__ if n.isupper()], [n for n in room.__all__ if n[0].isupper()]]
    functions = [name for name in room.__all__ if name.islower()]
    classes = [name for name in kinds[1] if name not in kinds[0]]
    assert room.__all__ == sorted(kinds[0]) + sorted(classes) + sorted(functions)


def test_every_public_function_shows_itself_at_work():
    for name in room.__all__:
        thing = getattr(room, name)
        if inspect.isfunction(thing):
            assert ">>> " in (thing.__doc__ or ""), name


def test_importing_the_room_loads_only_numpy():
    code = (
        "import sys, mlplab.stats; "
        "print([m for m in ('scipy', 'pandas', 'torch', 'pydantic') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_room_knows_numpy_scipy_and_what_it_tells_users_with_only():
    allowed = {"numpy", "scipy"} | set(sys.stdlib_module_names)
    for file in Path(room.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                inside = name.startswith("mlplab.stats.") or name in (
                    "mlplab.errors",
                    "mlplab.hints",
                    "mlplab.notes",
                )
                assert inside or name.split(".")[0] in allowed, (file.name, name)


def test_global_randomness_is_neither_read_nor_changed():
    values = np.random.default_rng(0).normal(size=(3, 8))
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = room.best_arms(values, 1.0)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    assert room.best_arms(values, 1.0) == first
