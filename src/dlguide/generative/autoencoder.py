"""Variational autoencoder: pictures squeezed through a few numbers, and pictures made of them."""

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


@keras.saving.register_keras_serializable("dlguide")
class VariationalAutoencoder(keras.Model):  # type: ignore[misc]  # Keras publishes no types
    r"""An encoder to a small latent space, a decoder back, and the two losses that shape it.

    The encoder halves pictures ``(batch, height, width, channels)`` once for each entry of
    `filters`, and makes of what is left not a point but a small cloud in latent space: a
    mean and the logarithm of a variance, ``(batch, latent_size)`` each. A point drawn
    from the cloud goes through the decoder, which doubles it back to a picture. The
    *reconstruction* loss asks that the picture comes back; the *divergence* asks that the
    clouds lie around the origin and overlap, so that every point near it is a
    picture.

    Parameters
    ----------
    shape : sequence of 3 int
        Height, width and channels of the pictures. Height and width must be multiples of
        ``2 ** len(filters)``.
    latent_size : int, default 2
        Dimensions of the latent space, at least 1.
    filters : sequence of int, default (32, 64)
        Channels of the encoder's convolutions, at least 1 each; the decoder has the same in
        reverse. An empty one leaves the convolutions out: then a dense layer on either side
        of the latent space does the work, which is much cheaper for small pictures.
    units : int, default 64
        Units of the dense layer between the convolutions, or the pixels, and the latent
        space.
    beta : float, default 1.0
        What the divergence counts, 0 or more. At 0 the model is close to a plain
        autoencoder; above 1 order counts more and likeness less.
    seed : int, optional
        Seed of the points that are drawn, 0 or more; by default another one each time.
        The first weights follow ``keras.utils.set_random_seed``.
    name : str, optional
        Name of the model.

    Attributes
    ----------
    encoder : keras.Model
        From pictures, numbers from 0 to 255, to ``[mean, log_variance]``.
    decoder : keras.Model
        From points ``(batch, latent_size)`` to pictures, float32 from 0 to 255.

    Raises
    ------
    ValueError
        If a size is no positive integer or does not fit, or `beta` is negative.

    See Also
    --------
    GenerativeAdversarialNetwork : Pictures from noise, without a way back.

    Notes
    -----
    With pixels :math:`x` and their reconstruction :math:`\hat x`, both from 0 to 1, and
    an encoding with mean :math:`\mu` and variance :math:`\sigma^2`, the loss of a picture is

    .. math::

        -\sum_i \bigl( x_i \log \hat x_i + (1 - x_i) \log (1 - \hat x_i) \bigr)
        + \beta \cdot \tfrac12 \sum_j \bigl( \mu_j^2 + \sigma_j^2 - \log \sigma_j^2 - 1 \bigr),

    in nats. With pixels of 0 and 1 and a beta of 1, it is an upper bound of the negative
    log-likelihood; for grey pixels the first sum is a cross-entropy without that meaning.
    The points are drawn as :math:`\mu + \sigma \varepsilon`, so that the gradient
    passes through the drawing.

    Call `compile` with an optimizer and no loss, and `fit` with pictures alone. Metrics are
    ``loss``, ``reconstruction`` and ``divergence`` (unweighted). Calling the model gives the
    decoded mean; in training a drawn point is decoded.

    References
    ----------
    Kingma and Welling, "Auto-encoding variational Bayes", ICLR (2014). Rezende, Mohamed and
    Wierstra, "Stochastic backpropagation and approximate inference in deep generative
    models", ICML (2014). Beta: Higgins et al., "beta-VAE: learning basic visual concepts
    with a constrained variational framework", ICLR (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from dlguide import generative
    >>> model = generative.VariationalAutoencoder((28, 28, 1), latent_size=2)
    >>> mean, log_variance = model.encode(np.zeros((5, 28, 28, 1)))
    >>> mean.shape, model.decode(mean).shape
    ((5, 2), (5, 28, 28, 1))
    """

    def __init__(
        self,
        shape: Sequence[int],
        latent_size: int = 2,
        filters: Sequence[int] = (32, 64),
        *,
        units: int = 64,
        beta: float = 1.0,
        seed: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        if not (np.isfinite(beta) and beta >= 0):
            raise ValueError(f"beta must be 0 or more. Received: {beta!r}")
        widths = widths_of(filters, at_least=0)
        self.shape = picture_shape(shape, len(widths))
        self.latent_size = _size("latent_size", latent_size)
        self.filters, self.units, self.beta = widths, _size("units", units), float(beta)
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)
        self.encoder = _encoder(self.shape, self.latent_size, widths, self.units)
        self.decoder = _decoder(self.shape, self.latent_size, widths, self.units)
        self.trackers = [
            keras.metrics.Mean(name=name) for name in ("loss", "reconstruction", "divergence")
        ]
        self.built = True

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Means over the epoch: ``loss``, ``reconstruction`` and ``divergence``."""
        return self.trackers

    def encode(self, pictures: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean and logarithm of the variance of the cloud that each picture becomes.

        Parameters
        ----------
        pictures : array_like of shape (n, height, width, channels)
            Numbers from 0 to 255; at least one picture.

        Returns
        -------
        tuple of numpy.ndarray of shape (n, latent_size) and dtype float32
            Mean and log-variance.
        """
        given = np.asarray(pictures)
        if given.ndim != 4 or given.shape[1:] != self.shape or not len(given):
            raise ValueError(
                f"pictures must have shape {('n', *self.shape)}, n at least 1. "
                f"Received: {given.shape}"
            )
        mean, log_variance = self.encoder.predict(given, verbose=0)
        return mean, log_variance

    def decode(self, points: ArrayLike) -> NDArray[np.float32]:
        """Return the pictures that points of the latent space stand for.

        Parameters
        ----------
        points : array_like of shape (n, latent_size)
            At least one point.

        Returns
        -------
        numpy.ndarray of shape (n, height, width, channels) and dtype float32
            Pictures, from 0 to 255.
        """
        given = np.asarray(points, "float32")
        if given.ndim != 2 or given.shape[1] != self.latent_size or not len(given):
            raise ValueError(
                f"points must have shape (n, {self.latent_size}), n at least 1. "
                f"Received: {given.shape}"
            )
        return np.asarray(self.decoder.predict(given, verbose=0))

    def call(self, pictures: Any, training: bool = False) -> Any:
        """Return the reconstruction of pictures, from 0 to 255."""
        mean, log_variance = self.encoder(pictures, training=training)
        return self.decoder(self._drawn(mean, log_variance) if training else mean)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Take one step of the optimizer on a batch, and return the metrics."""
        pictures = keras.utils.unpack_x_y_sample_weight(data)[0]
        with tf.GradientTape() as tape:
            losses = self._parts_of_loss(pictures, training=True)
            scaled = self.optimizer.scale_loss(losses[0])
        variables = self.trainable_variables
        self.optimizer.apply_gradients(
            zip(tape.gradient(scaled, variables), variables, strict=True)
        )
        return self._noted(losses)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Return the metrics of a batch, with points drawn as in training."""
        pictures = keras.utils.unpack_x_y_sample_weight(data)[0]
        return self._noted(self._parts_of_loss(pictures, training=False))

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor was called with."""
        return {
            "shape": self.shape,
            "latent_size": self.latent_size,
            "filters": self.filters,
            "units": self.units,
            "beta": self.beta,
            "seed": self.seed,
            "name": self.name,
        }

    def _drawn(self, mean: Any, log_variance: Any) -> Any:
        noise = keras.random.normal(tf.shape(mean), dtype=mean.dtype, seed=self.noise)
        return mean + tf.exp(log_variance / 2) * noise

    def _parts_of_loss(self, pictures: Any, *, training: bool) -> tuple[Any, Any, Any]:
        mean, log_variance = self.encoder(pictures, training=training)
        made = self.decoder(self._drawn(mean, log_variance), training=training) / 255
        pixels = tf.clip_by_value(tf.cast(pictures, tf.float32) / 255, 0, 1)
        made = tf.clip_by_value(made, 1e-6, 1 - 1e-6)
        surprise = -(pixels * tf.math.log(made) + (1 - pixels) * tf.math.log(1 - made))
        reconstruction = tf.reduce_mean(tf.reduce_sum(surprise, (1, 2, 3)))
        divergence = tf.reduce_mean(
            0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - log_variance - 1, 1)
        )
        return reconstruction + self.beta * divergence, reconstruction, divergence

    def _noted(self, losses: Sequence[Any]) -> dict[str, Any]:
        for tracker, value in zip(self.trackers, losses, strict=True):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.trackers}


def _encoder(shape: tuple[int, ...], latent: int, filters: tuple[int, ...], units: int) -> Any:
    inputs = keras.Input(shape, name="pictures")
    x = keras.layers.Rescaling(1 / 255, name="rescaling")(inputs)
    for number, width in enumerate(filters, start=1):
        x = keras.layers.Conv2D(
            width, 3, strides=2, padding="same", activation="relu", name=f"conv_{number}"
        )(x)
    x = keras.layers.Flatten(name="flatten")(x)
    x = keras.layers.Dense(units, activation="relu", name="dense")(x)
    outputs = [
        keras.layers.Dense(latent, dtype="float32", name=name)(x)
        for name in ("mean", "log_variance")
    ]
    return keras.Model(inputs, outputs, name="encoder")


def _decoder(shape: tuple[int, ...], latent: int, filters: tuple[int, ...], units: int) -> Any:
    height, width, channels = shape
    inputs = keras.Input((latent,), name="points")
    x = keras.layers.Dense(units, activation="relu", name="dense_1")(inputs)
    if filters:
        factor = 2 ** len(filters)
        start = (height // factor, width // factor, filters[-1])
        x = keras.layers.Dense(int(np.prod(start)), activation="relu", name="dense_2")(x)
        x = keras.layers.Reshape(start, name="reshape")(x)
        for number, maps in enumerate(reversed(filters), start=1):
            x = keras.layers.Conv2DTranspose(
                maps, 3, strides=2, padding="same", activation="relu", name=f"conv_{number}"
            )(x)
        x = keras.layers.Conv2D(
            channels, 3, padding="same", activation="sigmoid", dtype="float32", name="pixels"
        )(x)
    else:
        x = keras.layers.Dense(
            int(np.prod(shape)), activation="sigmoid", dtype="float32", name="pixels"
        )(x)
        x = keras.layers.Reshape(shape, dtype="float32", name="reshape")(x)
    outputs = keras.layers.Rescaling(255.0, dtype="float32", name="rescaling")(x)
    return keras.Model(inputs, outputs, name="decoder")
