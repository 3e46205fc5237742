"""
The same numbers, two painters: a VAE and a GAN side by side
============================================================

A variational autoencoder and a generative adversarial network end in the same way: with a network that turns a row of random numbers into a picture.
They differ in who tells that network what is good.
The one has to restore pictures that exist; the other has to pass for real.

On this page both learn from the same digits, and both take the same number of standard normal numbers. So we can put the very same numbers into either.
We compare what they draw: how sharp, how true and how various it is. We walk through both spaces along the same line and measure whether the picture changes evenly. And we try what only one of them can do, which is to find the place of a picture that exists.

It assumes the pages on the variational autoencoder and on the adversarial pair; the last two sections of the eighth chapter explain the rest.
"""

# %%
# Setup
# -----
# Sixteen numbers are enough for a digit in some detail.
# The autoencoder is dense, as on the page about walking among digits; the pair has convolutions. As always in the game of two, Adam gets a shorter memory there.
# Neither of the two will be at its best; the pages that have more time for one of them show how far it gets.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, generative, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

PICTURES = 8_000  # to learn from
LATENT = 16
UNITS = 256  # of the autoencoder's dense layers
FILTERS = (16, 32)  # maps of the pair's convolutions
VAE_EPOCHS, GAN_EPOCHS = 10, 12
BATCH, RATE = 64, 2e-3
BETA_1 = 0.5  # Adam's memory in the game of two
DRAWN = 2_000  # pictures in a measure
WALKS, STEPS = 100, 24
PILE = 5_000  # drawn pictures to search among

# %%
# Look at the data
# ----------------

(x_train, y_train), (x_test, y_test) = datasets.digits()
digits = x_train[:PICTURES, ..., None]
# Two sets of new digits: one to compare with, and others for the floor.
evens, odds = slice(0, 2 * DRAWN, 2), slice(1, 2 * DRAWN, 2)
new, other = x_test[evens, ..., None], x_test[odds, ..., None]
print(f"to learn from {digits.shape}, to compare with {new.shape}")

# %%
datasets.card("digits")

# %%
# A reader to judge by
# --------------------
# A small network that learned to read other digits looks at what is drawn. The 64 numbers from which it reads are its *features*.

rest = slice(PICTURES, PICTURES + 12_000)
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


features, answers = read(new)
right = np.mean(answers.argmax(axis=1) == y_test[evens])
print(f"the reader is right for {right:.1%} of new digits")

# %%
# What must they reach?
# ---------------------
# Four measures, and what real digits get.
# *Sharpness* is the squared step from a pixel to its neighbour, as a share of the squared brightness.
# The *distance* is Fréchet's, of the features, divided by the spread of real ones; *sure* is the share of pictures for which the reader gives more than nine tenths to one figure;
# and *evenness* is the entropy of what it reads, 1 if all ten figures are drawn equally often.


def sharpness(pictures):
    """Return the squared step between neighbours, as a share."""
    x = pictures[..., 0] / 255
    steps = (np.diff(x, axis=1) ** 2).sum() + (np.diff(x, axis=2) ** 2).sum()
    return steps / (2 * (x**2).sum())


def distance(cloud):
    """Return the Fréchet distance to the new digits, in their spread."""
    shift = cloud.mean(axis=0) - features.mean(axis=0)
    one, two = (np.cov(rows, rowvar=False) for rows in (cloud, features))
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    both = np.linalg.eigvalsh(root @ two @ root).clip(0)
    both = np.trace(one) + np.trace(two) - 2 * np.sqrt(both).sum()
    return (shift @ shift + both) / np.trace(two)


def judge(pictures):
    """Return the four measures of a set of pictures."""
    cloud, told = read(pictures)
    shares = np.bincount(told.argmax(axis=1), minlength=10) / len(told)
    even = -(shares * np.log(shares.clip(1e-9))).sum() / np.log(10)
    sure = np.mean(told.max(axis=1) > 0.9)
    return sharpness(pictures), distance(cloud), sure, even


# %%
# Two models
# ----------
# Their pages spell them out; here they come from the library.

