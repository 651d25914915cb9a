"""Imports point down, and none in a circle: read from the source, so that a lazy one counts."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import mlplab

SOURCE = Path(mlplab.__file__).parent

# From the ground up; rooms of one line never import each other.
FLOORS = (
    ("atomic", "errors", "loading", "notes", "version"),
    ("devices", "durations", "extras", "hints", "inside", "named_paths", "sheet", "whole"),
    ("reading",),
    ("specs",),
    ("data", "store", "stats"),
    ("engine",),
    ("draw", "execute"),
    ("experiment",),
    ("search", "estimators"),
    ("shift",),
    ("tabular", "theory"),
    ("pages",),
    ("exercises",),
    ("app", "book", "bench"),
    # The command line starts the other faces.
    ("cli",),
    ("__main__",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Third-party packages that a room may import, anywhere in it; rooms not named may import any.
ALLOWED = {
    "atomic": set(),
    "devices": set(),
    "durations": set(),
    "errors": set(),
    "inside": set(),
    "loading": set(),
    "named_paths": set(),
    "notes": set(),
    "reading": set(),
    "sheet": set(),
    "version": set(),
    "whole": set(),
    "specs": {"pydantic"},
    "specs/columns/keys.py": {"numpy"},
    "specs/columns/outcomes.py": {"numpy"},
    "specs/columns/population.py": {"numpy"},
    "specs/keyed.py": {"numpy"},
    "stats": {"numpy", "scipy"},
}
# What costs too much to load before it is needed, and the rooms or folders that may.
HEAVY = {"torch", "pandas", "sklearn", "altair", "scipy", "optuna"}
MAY_LOAD_AT_IMPORT = {
    "engine": {"torch"},
    "execute": {"torch"},
    "bench": HEAVY,
    "stats": {"scipy"},
    # its transformers are subclasses of scikit-learn's
    "tabular": {"sklearn"},
    # its classes are scikit-learn's estimators, and continue training in the engine's stacks
    "estimators": {"sklearn", "torch"},
    # its networks are subclasses of torch's
    "exercises/section_4_8/other_symmetries": {"torch"},
    # its network is a subclass of torch's
    "shift/features": {"torch"},
    # loaded in the processes of a split, which train
    "theory/split/process": {"torch"},
}

MODULES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def module_name(path: Path) -> str:
    parts = ("mlplab", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


def imports(tree: ast.AST, package: str = "mlplab") -> Iterator[str]:
    """Every imported module, as a dotted name; `from mlplab import x` gives `mlplab.x`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they point"
            module = node.module or ""
            if module == package:
                yield from (f"{package}.{alias.name}" for alias in node.names)
            else:
                yield module


def wrong_directions(room: str, tree: ast.AST) -> list[str]:
    """Imports of a room's module that point up, sideways or at the package's face."""
    wrong = []
    for name in imports(tree):
        parts = name.split(".")
        if parts[0] != "mlplab":
            continue
        target = parts[1] if len(parts) > 1 else ""
        if target == "__version__" or target == room:
            continue
        # What acts as a user may use what users do.
        if target in ("", *mlplab.__all__) and FLOOR.get(room, 0) >= FLOOR["bench"]:
            continue
        if target not in FLOOR or (room != "__init__" and FLOOR[target] >= FLOOR[room]):
            wrong.append(name)
    return wrong


def loaded_at_import(tree: ast.Module) -> set[str]:
    """Top-level packages that importing the module loads: not in functions, not for types only."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {name.split(".")[0] for name in imports(ast.Module([node], []))}
        waiting += ast.iter_child_nodes(node)
    return found


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_graph(trees: Mapping[str, ast.AST]) -> dict[str, set[str]]:
    """Which of these modules each one imports, in functions and for types only as well."""
    graph: dict[str, set[str]] = {}
    for module, tree in trees.items():
        names: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                inside = [f"{node.module}.{alias.name}" for alias in node.names]
                names |= {name if name in trees else str(node.module) for name in inside}
        graph[module] = names & trees.keys() - {module}
    return graph


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one module."""
    reached: dict[str, set[str]] = {}
    for module in graph:
        found, waiting = set[str](), [module]
        while waiting:
            new = graph[waiting.pop()] - found
            found |= new
            waiting += new
        reached[module] = found
    together = {
        frozenset(other for other in found if module in reached[other])
        for module, found in reached.items()
        if module in found
    }
    return sorted(map(sorted, together))


def test_imports_point_down() -> None:
    assert len(MODULES) > 50
    strangers = {room_of(path) for path in MODULES} - FLOOR.keys() - {"__init__"}
    assert not strangers, "these rooms have no place in FLOORS"
    wrong = {str(path): wrong_directions(room_of(path), parse(path)) for path in MODULES}
    assert not {path: names for path, names in wrong.items() if names}


