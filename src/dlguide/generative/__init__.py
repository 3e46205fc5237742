"""Models that make something: text, dreams, paintings, digits.

`character_model` predicts the next character of a text and `generate_characters` lets it
write; `tempered_softmax` sets how boldly. `deep_dream` and `style_transfer` change
the pixels of a picture by the gradient of a pretrained network, whose weights stay
as they are. `VariationalAutoencoder` and `GenerativeAdversarialNetwork` learn to make
pictures, the one through a latent space with a way in and a way out, the other by a game
of two networks. Pictures are numbers from 0 to 255 throughout.
"""

from __future__ import annotations

from dlguide.generative.adversarial import GenerativeAdversarialNetwork
from dlguide.generative.autoencoder import VariationalAutoencoder
from dlguide.generative.characters import (
    character_model,
    generate_characters,
    tempered_softmax,
)
from dlguide.generative.dream import Dream, deep_dream
from dlguide.generative.style import Stylised, style_transfer

__all__ = [
    "Dream",
    "GenerativeAdversarialNetwork",
    "Stylised",
    "VariationalAutoencoder",
    "character_model",
    "deep_dream",
    "generate_characters",
    "style_transfer",
    "tempered_softmax",
]