vae = generative.VariationalAutoencoder(
    (28, 28, 1), LATENT, (), units=UNITS, seed=SEED
)
vae.compile(keras.optimizers.Adam(RATE), steps_per_execution=20)
gan = generative.GenerativeAdversarialNetwork(
    (28, 28, 1), LATENT, FILTERS, seed=SEED
)
gan.compile(
    keras.optimizers.Adam(RATE, beta_1=BETA_1),
    discriminator_optimizer=keras.optimizers.Adam(RATE, beta_1=BETA_1),
)
for name, network in (
    ("decoder of the VAE", vae.decoder),
    ("generator of the GAN", gan.generator),
):
    print(f"{name:21} {network.count_params():7,} weights")

# %%
# Train
# -----

told = vae.fit(digits, batch_size=BATCH, epochs=VAE_EPOCHS, verbose=0).history
game = gan.fit(digits, batch_size=BATCH, epochs=GAN_EPOCHS, verbose=0).history
print("autoencoder, nats:", *(f"{value:.1f}" for value in told["loss"]))
for part in ("generator", "discriminator"):
    print(part, *(f"{value:.2f}" for value in game[f"{part}_loss"]))

# %%
# The autoencoder's loss falls, as losses do. Those of the pair have nothing to fall to.
#
# Judge
# -----
# The same two thousand rows of standard normal numbers go into both.

random = np.random.default_rng(SEED)
points = random.standard_normal((DRAWN, LATENT)).astype("float32")
drawn = {
    "real": other,
    "VAE": vae.decode(points),
    "GAN": gan.generate(points),
}
measures = {name: judge(pictures) for name, pictures in drawn.items()}
print("       sharpness  distance   sure  evenness")
for name, row in measures.items():
    sharp, far, sure, even = row
    print(f"{name:5}{sharp:11.3f}{far:10.3f}{sure:7.2f}{even:10.3f}")
plots.image_grid(
    np.concatenate([pictures[:24, ..., 0] for pictures in drawn.values()])
    / 255,
    title="Real digits, the VAE's and the GAN's, not chosen",
    columns=12,
    alt="Six rows of twelve digits. Two rows of real ones; two rows by the "
    "autoencoder, soft and grey at the edges; two rows by the adversarial "
    "pair, with firm strokes. In both there are some that cannot be read.",
)

# %%
# The autoencoder's pictures are soft: of the sharpness of real digits they have about half, or less. Where its numbers leave open how a stroke runs, it paints all the ways it might run, lightly.
# The generator's are as sharp as real ones. Softness would give it away.
#
# But sharp is not true. Of both, the reader is sure far less often than of real digits, and both lie many times as far from the reference as other real digits do.
# One makes hazy figures, the other crisp strokes that are often no figure.
# All ten figures are drawn by both, not quite as evenly as people write them.

# %%
# The same walk in both
# ---------------------
# We take two points and go from one to the other in small steps, on the arc of a circle around the origin, so that every point on the way is as far out as a drawn one.
# How much does the picture change from step to step?

angle = np.linspace(0, np.pi / 2, STEPS + 1)[:, None, None]
start, end = points[:WALKS], points[WALKS : 2 * WALKS]
way = np.cos(angle) * start + np.sin(angle) * end  # (steps, walks, numbers)
flat = way.reshape(-1, LATENT)
walked = {
    name: pictures.reshape(*way.shape[:2], 28, 28)
    for name, pictures in {
        "VAE": vae.decode(flat),
        "GAN": gan.generate(flat),
    }.items()
}
change = {
    name: np.sqrt((np.diff(pictures / 255, axis=0) ** 2).sum(axis=(2, 3)))
    for name, pictures in walked.items()
}
uneven = {
    name: np.median(steps.max(axis=0) / steps.mean(axis=0))
    for name, steps in change.items()
}
length = {name: np.median(steps.sum(0)) for name, steps in change.items()}
for name in change:
    print(f"{name}: largest step {uneven[name]:.2f} times the mean", end="")
    print(f", whole way {length[name]:.1f}")

# %%

