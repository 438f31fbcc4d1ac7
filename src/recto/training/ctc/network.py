"""The PP-OCRv6 small recogniser as a PyTorch module: backbone, neck and head.

Layers stand in the order in which the ONNX graph uses their weights, which is how `weights` fills and
reads them. Normalisations are fused in the backbone and stay in evaluation mode in the neck, so that the
module computes what the graph computes, also while it is trained. Nothing here reads files.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 384
"""Channels of the backbone's output."""
_NECK_CHANNELS = 120
_HEADS = 8

# in channels, out channels, hidden channels, halves the height, squeeze-and-excitation
_BLOCKS = (
    (96, 96, 192, False, True),
    (96, 96, 192, False, False),
    (96, 96, 192, False, False),
    (96, 192, 192, True, False),
    (192, 192, 384, False, True),
    (192, 192, 384, False, False),
    (192, 192, 384, False, True),
    (192, 192, 384, False, False),
    (192, 192, 384, False, True),
    (192, 192, 384, False, False),
    (192, 384, 384, True, False),
    (384, 384, 768, False, True),
    (384, 384, 768, False, False),
)


class Stem(nn.Module):
    """A line image to 96 channels at a quarter of its size."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 48, 3, stride=2, padding=1)
        self.left = nn.Conv2d(48, 24, 2)
        self.right = nn.Conv2d(24, 48, 2)
        self.merge = nn.Conv2d(96, 48, 3, stride=2, padding=1)
        self.widen = nn.Conv2d(48, 96, 1)

    def forward(self, x: Tensor) -> Tensor:
        """N × 3 × 48 × W to N × 96 × 12 × W/4."""
        x = functional.relu(self.first(x))
        branch = functional.relu(self.right(_pad_end(functional.relu(self.left(_pad_end(x))))))
        pooled = functional.max_pool2d(_pad_end(x), 2, stride=1)
        return functional.relu(self.widen(functional.relu(self.merge(torch.cat([pooled, branch], dim=1)))))


def _pad_end(x: Tensor) -> Tensor:
    """SAME padding of a 2 × 2 window: one row below, one column to the right."""
    return functional.pad(x, (0, 1, 0, 1))


class SqueezeExcite(nn.Module):
    """Weighs channels by their mean over the whole line."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // 4, 1)
        self.excite = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        mean = x.mean((2, 3), keepdim=True)
        return x * functional.hardsigmoid(self.excite(functional.relu(self.squeeze(mean))))


class Block(nn.Module):
    """Depthwise mixing over the plane, then a two-layer mixing of channels."""

    def __init__(self, channels: tuple[int, int, int], *, halves_height: bool, excites: bool) -> None:
        super().__init__()
        narrow, out, hidden = channels
        stride = (2, 1) if halves_height else (1, 1)
        self.residual = not halves_height
        self.spatial = nn.Conv2d(narrow, narrow, 3, stride=stride, padding=1, groups=narrow)
        self.excite = SqueezeExcite(narrow) if excites else nn.Identity()
        self.up = nn.Conv2d(narrow, hidden, 1)
        self.down = nn.Conv2d(hidden, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """N × in × H × W to N × out × H (or H/2) × W."""
        x = self.excite(self.spatial(x))
        mixed: Tensor = self.down(functional.gelu(self.up(x)))
        return x + mixed if self.residual else mixed


class Backbone(nn.Module):
    """A line image to one feature vector per 8 pixels of width."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Stem()
        self.blocks = nn.Sequential(
            *(Block((i, o, h), halves_height=s, excites=e) for i, o, h, s, e in _BLOCKS)
        )

    def forward(self, x: Tensor) -> Tensor:
        """N × 3 × 48 × W to N × 384 × 1 × W/8."""
        return functional.avg_pool2d(self.blocks(self.stem(x)), (3, 2))


class ConvNorm(nn.Module):
    """Convolution, batch normalisation with fixed statistics, swish."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm2d(conv.out_channels)

    def train(self, mode: bool = True) -> "ConvNorm":  # noqa: FBT001, FBT002  the signature of nn.Module
        """Switch to training, but keep the statistics of the base model."""
        super().train(mode)
        self.norm.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """The same plane, other channels."""
        return functional.silu(self.norm(self.conv(x)))


class Attention(nn.Module):
    """Self-attention over the frames of a line."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(_NECK_CHANNELS, 3 * _NECK_CHANNELS)
        self.out = nn.Linear(_NECK_CHANNELS, _NECK_CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        """N × T × 120, same shape."""
        n, t, c = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, _HEADS, c // _HEADS).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(n, t, c))
        return out


class Mixer(nn.Module):
    """A transformer layer, normalised before each half."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(_NECK_CHANNELS, eps=1e-5)
        self.attention = Attention()
        self.norm2 = nn.LayerNorm(_NECK_CHANNELS, eps=1e-5)
        self.up = nn.Linear(_NECK_CHANNELS, 2 * _NECK_CHANNELS)
        self.down = nn.Linear(2 * _NECK_CHANNELS, _NECK_CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        """N × T × 120, same shape."""
        x = x + self.attention(self.norm1(x))
        out: Tensor = x + self.down(functional.silu(self.up(self.norm2(x))))
        return out


class Neck(nn.Module):
    """Mixes frames with their neighbours and with the whole line."""

    def __init__(self) -> None:
        super().__init__()
        width = _NECK_CHANNELS
        self.shortcut = ConvNorm(nn.Conv2d(CHANNELS, width, 1, bias=False))
        self.reduce = ConvNorm(nn.Conv2d(CHANNELS, width, 1, bias=False))
        self.near = ConvNorm(nn.Conv2d(width, width, (1, 7), padding=(0, 3), groups=width, bias=False))
        self.mixers = nn.Sequential(Mixer(), Mixer())
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, features: Tensor) -> Tensor:
        """N × 384 × 1 × T to N × T × 120."""
        reduced = self.reduce(features)
        reduced = reduced + self.near(reduced)
        frames = reduced.squeeze(2).transpose(1, 2)
        mixed = self.norm(self.mixers(frames))
        out: Tensor = mixed + self.shortcut(features).squeeze(2).transpose(1, 2)
        return out


class Recogniser(nn.Module):
    """The whole network; class 0 is the CTC blank, then the characters in order."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.neck = Neck()
        self.head = nn.Linear(_NECK_CHANNELS, classes)

    def forward(self, lines: Tensor) -> Tensor:
        """N × 3 × 48 × W, values −1 to 1, to logits N × W/8 × classes."""
        out: Tensor = self.head(self.neck(self.backbone(lines)))
        return out
