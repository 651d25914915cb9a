"""The features of many images: in batches, in inference mode, and never computed twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.data.content import content_hash
from mlplab.errors import ConfigError, DataError, users_code
from mlplab.experiment.progress import (
    Count,
    Progress,
    ProgressCallback,
    ProgressOption,
)
from mlplab.experiment.progress_bar import reporting
from mlplab.shift.features.cache import FeatureCache, Row
from mlplab.shift.features.extractor import Extractor
from mlplab.shift.images.decode import Pixels, decode_image, image_bytes, rgb_image
from mlplab.shift.images.folder import ImageFolder

if TYPE_CHECKING:
    from torch import nn

Images = ImageFolder | Sequence[npt.NDArray[Any]] | npt.NDArray[Any]
BATCH_SIZE = 8


def compute_features(
    images: Images,
    extractor: Extractor,
    *,
    batch_size: int = BATCH_SIZE,
    cache: bool = True,
    progress: ProgressOption = True,
) -> npt.NDArray[np.float32]:
    """Return the features of images, (N, F).

    Batches have one size, the last one filled up, so that an image's features do not depend on the
    images around it. What is computed is kept batch by batch in the user's cache, by the content of
    image and extractor: Ctrl-C loses one batch, and the same images are not computed again.

    Args:
        images: a folder's, or arrays (H, W, 3) or (H, W) of bytes, such as one (N, H, W, 3).
        extractor: such as `efficientnet_lite0()`.
        batch_size: images at a time, B.
        cache: keep features, and use those that are kept.
        progress: True for a bar, False for none, or what is called with an `ImageProgress`.

    Raises:
        DataError: an image does not decode, or no images.
        ConfigError: a batch size below 1, or a preprocessing or module that fails.

    Cost: memory of B images and what the network makes of them, and 4 N F bytes.

    >>> from mlplab.shift.features import pixels
    >>> compute_features(np.zeros((5, 28, 28), np.uint8), pixels(side=8)).shape
    (5, 192)
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ConfigError(f"batch_size: expected a whole number from 1; got {batch_size!r}")
    n = len(images)
    if n == 0:
        raise DataError("images: expected at least one; got none")
    with (
        reporting(progress, "features") as report,
        FeatureCache(extractor.key if cache else None) as kept,
        evaluating(extractor.module),
    ):
        rows = _Rows(n, extractor, batch_size, kept, report)
        for start in range(0, n, batch_size):
            block = range(start, min(start + batch_size, n))
            contents = [_content(images, i) for i in block]
            keys = [_key(content) for content in contents] if extractor.key and cache else None
            known = kept.recall(keys) if keys else {}
            for i, content, key in zip(block, contents, keys or [""] * len(block), strict=True):
                if key in known:
                    rows.add_known(i, known[key])
                else:
                    image = _pixels(content, _name(images, i))
                    rows.add(i, key, image)
        rows.flush()
    return rows.values


class ImageProgress(Progress):
    """Counts of images in place of runs."""

    __slots__ = ()

    @property
    def counts(self) -> str:
        """Such as `120 of 3,000 images`."""
        return f"{self.n_done:,} of {self.n_runs:,} images"


class _Rows:
    """The rows of features, filled in batch by batch."""

    values: npt.NDArray[np.float32]

    def __init__(
        self,
        n: int,
        extractor: Extractor,
        batch_size: int,
        cache: FeatureCache,
        report: ProgressCallback | None,
    ) -> None:
        self._n, self._extractor, self._batch_size = n, extractor, batch_size
        self._cache = cache
        self._waiting: list[tuple[int, str, Any]] = []
        self._count = Count(report, n, ImageProgress)
        self._n_done = 0

    def add_known(self, index: int, row: Row) -> None:
        """Fill in a row that was kept."""
        self._fill(index, row, known=True)

    def add(self, index: int, key: str, image: Pixels) -> None:
        """Prepare an image, and compute a batch when there are enough of them."""
        extractor = self._extractor
        with users_code("preprocessing of", extractor.name):
            prepared = extractor.preprocess(image)
        if extractor.module is None:
            self._fill(index, np.asarray(prepared, np.float32).ravel())
            return
        self._waiting.append((index, key, prepared))
        if len(self._waiting) == self._batch_size:
            self.flush()

    def flush(self) -> None:
        """Compute the images that wait for their batch to fill."""
        if not self._waiting:
            return
        rows = apply_module(
            self._extractor, [prepared for _, _, prepared in self._waiting], self._batch_size
        )
        fresh = {}
        for (index, key, _), row in zip(self._waiting, rows, strict=True):
            self._fill(index, row)
            if key:
                fresh[key] = row
        self._cache.keep(fresh)
        self._waiting.clear()

    def _fill(self, index: int, row: Row, *, known: bool = False) -> None:
        if self._n_done == 0:
            self.values = np.empty((self._n, len(row)), np.float32)
        if len(row) != self.values.shape[1]:
            raise ConfigError(
                f"features {self._extractor.name!r}: expected as many of every image, "
                f"{self.values.shape[1]} as of the first; got {len(row)}"
            )
        self.values[index] = row
        self._n_done += 1
        self._count.ended(known=known)


def apply_module(extractor: Extractor, prepared: Sequence[Any], n_rows: int) -> Row:
    """Return what a module makes of prepared images, (B, F), in a batch filled up to `n_rows`.

    Raises:
        ConfigError: the module fails, or gives something else than a row for each image.
    """
    import torch

    assert extractor.module is not None
    with users_code("features", extractor.name):
        tensors = [torch.as_tensor(image) for image in prepared]
        shapes = {tuple(tensor.shape) for tensor in tensors}
        if len(shapes) > 1:
            raise ConfigError(
                f"features {extractor.name!r}: expected preprocess to give one shape for every "
                f"image; got {' and '.join(map(str, sorted(shapes)[:2]))}"
            )
        batch = torch.stack([*tensors, *[tensors[-1]] * (n_rows - len(tensors))])
        first = next(extractor.module.parameters(), None)
        if first is not None:
            # numpy's own numbers are of twice the precision of most weights
            batch = batch.to(first.device, first.dtype if batch.is_floating_point() else None)
        out = extractor.module(batch)
    if not isinstance(out, torch.Tensor) or out.ndim < 2 or len(out) != n_rows:
        got = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
        raise ConfigError(
            f"features {extractor.name!r}: expected the module to give ({n_rows}, ...) of a batch; "
            f"got {got}"
        )
    rows: Row = out.flatten(1)[: len(prepared)].float().cpu().numpy()
    return rows


@contextmanager
def evaluating(module: nn.Module | None) -> Iterator[None]:
    """Compute without gradients, every part of a module as in evaluation; afterwards as before."""
    if module is None:
        yield
        return
    import torch

    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for part, was_training in modes.items():
            part.training = was_training


def _content(images: Images, index: int) -> bytes | npt.NDArray[Any]:
    if isinstance(images, ImageFolder):
        return image_bytes(images.path(index))
    return np.asarray(images[index])


def _key(content: bytes | npt.NDArray[Any]) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    return content_hash({}, {"image": content})


def _name(images: Images, index: int) -> str:
    return str(images.path(index)) if isinstance(images, ImageFolder) else f"image {index}"


def _pixels(content: bytes | npt.NDArray[Any], name: str) -> Pixels:
    if isinstance(content, bytes):
        return decode_image(content, name)
    return rgb_image(content, name)
