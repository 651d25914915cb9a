"""Pictures of figures that a store has seen drawn: the same figure is drawn once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from mlplab.draw import Figure, in_language
from mlplab.draw.live import drawing_script
from mlplab.errors import MlplabError
from mlplab.pages.files import write_files
from mlplab.specs import digest

if TYPE_CHECKING:
    from mlplab.store import Store


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
    known = {}
    for key, shelf in shelves.items():
        shelf |= _recall(store, key)
        known[key] = len(shelf)
    yield
    for key, shelf in shelves.items():
        if len(shelf) > known[key]:
            store.remember(key, "pictures", pack_exact(shelf))


@lru_cache(maxsize=2)
def chart_libraries(vegalite_version: str) -> str:
    """Return the JavaScript that draws specs of a Vega-Lite version in a browser.

    Kept in the folder for caches: making it takes a second of every page's first figure.
    """
    from mlplab.data.places import cache_folder

    name = f"vega-lite-{vegalite_version}-{version('vl-convert-python')}.js"
    place = cache_folder() / "drawing" / name
    with suppress(OSError, UnicodeError):
        return place.read_text(encoding="utf-8")
    made = drawing_script(vegalite_version)
    with suppress(MlplabError):  # a page needs no cache
        write_files(place.parent, {name: made.encode()})
    return made


def _recall(store: Store, key: str) -> dict[str, bytes]:
    from mlplab.store.exact import unpack_exact

    blob = store.recall(key)
    try:
        found = {} if blob is None else unpack_exact(blob)
    except ValueError:
        return {}
    sound = isinstance(found, dict) and all(isinstance(one, bytes) for one in found.values())
    return found if sound else {}
