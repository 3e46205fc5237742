"""Generative adversarial network: one network makes pictures, the other tries to find them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from dlguide.generative._convolutional import picture_shape, widths_of
from dlguide.models.dense import _size

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_NAMES = ("generator_loss", "discriminator_loss", "real_score", "fake_score")


@keras.saving.register_keras_serializable("dlguide")
class GenerativeAdversarialNetwork(keras.Model):  # type: ignore[misc]  # Keras publishes no types
    r"""A generator of pictures and a discriminator of real and made ones, against each other.

    The generator turns noise, ``(batch, latent_size)``, into a small stack of maps and
    doubles it once for each entry of `filters` to pictures
    ``(batch, height, width, channels)``. The discriminator halves a picture as often and
    ends in a single number, ``(batch, 1)``: how real it looks. In each step the
    discriminator learns to tell a batch of real pictures from a batch of made ones, and
    the generator learns to make the discriminator err.

    Parameters
    ----------
    shape : sequence of 3 int
        Height, width and channels of the pictures. Height and width must be multiples of
        ``2 ** len(filters)``.
    latent_size : int, default 64
        Dimensions of the noise, at least 1.
    filters : sequence of int, default (32, 64)
        Channels of the discriminator's convolutions, at least 1 each; the generator has
        the same in reverse.
    dropout : float, default 0.3
        Share of the discriminator's features that is set to zero in training, from 0 up to
        but not including 1.
    smoothing : float, default 0.0
        How far the target of real pictures is below 1, from 0 up to but not including 0.5.
    seed : int, optional
        Seed of the noise, 0 or more; by default another one each time. The first weights
        and the dropout follow ``keras.utils.set_random_seed``.
    name : str, optional
        Name of the model.

    Attributes
    ----------
    generator : keras.Model
        From noise ``(batch, latent_size)``, standard normal, to pictures, float32 from 0 to
        255.
    discriminator : keras.Model
        From pictures, numbers from 0 to 255, to logits ``(batch, 1)``.

    Raises
    ------
    ValueError
        If a size is no positive integer or does not fit, or if `dropout` or `smoothing` is
        outside its range.

    See Also
    --------
    VariationalAutoencoder : Pictures from a latent space that has a way in as well.

    Notes
    -----
    With the discriminator's probability :math:`D(x)` that a picture is real, and pictures
    :math:`G(z)` of noise :math:`z`, the two losses are

    .. math::

        L_D = -\tfrac12 \operatorname{E} \log D(x)
              -\tfrac12 \operatorname{E} \log (1 - D(G(z))),
        \qquad
        L_G = -\operatorname{E} \log D(G(z)).

    The second is the *non-saturating* form, which has a slope also while the discriminator
    finds out every picture. Where neither can do better, :math:`D = 1/2` everywhere and both
    losses are :math:`\log 2`. Neither loss measures how good the pictures are.

    `compile` takes two optimizers, `fit` pictures alone. Metrics are ``generator_loss``,
    ``discriminator_loss``, and ``real_score`` and ``fake_score``, the mean of
    :math:`D` over real and over made pictures. Calling the model runs the generator.

    References
    ----------
    Goodfellow et al., "Generative adversarial nets", NIPS (2014). Radford, Metz and
    Chintala, "Unsupervised representation learning with deep convolutional generative
    adversarial networks", ICLR (2016). Smoothing: Salimans et al., "Improved techniques for
    training GANs", NIPS (2016).

    Examples
    --------
    >>> import keras
    >>> from dlguide import generative
    >>> model = generative.GenerativeAdversarialNetwork((28, 28, 1), latent_size=64)
    >>> model.compile(
    ...     optimizer=keras.optimizers.Adam(3e-4, beta_1=0.5),
    ...     discriminator_optimizer=keras.optimizers.Adam(3e-4, beta_1=0.5),
    ... )
    >>> model.generate(4, seed=0).shape
    (4, 28, 28, 1)
    """

    def __init__(
        self,
        shape: Sequence[int],
        latent_size: int = 64,
        filters: Sequence[int] = (32, 64),
        *,
        dropout: float = 0.3,
        smoothing: float = 0.0,
        seed: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be in [0, 1). Received: {dropout!r}")
        if not 0 <= smoothing < 0.5:
            raise ValueError(f"smoothing must be in [0, 0.5). Received: {smoothing!r}")
        widths = widths_of(filters)
        self.shape = picture_shape(shape, len(widths))
        self.latent_size = _size("latent_size", latent_size)
        self.filters = widths
        self.dropout, self.smoothing = float(dropout), float(smoothing)
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)
        self.generator = _generator(self.shape, self.latent_size, widths)
        self.discriminator = _discriminator(self.shape, widths, self.dropout)
        self.discriminator_optimizer: Any = None
        self.trackers = [keras.metrics.Mean(name=name) for name in _NAMES]
        self.built = True

    def compile(self, optimizer: Any, discriminator_optimizer: Any, **settings: Any) -> None:
        """Set the optimizers of the generator and of the discriminator.

        Parameters
        ----------
        optimizer : str or keras.Optimizer
            What trains the generator.
        discriminator_optimizer : str or keras.Optimizer
            What trains the discriminator; another object than the first.
        **settings
            What ``keras.Model.compile`` takes besides, such as ``jit_compile``.
        """
        chosen = keras.optimizers.get(discriminator_optimizer)
        if chosen is optimizer:
            raise ValueError(
                "discriminator_optimizer must be an optimizer of its own, because each keeps "
                "track of the weights that it trains. Received: the same object twice"
            )
        super().compile(optimizer=optimizer, **settings)
        self.discriminator_optimizer = chosen

    def get_compile_config(self) -> dict[str, Any]:
        """Return what `compile` was called with."""
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "discriminator_optimizer": keras.saving.serialize_keras_object(
                self.discriminator_optimizer
            ),
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile the model as it was when it was saved."""
        self.compile(
            **{key: keras.saving.deserialize_keras_object(value) for key, value in config.items()}
        )
        self.optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Means over the epoch of both losses and of both scores."""
        return self.trackers

    def generate(self, points: int | ArrayLike, *, seed: int | None = None) -> NDArray[np.float32]:
        """Return pictures made of noise.

        Parameters
        ----------
        points : int, or array_like of shape (n, latent_size)
            How many pictures to make, or the noise to make them of.
        seed : int, optional
            Seed of the noise where only a number is given.

        Returns
        -------
        numpy.ndarray of shape (n, height, width, channels) and dtype float32
            Pictures, from 0 to 255.
        """
        given = np.asarray(points)
        if given.ndim == 0:
            number = _size("points", points)  # type: ignore[arg-type]  # no array any more
            given = np.random.default_rng(seed).standard_normal((number, self.latent_size))
        if given.ndim != 2 or given.shape[1] != self.latent_size or not len(given):
            raise ValueError(
                f"points must be a number or have shape (n, {self.latent_size}), n at least 1. "
                f"Received: shape {given.shape}"
            )
        return np.asarray(self.generator.predict(given.astype("float32"), verbose=0))

    def call(self, points: Any, training: bool = False) -> Any:
        """Return the pictures that the generator makes of noise, from 0 to 255."""
        return self.generator(points, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Take one step of each network on a batch of pictures, and return the metrics."""
        real = tf.cast(keras.utils.unpack_x_y_sample_weight(data)[0], tf.float32)
        number = tf.shape(real)[0]
        noise = keras.random.normal((number, self.latent_size), seed=self.noise)
        with tf.GradientTape(persistent=True) as tape:
            made = self.generator(noise, training=True)
            # One pass over both, so that dropout and any normalisation treat them alike.
            scores = self.discriminator(tf.concat([real, made], 0), training=True)
            scores = tf.cast(scores, tf.float32)
            for_real, for_made = scores[:number], scores[number:]
            discriminator_loss = 0.5 * (
                _cross_entropy(for_real, 1 - self.smoothing) + _cross_entropy(for_made, 0.0)
            )
            generator_loss = _cross_entropy(for_made, 1.0)
            scaled_d = self.discriminator_optimizer.scale_loss(discriminator_loss)
            scaled_g = self.optimizer.scale_loss(generator_loss)
        for network, optimizer, loss in (
            (self.discriminator, self.discriminator_optimizer, scaled_d),
            (self.generator, self.optimizer, scaled_g),
        ):
            variables = network.trainable_variables
            slopes = tape.gradient(loss, variables)
            optimizer.apply_gradients(zip(slopes, variables, strict=True))
        del tape
        values = (
            generator_loss,
            discriminator_loss,
            tf.reduce_mean(tf.sigmoid(for_real)),
            tf.reduce_mean(tf.sigmoid(for_made)),
        )
        for tracker, value in zip(self.trackers, values, strict=True):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.trackers}

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor was called with."""
        return {
            "shape": self.shape,
            "latent_size": self.latent_size,
            "filters": self.filters,
            "dropout": self.dropout,
            "smoothing": self.smoothing,
            "seed": self.seed,
            "name": self.name,
        }


def _cross_entropy(logits: Any, target: float) -> Any:
    targets = tf.fill(tf.shape(logits), tf.constant(target, tf.float32))
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))


def _generator(shape: tuple[int, ...], latent: int, filters: tuple[int, ...]) -> Any:
    height, width, channels = shape
    factor = 2 ** len(filters)
    start = (height // factor, width // factor, filters[-1])
    inputs = keras.Input((latent,), name="points")
    x = keras.layers.Dense(int(np.prod(start)), use_bias=False, name="dense")(inputs)
    x = keras.layers.Reshape(start, name="reshape")(x)
    x = _normed(x, 0)
    for number, maps in enumerate(reversed((channels, *filters[:-1])), start=1):
        last = number == len(filters)
        x = keras.layers.Conv2DTranspose(
            maps,
            4,
            strides=2,
            padding="same",
            use_bias=last,
            activation="tanh" if last else None,
            dtype="float32" if last else None,
            name=f"conv_{number}",
        )(x)
        if not last:
            x = _normed(x, number)
    pictures = keras.layers.Rescaling(127.5, offset=127.5, dtype="float32", name="rescaling")(x)
    return keras.Model(inputs, pictures, name="generator")


def _normed(x: Any, number: int) -> Any:
    x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm_{number}")(x)
    return keras.layers.LeakyReLU(0.2, name=f"relu_{number}")(x)


def _discriminator(shape: tuple[int, ...], filters: tuple[int, ...], dropout: float) -> Any:
    inputs = keras.Input(shape, name="pictures")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaling")(inputs)
    for number, maps in enumerate(filters, start=1):
        x = keras.layers.Conv2D(maps, 4, strides=2, padding="same", name=f"conv_{number}")(x)
        x = keras.layers.LeakyReLU(0.2, name=f"relu_{number}")(x)
    x = keras.layers.Flatten(name="features")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    logits = keras.layers.Dense(1, dtype="float32", name="output")(x)
    return keras.Model(inputs, logits, name="discriminator")