@pytest.mark.parametrize("room", ["commands", "reference"])
def test_commands_and_references_are_loaded_by_name_alone(room: str) -> None:
    inside = SOURCE / "cli" / room
    users = {
        str(path)
        for path in MODULES
        if not path.is_relative_to(inside) or room == "commands"
        if any(name.startswith(f"mlplab.cli.{room}") for name in imports(parse(path)))
    }
    assert inside.is_dir()
    assert not users


def test_no_modules_import_each_other() -> None:
    trees = {module_name(path): parse(path) for path in MODULES}
    assert {"mlplab", "mlplab.loading", "mlplab.stats.interval"} <= trees.keys()
    assert circles(module_graph(trees)) == []


def test_third_party_packages_stay_where_they_belong() -> None:
    wrong: dict[str, set[str]] = {}
    for path in MODULES:
        room, place, tree = room_of(path), path.relative_to(SOURCE).as_posix(), parse(path)
        may = (MAY_LOAD_AT_IMPORT.get(part, set()) for part in (room, place.rpartition("/")[0]))
        wrong[place] = (loaded_at_import(tree) & HEAVY).difference(*may)
        if room in ALLOWED:
            outside = {name.split(".")[0] for name in imports(tree)} - sys.stdlib_module_names
            wrong[place] |= outside - {"mlplab"} - ALLOWED[room] - ALLOWED.get(place, set())
    assert not {place: names for place, names in wrong.items() if names}


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("stats", "from mlplab.engine import train"),
        ("store", "import mlplab.data.task"),
        ("execute", "from mlplab import draw"),
        ("experiment", "def f():\n    from mlplab.search import grid"),
        ("engine", "from mlplab import Experiment"),
        ("data", "import mlplab"),
    ],
)
def test_the_check_finds_a_wrong_import(room: str, line: str) -> None:
    assert wrong_directions(room, ast.parse(line))


@pytest.mark.parametrize(
    "back",
    [
        "import p.a.one",
        "from p.a import one",
        "def f():\n    from p.a.one import x",
        "if TYPE_CHECKING:\n    from p.a.one import X",
        "from p.a import y",
    ],
)
def test_the_check_finds_a_circle(back: str) -> None:
    sources = {"p.a": "from p.a.one import y", "p.a.one": "import p.a.two", "p.a.two": back}
    trees = {name: ast.parse(text) for name, text in sources.items()}
    face = ["p.a"] if back.endswith("y") else []
    assert circles(module_graph(trees)) == [[*face, "p.a.one", "p.a.two"]]
    trees["p.a.two"] = ast.parse("import p.b\nfrom q import one")
    assert circles(module_graph(trees)) == []


def test_the_check_finds_a_heavy_import() -> None:
    text = "try:\n    import torch.nn\nexcept ImportError:\n    def f():\n        import pandas"
    assert loaded_at_import(ast.parse(text)) == {"torch"}
    only_types = "if TYPE_CHECKING:\n    import pandas\nelse:\n    import numpy"
    assert loaded_at_import(ast.parse(only_types)) == {"numpy"}


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_the_package_alone_loads_nothing_heavy() -> None:
    assert not loaded_after("import mlplab") & {*HEAVY, "pydantic", "numpy", "sqlalchemy"}


def test_an_experiment_can_be_declared_without_the_heavy_packages() -> None:
    code = (
        "import mlplab as ml\n"
        "ml.Experiment('digits', ml.Run(optim=ml.Adam()), vary={'lr': [0.1, 0.2]}, seeds=3,\n"
        "    claims=[ml.Threshold(says='good', arm={'lr': 0.1}, value=0.9, expect='higher')])\n"
        "ml.Store, ml.load_task, ml.errors"
    )
    assert not loaded_after(code) & HEAVY


def test_the_face_hands_out_what_it_lists() -> None:
    assert dir(mlplab) == sorted(mlplab.__all__)
    for name in mlplab.__all__:
        assert getattr(mlplab, name) is not None
    assert mlplab.errors.ConfigError.__module__ == "mlplab.errors"
    with pytest.raises(AttributeError, match="no attribute 'Perceptron'"):
        _ = mlplab.Perceptron


def test_the_face_is_complete() -> None:
    expected = """
        Experiment Run MLP SGD Adam AdamW Fit Init Schedule Fold First folds load_task
        task_from_arrays Difference Chain Threshold Interaction BestArm FailureDifference Verdict
        Store metric errors __version__ RMSprop LARS Lion Custom Module Search Range activation init
        schedule optimiser module Own report MLPClassifier MLPRegressor splits Holdout Block draw
        tabular shift Ray Slurm
    """
    assert set(mlplab.__all__) == set(expected.split())