fig, axes = plt.subplots(3, 1, figsize=(6.4, 4.6), height_ratios=(2, 2, 3))
shown = np.linspace(0, STEPS, 13).round().astype(int)
for ax, (name, pictures) in zip(axes, walked.items(), strict=False):
    rows = [np.hstack(list(pictures[shown, row])) for row in (0, 1)]
    ax.imshow(np.vstack(rows), cmap="gray", vmin=0, vmax=255)
    ax.set(title=f"{name}: two walks", xticks=[], yticks=[])
    ax.grid(visible=False)
for (name, steps), mark in zip(change.items(), "so", strict=True):
    share = np.sort(steps / steps.mean(axis=0), axis=0)[::-1]
    axes[2].plot(
        np.arange(1, STEPS + 1), np.median(share, 1), f"{mark}-", label=name
    )
axes[2].axhline(1, color="0.5", lw=1, ls="--")
axes[2].set(title="Steps of a walk, largest first", xlabel="Rank of the step")
axes[2].set(ylabel="Change (mean = 1)", ylim=(0, 2))
axes[2].legend()
fig.set_label(
    "Above, two walks in each space, thirteen pictures long; in every one a "
    "picture turns into another through shapes in between. Below, the change "
    "of the picture in each step, sorted: it falls slowly, from less than one "
    "and three quarters of the mean to more than half of it, for both."
)

# %%
# One would expect the autoencoder to win here. Its space is continuous by construction: every picture of the training set was a cloud, clouds overlap, and what lies between was decoded again and again.
# Nothing of the kind was ever asked of the generator. And yet its pictures change just as evenly: in either space the largest step of a typical walk is well below twice the mean one.
#
# The reason is plain. Both networks are smooth functions of their numbers, and a small step makes a small change.
# So "a GAN's space need not be continuous" is true, and on this data we do not see it. The difference is that in one case an even walk is asked for by the loss, and in the other it is a habit, which may fail where nobody has looked.
#
# What does differ is the length of the way. From the same start to the same end, the generator's pictures change more in all, for a firm stroke that moves by its width changes every pixel on its way from black to white.

# %%
# The way in
# ----------
# Where in the space does a given digit lie? The autoencoder has an encoder for that.
# The pair has none. All that one can do is search, and we try the simplest search: of five thousand pictures that it makes, which one is nearest?
# To be fair, we search among as many of the autoencoder's, and ask how near a training digit comes.

wanted = other[:12]
restored = vae.decode(vae.encode(wanted)[0])
pile = random.standard_normal((PILE, LATENT)).astype("float32")
pictures = {"VAE": vae.decode(pile), "GAN": gan.generate(pile)}


def miss(given, answer):
    """Return the mean distance of pictures, pixel by pixel."""
    squares = (given / 255 - answer / 255) ** 2
    return np.sqrt(squares.sum(axis=(1, 2, 3))).mean()


def search(given, pile):
    """Return the picture of a pile that is nearest to each given one."""
    rows, flat = (x.reshape(len(x), -1) / 255 for x in (given, pile))
    squares = (flat**2).sum(axis=1) - 2 * rows @ flat.T
    return pile[squares.argmin(axis=1)]


# %%

many = other[:200]
found = {name: search(many, pile) for name, pile in pictures.items()}
misses = {
    "VAE, encoded": miss(many, vae.decode(vae.encode(many)[0])),
    "VAE, searched": miss(many, found["VAE"]),
    "GAN, searched": miss(many, found["GAN"]),
    "nearest real digit": miss(many, search(many, digits)),
}
for name, value in misses.items():
    print(f"{name:19} {value:.2f}")
plots.image_grid(
    np.concatenate([wanted, restored, found["GAN"][:12]])[..., 0] / 255,
    title="Wanted; encoded; the nearest that the GAN drew",
    columns=12,
    alt="Three rows of twelve digits: given ones; the same digits restored, "
    "softer and most of them in the same hand; and those that were found by "
    "searching, crisp, often alike in outline and often no clear figure.",
)

