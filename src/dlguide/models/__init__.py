"""Builders: functions that return uncompiled Keras models.

Each builder is named for what comes back, takes the sizes first and the choices
by keyword, and leaves `compile` and `fit` to the caller, so that a page always
shows the optimizer, the loss and the data beside each other.
"""

from __future__ import annotations

from dlguide.models.branched import several_inputs_network, several_outputs_network
from dlguide.models.conv1d import (
    conv1d_binary_classifier,
    conv1d_classifier,
    conv1d_recurrent_regressor,
)
from dlguide.models.convolutional import convnet, image_augmentation
from dlguide.models.dense import (
    dense_binary_classifier,
    dense_classifier,
    dense_multilabel_classifier,
    dense_regressor,
)
from dlguide.models.graphs import (
    inception_convnet,
    inception_module,
    multiplications,
    residual_block,
    residual_convnet,
    separable_convnet,
    xception_convnet,
    xception_module,
)
from dlguide.models.recurrent import (
    recurrent_binary_classifier,
    recurrent_classifier,
    recurrent_regressor,
)
from dlguide.models.siamese import siamese_binary_classifier
from dlguide.models.transfer import transfer_classifier, unfreeze_from

__all__ = [
    "conv1d_binary_classifier",
    "conv1d_classifier",
    "conv1d_recurrent_regressor",
    "convnet",
    "dense_binary_classifier",
    "dense_classifier",
    "dense_multilabel_classifier",
    "dense_regressor",
    "image_augmentation",
    "inception_convnet",
    "inception_module",
    "multiplications",
    "recurrent_binary_classifier",
    "recurrent_classifier",
    "recurrent_regressor",
    "residual_block",
    "residual_convnet",
    "separable_convnet",
    "several_inputs_network",
    "several_outputs_network",
    "siamese_binary_classifier",
    "transfer_classifier",
    "unfreeze_from",
    "xception_convnet",
    "xception_module",
]
