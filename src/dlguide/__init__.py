"""Reusable Keras builders, real data sets and plots for a guide to deep learning.

The map: `dlguide.datasets` loads real data as arrays; `dlguide.text` cuts texts
into tokens and gives them numbers; `dlguide.series` cuts a record in time into
windows; `dlguide.models` builds uncompiled Keras models; `dlguide.pretrained` brings
networks and word vectors that others have trained;
`dlguide.interpret` asks what a network of images sees; `dlguide.training` helps
to split, follow and read a training run; `dlguide.plots` draws the results;
`dlguide.record` holds the measured results of every example over several seeds.
Importing `dlguide` alone imports none of them: each sub-module loads when it is
first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlguide import (
        datasets,
        generative,
        interpret,
        models,
        plots,
        pretrained,
        record,
        series,
        text,
        training,
    )

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "datasets",
    "generative",
    "interpret",
    "models",
    "plots",
    "pretrained",
    "record",
    "series",
    "text",
    "training",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        return importlib.import_module(f"dlguide.{name}")
    raise AttributeError(f"module 'dlguide' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
