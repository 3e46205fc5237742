"""
A forger and an expert: handwritten digits out of noise
=======================================================

How does one teach a network to draw a digit that nobody has written?
There is no right answer to compare its picture with.
But there is a question that a second network can learn to answer: is this picture real, or has it been made?

So two networks learn at once. The *generator* makes pictures of random numbers; the *discriminator* learns to tell them from real ones; and the generator learns to be taken for real.
On this page we write both of them and their step of training, let them learn against each other on handwritten digits, and watch what the generator makes of the same numbers as time goes by.
Then we look for honest measures, because the two losses turn out to be none: how far the made digits are from real ones, whether all ten are among them, and whether they were copied.

It assumes the pages on convolutional networks and on custom training; the section on adversarial networks in the eighth chapter explains the rest.
"""

# %%
# Setup
# -----
# Adam gets a shorter memory than usual, for yesterday's slope says little when the opponent has moved.

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from dlguide import datasets, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

PICTURES = 12_000  # to learn from
LATENT = 32  # random numbers for a picture
FILTERS = (16, 32)  # maps of the discriminator; the generator turns round
RATE, BETA_1 = 2e-3, 0.5
BATCH = 64
EPOCHS = 14
STAGES = (0, 1, 2, 5, EPOCHS)  # epochs after which we look
JUDGED = 2_000  # pictures in a measure

# %%
# Look at the data
# ----------------

(x_train, y_train), (x_test, y_test) = datasets.digits()
digits = x_train[:PICTURES, ..., None]
# Two sets of new digits: one to compare with, and others for the floor.
even, odd = slice(0, 2 * JUDGED, 2), slice(1, 2 * JUDGED, 2)
reference, others = x_test[even, ..., None], x_test[odd, ..., None]
print(f"to learn from {digits.shape}, to compare with {reference.shape}")

# %%
datasets.card("digits")

# %%
# A reader to judge by
# --------------------
# To measure pictures we need somebody who knows digits, and who has no part in the game.
# A small convolutional network learns to read other training digits than those which the pair will see.
# The 64 numbers from which it reads are its *features*.

