"""What somebody may have meant by a word that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# What other libraries call things that have another name here.
_ELSEWHERE = {
    "glorot": "xavier",
    "kaiming": "he",
    "l1": "absolute",
    "l2": "squared",
    "learning-rate": "lr",
    "logistic": "sigmoid",
    "mae": "absolute",
    "mse": "squared",
    "nag": "sgd",
}


def nearest(word: object, known: Iterable[str]) -> str | None:
    """Return the known word that is most like another, whatever its case and dashes; or None.

    >>> nearest("Leaky_ReLU", ["relu", "leaky-relu"]), nearest("mse", ["auto", "squared"])
    ('leaky-relu', 'squared')
    """
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(_fold(name), name)
    given = _fold(word)
    meant = _ELSEWHERE.get(given)
    if meant in folded:
        return folded[meant]
    close = difflib.get_close_matches(given, folded, n=1)
    return folded[close[0]] if close else None


def hint(word: object, known: Iterable[str], otherwise: str | None = None) -> str:
    """Say which word may be meant; where none is near, `otherwise`, by default all that are known.

    >>> hint("lrr", ["lr", "momentum"]), hint("depth", ["lr", "momentum"])
    ("did you mean 'lr'?", 'known: lr, momentum')
    """
    names = list(known)
    meant = nearest(word, names)
    if meant is not None:
        return f"did you mean {meant!r}?"
    return f"known: {', '.join(names) or 'none'}" if otherwise is None else otherwise


def expected(word: object, known: Iterable[str], shown: str | None = None) -> str:
    """Say what was expected instead of a word, and which one may be meant.

    Args:
        word: as given.
        known: the words.
        shown: the words as they are listed, by default as they are.

    >>> expected("rleu", ["relu", "tanh"])
    "expected one of relu, tanh; got 'rleu'; did you mean 'relu'?"
    """
    names = list(known)
    meant = nearest(word, names)
    says = f"expected one of {shown or ', '.join(names)}; got {word!r}"
    return f"{says}; did you mean {meant!r}?" if meant is not None else says


def _fold(word: object) -> str:
    return str(word).strip().casefold().replace("_", "-")