# %%
# The encoder needs one pass, and what it finds is nearer to the wanted digit than the best of five thousand pictures of the generator, by far.
# Compare the two searches as well: the nearest picture that the autoencoder has drawn by chance is also nearer than the generator's. Soft pictures are never far from anything, for a pixel by pixel distance forgives haze, and punishes a firm stroke that lies beside its place.
# So part of this victory belongs to the measure. The rest is the way in: it is one pass, it is there for every picture, and nobody has to draw thousands.
#
# Look at the last line, too. It is a mark for what is near: the nearest of eight thousand digits that others have written is not as near as the encoder's answer.
#
# What to take away
# -----------------
# The same numbers become soft pictures in one network and crisp ones in the other, and each is wrong where its loss does not look.
# Both spaces are even to walk through; only one of them has been asked to be.
# And only the autoencoder can say where a given picture lies. Who needs that, takes it; who needs firm strokes, takes the other, and looks after the rest.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "reader_accuracy": right,
    "real_sharpness": measures["real"][0],
    "vae_sharpness": measures["VAE"][0],
    "gan_sharpness": measures["GAN"][0],
    "real_distance": measures["real"][1],
    "vae_distance": measures["VAE"][1],
    "gan_distance": measures["GAN"][1],
    "real_sure": measures["real"][2],
    "vae_sure": measures["VAE"][2],
    "gan_sure": measures["GAN"][2],
    "vae_evenness": measures["VAE"][3],
    "gan_evenness": measures["GAN"][3],
    "vae_largest_step": uneven["VAE"],
    "gan_largest_step": uneven["GAN"],
    "vae_way": length["VAE"],
    "gan_way": length["GAN"],
    "encoded_miss": misses["VAE, encoded"],
    "vae_searched_miss": misses["VAE, searched"],
    "gan_searched_miss": misses["GAN, searched"],
    "nearest_real_miss": misses["nearest real digit"],
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# %%

# (Ranges are those of five seeds.)
assert right > 0.9  # .947 to .957
# The autoencoder's pictures are soft (.18), the generator's as sharp
# (.31 to .33) as real ones (.34).
assert measured["vae_sharpness"] < 0.6 * measured["real_sharpness"]
assert 0.7 < measured["gan_sharpness"] / measured["real_sharpness"] < 1.35
# Both are many times further away (.095 to .126 and .076 to .112) than
# real digits (.0042 to .0047), the reader is sure of fewer (.32 to .38 and
# .44 to .49 against .85 to .89), and all ten are drawn (evenness
# .96 to .98 and .94 to .99). Both walks are even (1.27 to 1.35
# and 1.47 to 1.54), and the generator's is longer (20.5 to 21.5 against
# 9.8 to 10.2).
for name in ("VAE", "GAN"):
    assert measures[name][1] > 5 * measures["real"][1]
    assert measures[name][2] < 0.8 * measures["real"][2]
    assert 0.8 < measures[name][3] < measures["real"][3]
    assert 1.2 < uneven[name] < 1.9
assert 1 / 4 < measures["VAE"][1] / measures["GAN"][1] < 2
assert length["GAN"] > 1.25 * length["VAE"]
# The encoder comes nearest (3.46 to 3.49; a training digit 4.79),
# and a search among the autoencoder's pictures (5.06 to 5.13) nearer than
# one among the generator's (5.98 to 6.20).
assert misses["VAE, encoded"] < 0.9 * misses["GAN, searched"]
assert misses["VAE, searched"] < 0.95 * misses["GAN, searched"]
assert misses["VAE, encoded"] < 0.9 * misses["nearest real digit"]

# %%
# Try it
# ------
# 1. Set ``LATENT = 4``. Prediction: both are about twice as far from real digits as before. And the encoder's answer is no nearer than the best of five thousand draws of the autoencoder, which fill so small a space.
# 2. Set ``PILE = 20_000``. Prediction: with four times as many draws, both searches come a little nearer, and neither comes as near as the encoder's answer.

# sphinx_gallery_topics = ["8.5", "8.4"]
# sphinx_gallery_keywords = ["images", "generative adversarial network", "variational autoencoder", "latent space"]
# sphinx_gallery_budget = {"cpu_seconds": 120, "because": "two models that make pictures are trained, and a reader to judge them"}
# sphinx_gallery_thumbnail_number = 1