rest = slice(PICTURES, PICTURES + 15_000)
reader = keras.Sequential(
    [
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(16, 5, strides=2, activation="relu"),
        keras.layers.Conv2D(32, 3, strides=2, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(64, activation="relu", name="features"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
reader.compile(
    "adam", loss="sparse_categorical_crossentropy", steps_per_execution=20
)
reader.fit(x_train[rest, ..., None], y_train[rest], 64, epochs=4, verbose=0)
eyes = keras.Model(
    reader.inputs, [reader.get_layer("features").output, *reader.outputs]
)


def read(pictures):
    """Return the features of pictures, and the probabilities of digits."""
    return eyes.predict(pictures, batch_size=500, verbose=0)


features, answers = read(reference)
right = np.mean(answers.argmax(1) == y_test[even])
print(f"the reader is right for {right:.1%} of new digits")

# %%
# What must we beat?
# ------------------
# Each set of pictures becomes a cloud of points in the space of these features. The *Fréchet distance* compares the means and the covariances of two clouds: wrong pictures shift the mean, too little variety makes the cloud too small.
# We divide it by the spread of the real digits, so that a generator which always makes one and the same picture, however good, gets about 1 or more.


def distance(pictures):
    """Return the Fréchet distance to the reference, in its spread."""
    cloud = read(pictures)[0]
    shift = cloud.mean(axis=0) - features.mean(axis=0)
    one, two = (np.cov(rows, rowvar=False) for rows in (cloud, features))
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    both = np.linalg.eigvalsh(root @ two @ root).clip(0)
    both = np.trace(one) + np.trace(two) - 2 * np.sqrt(both).sum()
    return (shift @ shift + both) / np.trace(two)


rng = np.random.default_rng(SEED)
marks = {
    "noise": rng.uniform(0, 255, reference.shape),
    "the average digit": np.repeat(digits.mean(0)[None], JUDGED, axis=0),
    "other real digits": others,
}
marks = {name: distance(pictures) for name, pictures in marks.items()}
for name, value in marks.items():
    print(f"{name:18} {value:6.3f}")

# %%
# Real digits and other real digits are next to no distance apart. That is the floor: no generator can do better.
# Noise and one average digit, over and over, stand for the ceiling.
#
# The model
# ---------
# The generator is a convolutional network read backwards. It lays its numbers out as 32 small maps of 7 by 7 and doubles their sides twice.


def build_generator():
    """Return the way from noise to a picture, 0 to 255."""
    noise = keras.Input((LATENT,))
    x = keras.layers.Dense(7 * 7 * FILTERS[1], use_bias=False)(noise)
    x = keras.layers.Reshape((7, 7, FILTERS[1]))(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.LeakyReLU(0.2)(x)
    x = keras.layers.Conv2DTranspose(
        FILTERS[0], 4, strides=2, padding="same", use_bias=False
    )(x)  # 14 by 14
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.LeakyReLU(0.2)(x)
    x = keras.layers.Conv2DTranspose(
        1, 4, strides=2, padding="same", activation="tanh"
    )(x)  # 28 by 28
    return keras.Model(noise, keras.layers.Rescaling(127.5, 127.5)(x))


def build_discriminator():
    """Return the way from a picture to a number: how real it looks."""
    picture = keras.Input((28, 28, 1))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(picture)
    for filters in FILTERS:
        x = keras.layers.Conv2D(filters, 4, strides=2, padding="same")(x)
        x = keras.layers.LeakyReLU(0.2)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(picture, keras.layers.Dense(1)(x))


# %%
# The step
# --------
# Both losses are the binary cross-entropy of an answer to the question "is it real?".
# The discriminator is to say 1 for real pictures and 0 for made ones. The generator wants to hear 1 for its own.
# So there are two losses, two optimisers, and each network follows the slope of its own; the generator's slope comes to it through the discriminator.

entropy = keras.losses.BinaryCrossentropy(from_logits=True)


def step(pair, real):
    """Take one step of both networks, and return both losses."""
    real = tf.cast(real, "float32")
    count = tf.shape(real)[0]
    noise = keras.random.normal((count, LATENT), seed=pair.noise)
    with tf.GradientTape(persistent=True) as tape:
        made = pair.generator(noise, training=True)
        both = tf.concat([real, made], axis=0)
        answer = pair.discriminator(both, training=True)
        for_real, for_made = answer[:count], answer[count:]
        yes, no = tf.ones_like(for_made), tf.zeros_like(for_made)
        caught = (entropy(yes, for_real) + entropy(no, for_made)) / 2
        believed = entropy(yes, for_made)
    for network, optimizer, loss in (
        (pair.discriminator, pair.discriminator_optimizer, caught),
        (pair.generator, pair.optimizer, believed),
    ):
        weights = network.trainable_variables
        slopes = tape.gradient(loss, weights)
        optimizer.apply_gradients(zip(slopes, weights, strict=True))
    return caught, believed


# %%
# A model with a ``train_step`` of its own can be trained by ``fit`` like any other. It returns what ``fit`` is to report, here the means of both losses over an epoch.


class Adversaries(keras.Model):
    """A generator and a discriminator that learn against each other."""

    def __init__(self):
        super().__init__()
        self.generator = build_generator()
        self.discriminator = build_discriminator()
        self.noise = keras.random.SeedGenerator(SEED)
        names = ("discriminator", "generator")
        self.means = [keras.metrics.Mean(name=name) for name in names]
        self.built = True  # both networks are

    def compile(self, optimizer, discriminator_optimizer):
        super().compile(optimizer)
        self.discriminator_optimizer = discriminator_optimizer

    def train_step(self, real):
        for mean, loss in zip(self.means, step(self, real), strict=True):
            mean.update_state(loss)
        return {mean.name: mean.result() for mean in self.means}


# %%
# Train
# -----
# Some points of noise are set aside before training. After some of the epochs we look at what has become of them, and after each we measure the distance.

points = rng.standard_normal((JUDGED, LATENT)).astype("float32")


class Album(keras.callbacks.Callback):
    """Keep what the generator makes of the same points over time."""

    def __init__(self):
        super().__init__()
        self.pictures, self.distances = {}, []

    def on_train_begin(self, logs=None):
        self.on_epoch_end(-1)

    def on_epoch_end(self, epoch, logs=None):
        generator = self.model.generator
        made = generator.predict(points, batch_size=500, verbose=0)
        self.distances.append(distance(made))
        if epoch + 1 in STAGES:
            self.pictures[epoch + 1] = made


keras.utils.set_random_seed(SEED)
pair, album = Adversaries(), Album()
pair.compile(
    keras.optimizers.Adam(RATE, beta_1=BETA_1),
    keras.optimizers.Adam(RATE, beta_1=BETA_1),
)
losses = pair.fit(
    digits,
    batch_size=BATCH,
    epochs=EPOCHS,
    callbacks=[album],
    verbose=0,
).history

# %%

fig, ax = plt.subplots(figsize=(6.4, 3.4))
sheet = [
    np.hstack(list(made[:12, ..., 0])) for made in album.pictures.values()
]
ax.imshow(np.vstack(sheet), cmap="gray", vmin=0, vmax=255)
ax.set(title="The same noise over time", xticks=[], ylabel="Epochs")
ax.set(xlabel="Twelve points of noise")
ax.set_yticks(28 * np.arange(len(STAGES)) + 14, STAGES)
ax.grid(visible=False)
fig.set_label(
    "Five rows of twelve pictures, made of the same noise. Before training "
    "they are grey; after the first epoch there are light blots; after that "
    "strokes, and in the last row most can be read as digits."
)

# %%
# Ink comes first, then strokes, then digits. A point often keeps its digit once it has found one, though not always: nothing holds it there.
#
# Two losses and a distance
# -------------------------

fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.4))
epochs = np.arange(1, EPOCHS + 1)
for (name, values), mark in zip(losses.items(), "so", strict=True):
    axes[0].plot(epochs, values, marker=mark, ms=4, label=name)
axes[0].axhline(np.log(2), color="C3", ls="--", label="log 2")
axes[0].set(title="Losses", xlabel="Epoch", ylabel="Loss (nats)")
axes[0].legend(fontsize=9)
axes[1].plot(epochs, album.distances[1:], "^-", ms=4, label="made digits")
axes[1].axhline(
    marks["other real digits"], color="C3", ls="--", label="real digits"
)
axes[1].set(title="Distance", xlabel="Epoch", yscale="log")
axes[1].set_ylabel("Fréchet distance (spreads)")
axes[1].legend(fontsize=9)
fig.set_label(
    "Left: the losses of generator and discriminator over the epochs, on "
    "either side of a line at log 2 and nearly level. Right: the distance "
    "of made digits from real ones falls to a fraction of its first value."
)

# %%
# A discriminator that can only guess says one half to everything, and pays log 2 for every answer, whatever it is: so much is a coin's fall worth. If the two sides could not be told apart, both losses would lie on this line.
#
# In the first epoch the made pictures are easily found out. Then the discriminator's loss comes up towards the line and stays below it, and the generator's stays above: a little is always found out.
# Neither of them falls to zero, as the loss of a classifier would. What one wins the other loses, and they settle where neither gets ahead. It is a balance, not a minimum.
#
# So the losses do not say how good the pictures are. At the end the generator's is higher than after the second epoch, and its pictures are far nearer to real ones: a better forger, against a better expert.
# Yet it ends far above the floor. Our generator is small, and it has not had much time.
#
# Look at many
# ------------

made = album.pictures[EPOCHS]
plots.image_grid(
    made[:60, ..., 0] / 255,
    title="Made digits, not chosen",
    columns=10,
    alt="Six rows of ten made digits in white on black. Many can be "
    "read at a glance, others look like a stroke gone wrong.",
)

# %%
# The first ones that came, good and bad. The strokes have the width of a pen and crisp edges; there is none of the blur of an autoencoder.
# Many are digits; and many are nothing, drawn with conviction. The discriminator asks whether a picture *looks* real, and it looks at strokes more closely than at figures.
#
# Are all ten among them?
# -----------------------

found = read(made)[1]
shares = np.bincount(found.argmax(axis=1), minlength=10) / JUDGED
real_shares = np.bincount(answers.argmax(axis=1), minlength=10) / JUDGED
evenness = -(shares * np.log(shares.clip(1e-9))).sum() / np.log(10)
sure = {
    "real": np.mean(answers.max(axis=1) > 0.9),
    "made": np.mean(found.max(axis=1) > 0.9),
}
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.bar(np.arange(10) - 0.2, 100 * real_shares, 0.4, label="real")
ax.bar(np.arange(10) + 0.2, 100 * shares, 0.4, hatch="//", label="made")
ax.set(title="What the reader reads", xlabel="Digit", ylabel="Share (%)")
ax.set(xticks=range(10), ylim=(0, 26))
ax.legend(ncols=2)
fig.set_label(
    "Pairs of bars for the ten digits: the share of each among real and "
    "among made pictures. All ten are made, some too often, some too seldom."
)
print(f"evenness of the made ones {evenness:.3f} (1 if all as frequent)")
for name, share in sure.items():
    print(f"reader more than 90% sure, {name}: {share:.1%}")

# %%
# All ten are there, more or less as often as they should be. Nobody has told the generator that there are ten kinds.
# *Evenness* puts it in a number: the entropy of the shares, divided by that of ten equal ones.
# Of most real digits the reader is more than 90 per cent sure. Of the made ones it is so half as often, more or less; that is the honest version of what the eye saw.
#
# Have they been copied?
# ----------------------
# A generator could learn its training digits by heart and show them around. So we look up the nearest one, pixel by pixel.

known = digits.reshape(PICTURES, -1).astype("float32") / 255


def nearest(pictures):
    """Return row and distance of the training digit nearest to each."""
    rows = pictures.reshape(len(pictures), -1).astype("float32") / 255
    squares = (known**2).sum(1) - 2 * rows @ known.T
    squares += (rows**2).sum(1)[:, None]
    return squares.argmin(1), np.sqrt(squares.min(1).clip(0))


near, gap = nearest(made[:500])
_, real_gap = nearest(others[:500])
plots.image_grid(
    np.concatenate([made[:12], digits[near[:12]]])[..., 0] / 255,
    title="Made digits, and the training digits nearest to them",
    columns=12,
    alt="Twelve made digits, and below each the training digit nearest to "
    "it. Where a figure can be read it is mostly the same one, in another "
    "hand.",
)
print(f"median distance to the nearest training digit {np.median(gap):.2f}")
print(f"of real digits that are new {np.median(real_gap):.2f}")

# %%
# A copy would have a distance of zero. The made digits are further from the training digits than real new ones are, so they are no copies; some of this distance is that of pictures which are no digits.
#
# From one point to another
# -------------------------
# What lies between two points of noise? Walking along an arc, :math:`a \cos t + b \sin t`, each stop is again as likely a point of noise as any.

turn = np.linspace(0, np.pi / 2, 12)[:, None]
walks = np.concatenate(
    [
        np.cos(turn) * start + np.sin(turn) * end
        for start, end in points[:10].reshape(5, 2, LATENT)
    ]
)
on_the_way = pair.generator.predict(walks, batch_size=500, verbose=0)
plots.image_grid(
    on_the_way[..., 0] / 255,
    title="Five walks from one point of noise to another",
    columns=12,
    alt="Five rows of twelve pictures. Along each row one made digit turns "
    "into another, in small steps.",
)

# %%
# One picture turns into the other in small steps, though nobody has asked for that: the generator is a smooth function of its numbers.
# A variational autoencoder's space is ordered by a loss of its own, and a picture has a place in it. Here there is no such order and no way in: nothing says which point would make a given digit.
#
# What to take away
# -----------------
# A generator and a discriminator are trained by one step with two losses, each of which is the other's reason to move.
# They settle to a balance near log 2, and their losses do not tell how good the pictures are; a distance on the features of an impartial reader does, between a floor and a ceiling.
# The pictures are crisp and various and not copied, and a good part of them are digits without a doubt.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "reader_accuracy": right,
    "distance_average": marks["the average digit"],
    "distance_noise": marks["noise"],
    "distance_real": marks["other real digits"],
    "distance_untrained": album.distances[0],
    "distance_first": album.distances[1],
    "distance_last": np.mean(album.distances[-3:]),
    "evenness": evenness,
    "rarest": shares.min(),
    "commonest": shares.max(),
    "sure_real": sure["real"],
    "sure_made": sure["made"],
    "gap_made": np.median(gap),
    "gap_real": np.median(real_gap),
    "generator_second": losses["generator"][1],
    "generator_lowest": min(losses["generator"]),
    "generator_last": losses["generator"][-1],
    "discriminator_first": losses["discriminator"][0],
    "discriminator_highest": max(losses["discriminator"]),
    "discriminator_last": losses["discriminator"][-1],
}
for name, value in measured.items():
    print(f"{name:22} {value:.4g}")

# %%

# (Ranges are those of five seeds.)
assert right > 0.93  # .958 to .969
# The distance falls by far between the first epoch (.20 to .23; untrained 1.3 to
# 1.5) and the last three (.071 to .082), and stays far above the floor (.004 to
# .005). Noise has .86 to 1.1, the average digit 1.2 to 1.3.
assert marks["other real digits"] < 0.02
assert min(marks["noise"], marks["the average digit"]) > 0.6
assert album.distances[0] > 2.5 * album.distances[1]
assert measured["distance_last"] < 0.7 * album.distances[1]
assert measured["distance_last"] > 4 * marks["other real digits"]
# The balance: the discriminator below log 2 (at most .64 to .66, at last .55 to
# .59), the generator above (at least .80 to .84), neither near zero; the first
# rises from its first epoch (.49 to .58), the second from its second (.80 to
# .90, at last 1.0 to 1.2).
assert 0.4 < losses["discriminator"][-1] < np.log(2)
assert max(losses["discriminator"]) < np.log(2)
assert max(losses["discriminator"]) > losses["discriminator"][0] + 0.03
assert min(losses["generator"]) > np.log(2)
assert losses["generator"][-1] > losses["generator"][1] + 0.03
# All ten are made (evenness .97 to .99, the rarest .04 to .07, the commonest .14
# to .20); the reader is sure of most real ones (.88 to .90), of the made ones
# little more than half as often (.51 to .54).
assert evenness > 0.93
assert shares.min() > 0.01
assert shares.max() < 0.26
assert sure["real"] > 0.8
assert 0.3 < sure["made"] / sure["real"] < 0.75
# No copies (6.1 to 6.3 against 4.98).
assert np.median(gap) > 1.05 * np.median(real_gap)

# %%
# Try it
# ------
# 1. Set ``EPOCHS = 40``. Prediction: the distance goes down a little further, and the generator's loss goes up.
# 2. Set ``LATENT = 2``. Prediction: the distance hardly falls after the first epoch, and some digits are never made: two numbers hold too little.

# sphinx_gallery_topics = ["8.5"]
# sphinx_gallery_keywords = ["images", "generative adversarial network", "latent space", "custom training"]
# sphinx_gallery_budget = {"cpu_seconds": 180, "because": "two networks learn against each other, and need fourteen passes until one can read what they make"}
# sphinx_gallery_thumbnail_number = 3
