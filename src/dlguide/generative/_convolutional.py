"""What the generative models of pictures share: sizes that can be halved and doubled."""

from __future__ import annotations

from collections.abc import Sequence

from dlguide.models.dense import _size


def widths_of(filters: object, *, at_least: int = 1) -> tuple[int, ...]:
    """Return the channels of the convolutions, at least so many of them."""
    if not isinstance(filters, Sequence) or isinstance(filters, str) or len(filters) < at_least:
        raise ValueError(
            f"filters must be a sequence with a number for each convolution. Received: {filters!r}"
        )
    return tuple(_size("each size in filters", width) for width in filters)


def picture_shape(shape: Sequence[int], halvings: int) -> tuple[int, int, int]:
    """Return the shape of a picture that can be halved so often."""
    if not isinstance(shape, Sequence) or len(shape) != 3:
        raise ValueError(f"shape must be (height, width, channels). Received: {shape!r}")
    height, width, channels = (_size("each size in shape", size) for size in shape)
    factor = 2**halvings
    if height % factor or width % factor:
        raise ValueError(
            f"height and width must be multiples of {factor}, because {halvings} convolutions "
            f"halve them; crop or pad the pictures, or take fewer filters. "
            f"Received: {height} x {width}"
        )
    return height, width, channels
