"""Pictures of figures that a store has seen drawn: the same figure is drawn once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from mlplab.draw import Figure, in_language
from mlplab.draw.live import drawing_script
from mlplab.specs import digest

if TYPE_CHECKING:
    from mlplab.store import Store

_libraries: dict[str, bytes] = {}


@contextmanager
def remembered_pictures(figures: Sequence[Figure], store: Store | None) -> Iterator[None]:
    """Give figures the pictures that were drawn of them before; keep the new ones afterwards.

    A picture is found by the whole spec that it shows, so a changed figure is drawn anew.

    Args:
        figures: the figures of a page.
        store: where pictures are kept; None keeps none.
    """
    if store is None or not figures:
        yield
        return
    from mlplab.store.exact import pack_exact

    shelves = {
        digest({"pictures": one.chart_text, "of": in_language(one.title)}): one.pictures
        for one in figures
    }
    release = figures[0].vegalite_version
    shelves[digest({"libraries": release, "by": version("vl-convert-python")})] = _libraries
    known = {}
    for key, shelf in shelves.items():
        shelf |= _recall(store, key)
        known[key] = len(shelf)
    yield
    for key, shelf in shelves.items():
        if len(shelf) > known[key]:
            store.remember(key, "pictures", pack_exact(shelf))


def chart_libraries(vegalite_version: str) -> str:
    """Return the JavaScript that draws specs of a Vega-Lite version in a browser."""
    if vegalite_version not in _libraries:
        _libraries[vegalite_version] = drawing_script(vegalite_version).encode()
    return _libraries[vegalite_version].decode()


def _recall(store: Store, key: str) -> dict[str, bytes]:
    from mlplab.store.exact import unpack_exact

    blob = store.recall(key)
    try:
        found = {} if blob is None else unpack_exact(blob)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
