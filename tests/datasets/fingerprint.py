"""One short name for the exact content of arrays."""

from __future__ import annotations

import hashlib

import numpy as np


def fingerprint(*arrays: np.ndarray) -> str:
    """Return 16 hexadecimal digits that change with any value, or with the order."""
    digest = hashlib.sha256()
    for array in arrays:
        if array.dtype == object:
            digest.update("\0".join(array).encode())
        else:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
