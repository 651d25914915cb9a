"""Folders of images, the cartoon filter, and photographs that are free."""

from mlplab.shift.images.cartoon import cartoon, cartoons
from mlplab.shift.images.decode import read_image
from mlplab.shift.images.folder import ImageFolder, holds_images, image_folder
from mlplab.shift.images.photographs import (
    Patches,
    Photograph,
    free_photographs,
    photograph,
    photograph_patches,
)
from mlplab.shift.images.resize import resize_image

__all__ = [
    "ImageFolder",
    "Patches",
    "Photograph",
    "cartoon",
    "cartoons",
    "free_photographs",
    "holds_images",
    "image_folder",
    "photograph",
    "photograph_patches",
    "read_image",
    "resize_image",
]
