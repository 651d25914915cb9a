"""ResNet-50 of torchvision as an extractor, where torchvision and its weights are installed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mlplab.data.files import sha256_of
from mlplab.errors import ConfigError, DataError
from mlplab.shift.features.extractor import Extractor
from mlplab.shift.images.decode import Pixels


def resnet50() -> Extractor:
    """Return torchvision's ResNet-50 without its last layer: 2,048 features.

    It was pretrained on ImageNet. The weights are those that torchvision keeps in torch's folder
    once it has fetched them; here nothing is fetched. Their SHA-256 must begin as their name says.

    Raises:
        ConfigError: torchvision, or its weights, are not on this machine.
        DataError: the weights are damaged.

    Cost: 4.1 G multiplications an image, ten times EfficientNet-Lite0's; 98 MB of weights.

    Source: He, Zhang, Ren and Sun, Deep Residual Learning, CVPR 2016.
    """
    import torch

    try:
        from torchvision import models  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise ConfigError(
            "features 'resnet50' need torchvision, which is not installed; try: "
            "python -m pip install torchvision, or the features 'efficientnet-lite0'"
        ) from None
    published = models.ResNet50_Weights.DEFAULT
    path = Path(torch.hub.get_dir()) / "checkpoints" / str(published.url).rpartition("/")[2]
    if not path.is_file():
        raise ConfigError(
            f"features 'resnet50' need their weights, {path}; fetch them once: python -c "
            "'import torchvision; torchvision.models.resnet50(weights=\"DEFAULT\")'"
        )
    begins, found = path.stem.rpartition("-")[2], sha256_of(path)
    if not found.startswith(begins):
        raise DataError(
            f"{path}: wrong checksum (SHA-256 begins {found[:12]}, expected {begins}): damaged or "
            f"cut short; delete it and fetch it again"
        )
    network = models.resnet50(weights=None)
    network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    network.fc = torch.nn.Identity()
    preprocess = published.transforms()

    def prepared(image: Pixels) -> Any:
        return preprocess(torch.from_numpy(image.transpose(2, 0, 1).copy()))

    key = hashlib.sha256(f"{found} {preprocess!r}".encode()).hexdigest()
    return Extractor(name="resnet50", preprocess=prepared, module=network.eval(), key=key)
