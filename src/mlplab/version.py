"""The package's version and the engine's version."""

__version__ = "0.1.0"

# Part of every run's key: raise it whenever the same spec would train to other bits.
ENGINE_VERSION = "3"
