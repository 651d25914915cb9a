"""EfficientNet-Lite0: its layers, under the names that its published weights have."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Repeats, side of the kernel, stride, factor of expansion, channels out (table 1 of the paper; the
# Lite variant has neither squeeze-and-excitation nor swish).
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
N_STEM, N_FEATURES, N_CLASSES = 32, 1280, 1000


class EfficientNetLite0(nn.Module):
    """Images, (B, 3, 224, 224), (x - 127)/128 of bytes, to scores of 1,000 classes, (B, 1000).

    `features` gives what lies before the last layer, the mean of each channel, (B, 1280).

    Source: Tan and Le, EfficientNet, ICML 2019; the Lite variants are of the same authors' code.
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConvolution(3, N_STEM, 3, stride=2)
        self._bn0 = _norm(N_STEM)
        self._blocks = nn.ModuleList(_blocks())
        self._conv_head = SameConvolution(STAGES[-1][-1], N_FEATURES, 1)
        self._bn1 = _norm(N_FEATURES)
        self._fc = nn.Linear(N_FEATURES, N_CLASSES)

    def features(self, images: Tensor) -> Tensor:
        """Return the features, (B, 1280), of images, (B, 3, H, W)."""
        x = F.relu6(self._bn0(self._conv_stem(images)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores before the softmax, (B, 1000)."""
        scores: Tensor = self._fc(self.features(images))
        return scores


class SameConvolution(nn.Conv2d):
    """A convolution without bias whose output has ceil(input / stride) rows and columns.

    An odd row or column of zeros lies below or right, as TensorFlow pads: the weights come from
    there.
    """

    def __init__(self, n_in: int, n_out: int, side: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(n_in, n_out, side, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        (side, _), (stride, _) = self.kernel_size, self.stride
        missing = [max((-(-n // stride) - 1) * stride + side - n, 0) for n in x.shape[-2:]]
        (top, bottom), (left, right) = [(n // 2, n - n // 2) for n in missing]
        if (top, left) == (bottom, right):
            return F.conv2d(x, self.weight, self.bias, self.stride, (top, left), 1, self.groups)
        return super().forward(F.pad(x, (left, right, top, bottom)))


class Block(nn.Sequential):
    """Expand, filter each channel by itself, project; its input is added where the shapes agree."""

    def __init__(self, n_in: int, n_out: int, side: int, stride: int, expansion: int) -> None:
        wide = n_in * expansion
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if expansion != 1:
            layers["_expand_conv"] = SameConvolution(n_in, wide, 1)
            layers["_bn0"], layers["_relu0"] = _norm(wide), nn.ReLU6(inplace=True)
        layers["_depthwise_conv"] = SameConvolution(wide, wide, side, stride, groups=wide)
        layers["_bn1"], layers["_relu1"] = _norm(wide), nn.ReLU6(inplace=True)
        layers["_project_conv"] = SameConvolution(wide, n_out, 1)
        layers["_bn2"] = _norm(n_out)
        super().__init__(layers)
        self._is_residual = stride == 1 and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x
        for layer in self:
            out = layer(out)
        return out + x if self._is_residual else out


def _blocks() -> Iterator[Block]:
    n_in = N_STEM
    for repeats, side, stride, expansion, n_out in STAGES:
        for i in range(repeats):
            yield Block(n_in, n_out, side, stride if i == 0 else 1, expansion)
            n_in = n_out


def _norm(n_channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(n_channels, eps=1e-3, momentum=0.01)


class LastHidden(nn.Module):
    """The last hidden layer of a network, (B, 1280), in two thirds of the time.

    Each normalisation is taken into the convolution before it, `w g / s` and `b - m g / s`, and
    channels lie innermost: 18 ms an image against 30 on one core. Equal up to rounding.

    Args:
        network: its convolutions and normalisations are changed.
    """

    def __init__(self, network: EfficientNetLite0) -> None:
        super().__init__()
        convolution: Any = None
        for parent in list(network.modules()):
            for name, layer in parent.named_children():
                if isinstance(layer, SameConvolution):
                    convolution = layer
                elif isinstance(layer, nn.BatchNorm2d):
                    _take_in(convolution, layer)
                    setattr(parent, name, nn.Identity())
        evaluated: Any = network.eval()
        self.network = evaluated.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, 1280) of (B, 3, 224, 224)."""
        innermost = images.contiguous(memory_format=torch.channels_last)
        features: Tensor = self.network.features(innermost)
        return features


def _take_in(convolution: SameConvolution, norm: nn.BatchNorm2d) -> None:
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    factor = norm.weight.detach() / (variance + norm.eps).sqrt()
    convolution.weight.data.mul_(factor[:, None, None, None])
    convolution.bias = nn.Parameter(norm.bias.detach() - mean * factor)
