"""Photographs as numbers: pretrained networks, any torch module, or pixels."""

from mlplab.shift.features.batches import compute_features
from mlplab.shift.features.extractor import Extractor, pixels
from mlplab.shift.features.image_features import Features, image_features
from mlplab.shift.features.own_module import module_extractor
from mlplab.shift.features.pretrained import efficientnet_lite0
from mlplab.shift.features.torchvision_network import resnet50

__all__ = [
    "Extractor",
    "Features",
    "compute_features",
    "efficientnet_lite0",
    "image_features",
    "module_extractor",
    "pixels",
    "resnet50",
]
