"""The Python that README and the docs show, as the type checkers of a reader's editor see it.

    python tests/typed_pages.py

checks every block with basedpyright (the rules of pyright's standard mode) and with mypy without
pydantic's plugin; a block that begins with an import is a module of its own, and any other goes on
with the block before it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]
# The reference repeats the docstrings' own doctests, which run in their modules.
PAGES = (
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name != "api.md"),
)
_BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```", flags=re.DOTALL | re.MULTILINE)
_SETTINGS = {
    "typeCheckingMode": "standard",
    "reportUnusedExpression": "none",  # a doctest shows what it names
    "reportMissingTypeStubs": "none",
}


def modules_of(text: str) -> list[str]:
    """Return a page's blocks as modules whose lines have the page's numbers.

    >>> modules_of("# A page\\n```python\\n>>> x = 1\\n>>> x\\n1\\n```\\n")
    ['\\n\\nx = 1\\nx\\n\\n']
    """
    modules: list[list[str]] = []
    for match in _BLOCK.finditer(text):
        lines = textwrap.dedent(match[2]).splitlines()
        is_doctest = lines[0].startswith(">>> ")
        begins = lines[0].startswith(("import ", "from ", '"""'))
        if is_doctest:
            typed = (">>>", "...")
            lines = [line[4:] if line.startswith(typed) else "" for line in lines]
        if begins or not modules:
            modules.append([])
        before = text.count("\n", 0, match.start(2))
        modules[-1] += [""] * (before - len(modules[-1])) + lines
    return ["\n".join(lines) + "\n" for lines in modules]


def write_modules(folder: Path) -> list[str]:
    """Write the modules of all pages into a folder, and return their names."""
    names = []
    for page in PAGES:
        stem = re.sub(r"\W", "_", page.relative_to(ROOT).with_suffix("").as_posix()).lower()
        for number, module in enumerate(modules_of(page.read_text(encoding="utf-8")), 1):
            names.append(f"{stem}_{number}.py")
            (folder / names[-1]).write_text(module, encoding="utf-8")
    return names


def check() -> int:
    """Run both checkers, and return how many of them complain."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        names = write_modules(folder)
        (folder / "pyrightconfig.json").write_text(json.dumps(_SETTINGS), encoding="utf-8")
        pyright = ["basedpyright", "--level", "error", "--pythonpath", sys.executable, "-p", place]
        mypy = ["mypy", "--config-file=", "--follow-imports=silent", "--ignore-missing-imports"]
        mypy += ["--cache-dir", str(ROOT / ".mypy_cache" / "pages"), *names]
        seen = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        done = [
            subprocess.run([sys.executable, "-m", *command], cwd=folder, env=seen, check=False)
            for command in (pyright, mypy)
        ]
    return sum(one.returncode != 0 for one in done)


if __name__ == "__main__":
    sys.exit(check())
