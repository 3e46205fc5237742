"""
What does batch normalisation change?
=====================================

Inputs are scaled to mean 0 and spread 1 before training, because layers learn best from such numbers.
But every layer has inputs, those that the layer below hands up, and their scale moves with every step.
Batch normalisation scales them too, at each layer and for each batch anew.

On this page we rebuild the layer from a mean and a standard deviation, and find out what it remembers for later.
We train the same deep network with and without it at three learning rates.
Then we look at its two faces: in training the answer to an image depends on who else is in the batch, and in use it rests on running averages that may lag behind.

It assumes the pages on first weights in the first chapter; the section on architecture patterns in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# Ten hidden layers are enough to make training delicate. A few thousand digits keep each run to seconds.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

DEPTH, UNITS = 10, 64
TRAINING, VALIDATION, TEST = 2_500, 500, 2_000
RATES = (0.01, 0.1, 1.0)  # each ten times the last
EPOCHS, BATCH = 5, 50

# %%
# Look at the data
# ----------------
# The images are 28 by 28 grey pixels, standardised by one mean and one standard deviation.

(x_train, y_train), (x_test, y_test) = datasets.digits()
order = np.random.default_rng(SEED).permutation(len(x_train))
chosen, held_out = np.split(order[: TRAINING + VALIDATION], [TRAINING])
mean, spread = x_train[chosen].mean(), x_train[chosen].std()


def rows(images):
    """Return images as rows of standardised pixels, (images, 784)."""
    return ((images.reshape(-1, 784) - mean) / spread).astype("float32")


x, y = rows(x_train[chosen]), y_train[chosen]
x_val, y_val = rows(x_train[held_out]), y_train[held_out]
x_new, y_new = rows(x_test[:TEST]), y_test[:TEST]
commonest = np.mean(y_new == np.bincount(y).argmax())
print(f"training {x.shape}, validation {x_val.shape}, test {x_new.shape}")

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# The most frequent digit for every image. A network that does no better has not learned anything.

print(f"one answer for all: {commonest:.3f}")

# %%
# The layer by hand
# -----------------
# For each unit: subtract the mean over the batch, divide by the standard deviation over the batch, multiply by a scale and add an offset.
# These two are learned, and begin at 1 and 0.
# On the side the layer keeps running averages of the batches' means and variances: one per cent of the new, ninety-nine per cent of the old.
# They begin at 0 and 1.

MOMENTUM, EPSILON = 0.99, 0.001  # Keras's own


def normalise(batch, centre, variance, scale=1.0, offset=0.0):
    """Return a batch, (images, units), normalised by these statistics."""
    return scale * (batch - centre) / np.sqrt(variance + EPSILON) + offset


units = keras.layers.Dense(UNITS, use_bias=False)
layer = keras.layers.BatchNormalization()
moving_mean, moving_variance = np.zeros(UNITS), np.ones(UNITS)
gap = 0.0
for first in range(0, TRAINING, BATCH):
    sums = units(x[first : first + BATCH]).numpy()
    ours = normalise(sums, sums.mean(axis=0), sums.var(axis=0))
    theirs = layer(sums, training=True).numpy()
    gap = max(gap, np.abs(ours - theirs).max())
    moving_mean += (1 - MOMENTUM) * (sums.mean(axis=0) - moving_mean)
    moving_variance += (1 - MOMENTUM) * (sums.var(axis=0) - moving_variance)

gap_mean = np.abs(moving_mean - layer.moving_mean.numpy()).max()
gap_variance = np.abs(moving_variance - layer.moving_variance.numpy()).max()
in_use = layer(sums, training=False).numpy()
gap_use = np.abs(in_use - normalise(sums, moving_mean, moving_variance)).max()
print(f"largest gaps between ours and Keras's: outputs {gap:.0e},")
print(
    f"mean {gap_mean:.0e}, variance {gap_variance:.0e}, in use {gap_use:.0e}"
)

# %%
# The layer is these few lines and nothing more.
# After the 50 batches of one pass, more than half of the running averages is still what they began with: 0.99 to the power of 50.
# We come back to this.
#
# The model
# ---------
# Ten layers of 64 relus. With normalisation each layer's weighted sums are normalised before the relu; the layer then needs no bias, since the offset is one.


def build_network(batch_norm, momentum=0.9):
    """Return a deep network, with or without batch normalisation."""
    pixels = x = keras.Input((784,))
    for _ in range(DEPTH):
        x = keras.layers.Dense(UNITS, use_bias=not batch_norm)(x)
        if batch_norm:
            x = keras.layers.BatchNormalization(momentum=momentum)(x)
        x = keras.layers.Activation("relu")(x)
    return keras.Model(pixels, keras.layers.Dense(10, "softmax")(x))


def compiled(network):
    """Return the network, ready for plain gradient descent."""
    network.compile(
        keras.optimizers.SGD(),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return network


# %%
# Train
# -----
# Each network begins three times from the same weights.
# A momentum of 0.9 lets the running averages follow within a few tens of batches.

runs, networks = {}, {}
for batch_norm in (False, True):
    network = compiled(build_network(batch_norm))
    beginning = network.get_weights()
    for rate in RATES:
        network.set_weights(beginning)
        network.optimizer.learning_rate = rate
        network.fit(
            x,
            y,
            epochs=EPOCHS,
            batch_size=BATCH,
            validation_data=(x_val, y_val),
            validation_batch_size=500,
            verbose=0,
        )
        runs[batch_norm, rate] = network.history.history
        networks[batch_norm, rate] = network.get_weights()

# %%
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.4), sharey=True)
for ax, batch_norm in zip(axes, (False, True), strict=True):
    for rate, mark in zip(RATES, "so^", strict=True):
        curve = runs[batch_norm, rate]["accuracy"]
        epochs = np.arange(1, EPOCHS + 1)
        ax.plot(epochs, curve, marker=mark, label=f"rate {rate:g}")
    words = "With" if batch_norm else "Without"
    ax.set(title=f"{words} normalisation", xlabel="Epoch", ylim=(0, 1.02))
axes[0].set_ylabel("Accuracy in training")
axes[1].legend(loc="lower right")
fig.set_label(
    "Training accuracy by epoch at three learning rates. Without "
    "normalisation the smallest and the largest rate stay far below the "
    "middle one. With normalisation all three curves climb high."
)


def last(batch_norm, rate):
    """Return the validation accuracy after the last epoch."""
    return runs[batch_norm, rate]["val_accuracy"][-1]


print("rate   validation accuracy without   with")
for rate in RATES:
    print(f"{rate:4g} {last(False, rate):28.3f} {last(True, rate):6.3f}")

# %%
# Without normalisation one rate of the three works: with the small one the network has hardly begun to learn, with the large one it never does better than guessing.
# With it the network learns at all three, over a factor of a hundred.
#
# Who else is in the batch?
# -------------------------
# In training mode a unit's output for one image depends on the mean of the batch, and so on all the other images.
# We ask the trained network about the same test images, in training mode, in companies of different sizes and kinds.

network.set_weights(networks[True, 0.1])
kinds = (keras.layers.Dense, keras.layers.BatchNormalization)
steps = [la.get_weights() for la in network.layers if isinstance(la, kinds)]


def answers(batch, training):
    """Return the digits that the network reads, computed by hand."""
    for (kernel,), norm in zip(steps[:-1:2], steps[1::2], strict=True):
        scale, offset, centre, variance = norm
        sums = batch @ kernel
        if training:
            centre, variance = sums.mean(axis=0), sums.var(axis=0)
        sums = normalise(sums, centre, variance, scale, offset)
        batch = np.maximum(sums, 0)
    kernel, bias = steps[-1]
    return batch @ kernel + bias


def in_company(some, size):
    """Return the accuracy in training mode, in batches of this size."""
    right = []
    for first in range(0, len(some), size):
        batch = some[first : first + size]
        guessed = answers(x_new[batch], training=True).argmax(axis=1)
        right.extend(guessed == y_new[batch])
    return np.mean(right)


predicted = network.predict(x_new, batch_size=500, verbose=0).argmax(axis=1)
by_hand = answers(x_new, training=False).argmax(axis=1)
agreement = np.mean(by_hand == predicted)
print(f"by hand and Keras, in use: the same digit for {agreement:.2%}")

# %%
SIZES = (2, 5, 10, 50, 200)
shuffled = np.random.default_rng(SEED).permutation(TEST)
mixed = [in_company(shuffled, size) for size in SIZES]
alike = shuffled[np.argsort(y_new[shuffled], kind="stable")]
sorted_accuracy = in_company(alike, 50)
use_accuracy = np.mean(predicted == y_new)

fig, ax = plt.subplots(figsize=(6.4, 3.6))
ax.plot(SIZES, mixed, "o-", label="training mode, mixed digits")
ax.plot([50], [sorted_accuracy], "^", ms=9, label="one kind of digit each")
ax.axhline(use_accuracy, ls="--", c="C2", label="in use, any batch")
ax.set(title="The same images in different company", ylim=(0, 1.02))
ax.set(xlabel="Images in a batch", ylabel="Accuracy", xscale="log")
ax.set_xticks(SIZES, SIZES)
ax.minorticks_off()
ax.legend(loc=(0.42, 0.3))
fig.set_label(
    "Accuracy in training mode against the size of the batch, on a "
    "logarithmic axis. It climbs from far below to about the dashed line of "
    "the network in use. A triangle at 50, for batches of one kind of digit, "
    "lies far below the curve."
)

# %%
# With fifty mixed images the batch's statistics are nearly good enough.
# With few they are mostly noise, and with fifty of the same digit they take away what all of them have in common, which is what made them that digit.
#
# The extreme is an image on its own.
# It is its own mean, so that after normalisation nothing is left of it but the offset.

alone = np.array([answers(x_new[[row]], training=True) for row in range(20)])
alone_gap = np.abs(alone - alone[0]).max()
singly = network.predict(x_new[:20], batch_size=1, verbose=0)
together = network.predict(x_new[:20], batch_size=20, verbose=0)
use_gap = np.abs(singly - together).max()
print(f"alone in training mode, 20 images: answers differ by {alone_gap:.0e}")
print(f"in use, batches of 1 against 20: answers differ by {use_gap:.0e}")

# %%
# In training mode all images that come alone get the same answer, whatever they show.
# In use the running averages take the batch's place, and the company does not matter any more.
#
# When the averages lag
# ---------------------
# This rests on the averages being right.
# Keras's usual momentum is 0.99, and an epoch has 50 steps here: after the first, more than half of what the layers use is still the 0 and 1 of the beginning.
# One more network with that momentum, from the same first weights, at the largest rate, where the weights and their sums change most.

slow = compiled(build_network(True, momentum=MOMENTUM))
slow.set_weights(beginning)
slow.optimizer.learning_rate = RATES[-1]
slow.fit(
    x,
    y,
    epochs=EPOCHS,
    batch_size=BATCH,
    validation_data=(x_val, y_val),
    validation_batch_size=500,
    verbose=0,
)
lagging, prompt = slow.history.history, runs[True, RATES[-1]]
print("epoch  left of the start  training  validation, momentum 0.99  0.9")
left = [MOMENTUM ** (n * TRAINING // BATCH) for n in range(1, EPOCHS + 1)]
for epoch in range(EPOCHS):
    print(f"{epoch + 1:5} {left[epoch]:18.0%}", end=" ")
    print(f"{lagging['accuracy'][epoch]:9.3f}", end=" ")
    print(f"{lagging['val_accuracy'][epoch]:25.3f}", end=" ")
    print(f"{prompt['val_accuracy'][epoch]:4.3f}")

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.6))
epochs = np.arange(1, EPOCHS + 1)
ax.plot(epochs, lagging["accuracy"], "o-", label="training, momentum 0.99")
ax.plot(
    epochs, lagging["val_accuracy"], "s--", label="validation, momentum 0.99"
)
ax.plot(
    epochs, prompt["val_accuracy"], "^:", label="validation, momentum 0.9"
)
ax.set(title="Running averages that lag", xlabel="Epoch", xticks=epochs)
ax.set(ylabel="Accuracy", ylim=(0, 1.02))
ax.legend(loc="lower right")
fig.set_label(
    "Accuracy by epoch. With momentum 0.99 the validation accuracy starts "
    "far below the one with momentum 0.9, and catches up in later epochs."
)

# %%
# The network with the slow averages learns as fast, for in training it does not use them.
# In use it answers badly all the same, until they have caught up.
# Whoever judges it by its first epochs throws away a good network.
#
# What to take away
# -----------------
# Batch normalisation keeps every layer's inputs at one scale, and a deep network then learns over a wide range of learning rates.
# In training an image is judged beside the others of its batch; in use it is judged by running averages, on its own.
# These have to be given time, or a smaller momentum.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

sizes = dict(zip(("small", "middle", "large"), RATES, strict=True))
measured = {
    **{
        f"{kind}_{size}_rate": last(kind == "with", rate)
        for kind in ("without", "with")
        for size, rate in sizes.items()
    },
    "company_2": mixed[0],
    "company_50": mixed[3],
    "company_alike": sorted_accuracy,
    "in_use": use_accuracy,
    "lagging_first_training": lagging["accuracy"][0],
    "lagging_first": lagging["val_accuracy"][0],
    "lagging_last": lagging["val_accuracy"][-1],
    "prompt_first": prompt["val_accuracy"][0],
}
for name, value in measured.items():
    print(f"{name:23} {value:.4g}")

# %%
# (Ranges are those of five seeds.)
# The layer is these few lines, and after one pass more than half of the averages
# is what they began with.
assert max(gap, gap_mean, gap_variance, gap_use) < 1e-4
assert MOMENTUM ** (TRAINING // BATCH) > 0.5
# Without normalisation only the middle rate works (.74 to .82; .15 to .29 with
# the small one, at most .11 with the large one) ...
assert last(False, 0.1) > 0.5
assert max(last(False, 0.01), last(False, 1.0)) < 0.5
# ... with it the network learns at all three (.62 to .69, .86 to .89, .85 to .90).
assert last(True, 0.01) > last(False, 0.01) + 0.1
assert min(last(True, 0.1), last(True, 1.0)) > 0.7
# Small batches (.18 to .23) and batches of one kind (.14 to .16) are bad company,
# fifty mixed (.81 to .83) nearly as good as use (.86 to .87).
assert agreement > 0.995
assert max(mixed[0], sorted_accuracy) < 0.5
assert mixed == sorted(mixed)
assert 0 <= use_accuracy - mixed[3] < 0.2
# Alone all images get one answer; in use the company does not matter.
assert alone_gap == 0
assert use_gap < 1e-4
# The slow averages lag after the first epoch (.31 to .58 against .66 to .75), and
# catch up (.83 to .88).
assert lagging["val_accuracy"][0] < prompt["val_accuracy"][0] - 0.1
assert abs(lagging["accuracy"][-1] - prompt["accuracy"][-1]) < 0.1
assert lagging["val_accuracy"][-1] > prompt["val_accuracy"][-1] - 0.2

# %%
# Try it
# ------
# 1. Put the normalisation behind the relu instead of in front of it.
#    Prediction: the network still learns at all three rates.
# 2. Set ``DEPTH = 3``. Prediction: without normalisation the smallest rate works too; the deeper the network, the more it needs its sums to be kept in order.

# sphinx_gallery_topics = ["7.3.1"]
# sphinx_gallery_keywords = ["images", "batch normalisation", "learning rate", "architecture"]
# sphinx_gallery_thumbnail_number = 1
