"""What a user can get wrong: every error is one line that names the value and what to try."""


class MlplabError(Exception):
    """A user's mistake or a failed resource; faces print it as one line, without a traceback."""


class ConfigError(MlplabError, ValueError):
    """A setting that does not fit: the message names it, its value and what was expected."""


class DataError(MlplabError, ValueError):
    """Data that cannot be used: missing, damaged, of a wrong shape, or not finite."""


class StoreError(MlplabError):
    """A store that cannot be opened, read or written."""


class GuardError(MlplabError):
    """The test split was asked to decide something that only a validation split may decide."""


class Interrupted(MlplabError):
    """Work stopped on request; everything finished before is kept."""
