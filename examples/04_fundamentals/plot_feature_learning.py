"""
What do hidden layers make of a picture?
========================================

A feature is a way of looking at the data that makes the answer easy to read off.
Somebody can design features, or a network can learn them: that is what its hidden layers are for.
Each of them describes the same picture once more, in other numbers, and the last layer only has to draw straight lines through the last description.

On this page a network learns to read digits, and we look at what happens between the pixels and the answer.
What does a unit answer to? How easy is the question for a straight line, layer by layer, before training and after it?
And what does the crowd of pictures look like from inside?

It assumes the first network of the second chapter; the section on preparing data in the fourth chapter explains the rest.
"""

# %%
# Setup
# -----
# Three hidden layers, each half as wide as the one before, so that every layer has to choose what to keep.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

PICTURES = 10_000  # to learn from
HIDDEN = (128, 64, 32)
EPOCHS = 12
BATCH = 64

# %%
# Look at the data
# ----------------

(x_train, y_train), (x_test, y_test) = datasets.digits()
rows = (x_train[:PICTURES].reshape(-1, 784) / 255).astype("float32")
labels = y_train[:PICTURES]
judged = (x_test.reshape(-1, 784) / 255).astype("float32")
print(f"to learn from {rows.shape}, to judge {judged.shape}")

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# A straight line through the pixels. A *linear probe* takes some description of the pictures, fits one weighted sum for each digit by least squares,
# and says how many test pictures the largest sum gets right. It has no hidden layer, so it can only use what is laid out before it.


def probe(seen, new, ridge=1.0):
    """Return the accuracy of a linear classifier on a description."""
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-3
    a, b = (
        np.c_[(part - mean) / spread, np.ones(len(part))].astype("float64")
        for part in (seen, new)
    )
    weights = np.linalg.solve(
        a.T @ a + ridge * np.eye(a.shape[1]), a.T @ np.eye(10)[labels]
    )
    return np.mean((b @ weights).argmax(axis=1) == y_test)


by_pixels = probe(rows, judged, ridge=100)
print(f"linear probe on the pixels {by_pixels:.3f}")

# %%
# The model
# ---------
# The library's builder names its layers, so that we can ask for what each one makes of a picture.

network = models.dense_classifier(784, 10, hidden=HIDDEN)
names = [f"hidden_{number}" for number in (1, 2, 3)]
inside = keras.Model(
    network.inputs, [network.get_layer(name).output for name in names]
)


def descriptions(images):
    """Return the pixels and the outputs of the hidden layers."""
    return [images, *inside.predict(images, batch_size=1000, verbose=0)]


def probes():
    """Return the accuracy of a probe on each description."""
    seen, new = descriptions(rows), descriptions(judged)
    return [
        by_pixels,
        *(probe(a, b) for a, b in zip(seen[1:], new[1:], strict=True)),
    ]


before_training = probes()
start = network.get_layer("hidden_1").kernel.numpy()
plane_before = descriptions(judged)

# %%
# Train
# -----

network.compile(
    "adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
    steps_per_execution=16,
)
history = network.fit(
    rows, labels, epochs=EPOCHS, batch_size=BATCH, verbose=0
)
test_accuracy = network.evaluate(judged, y_test, batch_size=500, verbose=0)[1]
print(f"training {history.history['accuracy'][-1]:.3f}")
print(f"test     {test_accuracy:.3f}")

# %%
# Layer by layer
# --------------
# The same probe on every description: the pixels, and what each hidden layer makes of them, before training and after.

after_training = probes()
places = np.arange(4)
fig, ax = plt.subplots(figsize=(6.4, 3.8))
ax.plot(places, before_training, "s--", color="C1", label="before training")
ax.plot(places, after_training, "o-", color="C0", label="after training")
ax.axhline(test_accuracy, color="C2", ls=":", label="the whole network")
ax.set_xticks(
    places,
    [
        "pixels",
        *(
            f"layer {n}\n{u} units"
            for n, u in zip((1, 2, 3), HIDDEN, strict=True)
        ),
    ],
)
ax.set(title="How much a straight line can read", ylabel="Test accuracy")
ax.legend(loc="lower left")
fig.set_label(
    "Accuracy of a linear probe on the pixels and on three hidden layers. "
    "After training it jumps up at the first layer and stays there, close to "
    "the whole network. Before training it falls from layer to layer."
)
for place, (before, after) in enumerate(
    zip(before_training, after_training, strict=True)
):
    print(f"layer {place}: before {before:.3f}, after {after:.3f}")

# %%
# Before training each layer loses something: random weighted sums, fewer and fewer of them, are a worse description than the pixels.
# After training the first layer alone lets a straight line read most of what the whole network reads, and the narrower layers behind it lose nothing of that:
# 32 numbers now serve the question far better than 784 did.
#
# The crowd from inside
# ---------------------
# To draw a description that has many numbers, we turn it until its two widest directions face us (*principal components*).
# Five hundred test pictures, on the plane of the pixels and on those of the three layers.


def plane(points):
    """Return the two widest directions of centred points, (points, 2)."""
    centred = points - points.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    return centred @ directions[:2].T


def separation(points):
    """Return variance between the digits as a share of all variance."""
    middle = points.mean(axis=0)
    digits = range(10)
    between = sum(
        np.sum(y_test == d)
        * np.square(points[y_test == d].mean(axis=0) - middle).sum()
        for d in digits
    )
    return between / np.square(points - middle).sum()


# %%

plane_after = descriptions(judged)
titles = ["Pixels", "Layer 1", "Layer 2", "Layer 3"]
fig, axes = plt.subplots(2, 2, figsize=(6.4, 6.2))
for ax, title, points in zip(axes.flat, titles, plane_after, strict=True):
    flat = plane(points[:1000])[:500]
    for (x, y), digit in zip(flat, y_test[:500], strict=True):
        ax.text(
            x, y, str(digit), fontsize=6.5, ha="center", va="center",
            color=plt.cm.viridis(0.15 + digit / 11.5),
        )  # fmt: skip
    low, high = flat.min(axis=0), flat.max(axis=0)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), title=title)
    ax.set(xticks=[], yticks=[])
for ax in axes[1]:
    ax.set_xlabel("First component")
for ax in axes[:, 0]:
    ax.set_ylabel("Second component")
fig.set_label(
    "Four planes of test pictures, each drawn as its figure. On the plane of "
    "the pixels most figures are mixed. From layer to layer they draw "
    "together into clumps of one figure each."
)

# %%
apart_before = [separation(points) for points in plane_before]
apart_after = [separation(points) for points in plane_after]
print("variance that lies between the digits")
for title, a, b in zip(titles, apart_before, apart_after, strict=True):
    print(f"{title:8} before {a:.2f}, after {b:.2f}")

# %%
# On the plane of the pixels, pictures are neighbours when their ink is in the same places, whatever they show.
# Layer by layer, the figures draw together: a larger and larger share of all differences is a difference between digits.
# Training has done this. Without it, the share gets smaller from layer to layer.
#
# What does a unit answer to?
# ---------------------------
# A unit of the first layer is a template: its weights can be drawn as a picture. Where they are positive it wants ink, where negative it wants none.
# We draw what training has added to the random weights of the beginning.
# A unit of the last hidden layer has no such picture. But we can ask which test pictures make it answer most.

kernel = network.get_layer("hidden_1").kernel.numpy() - start
strongest = np.argsort(-np.linalg.norm(kernel, axis=0))[:8]
fig, axes = plt.subplots(1, 8, figsize=(6.4, 1.5))
for ax, unit in zip(axes, strongest, strict=True):
    template = kernel[:, unit].reshape(28, 28)
    limit = np.abs(template).max()
    ax.imshow(template, cmap="gray_r", vmin=-limit, vmax=limit)
    ax.set_axis_off()
fig.suptitle("First layer: what training has added to eight units")
fig.set_label(
    "Eight small grey pictures, what training has added to units of the first "
    "layer: "
    "patches and short curved strokes, dark where the unit wants ink and "
    "light where it wants none, on a grey ground."
)

# %%
answers = plane_after[3]
busy = np.argsort(-answers.std(axis=0))[:8]
top = np.argsort(-answers[:, busy], axis=0)[:12]
fig = plots.image_grid(
    judged[top.T.ravel()].reshape(-1, 28, 28),
    columns=12,
    title="Third layer: the twelve pictures that eight units like best",
    alt="Eight rows of twelve digits. Each row holds the favourites of one "
    "unit, and most rows consist of a few figures only.",
)
favourites = y_test[top]  # (12, 8)
kinds = [len(set(column)) for column in favourites.T]
print("different figures among twelve favourites:", *kinds)

# %%
# The templates of the first layer look for strokes and for gaps, and none of them is a digit.
# The twelve favourites of a unit in the third layer show two or three different figures on average, of ten: the unit says something about what is shown and not about where the ink is.
#
# What to take away
# -----------------
# Hidden layers learn a description of the input in which the question is easy, and the last layer reads it off with straight lines.
# Random layers do not do that: the description is made by training, for the question that was asked.
# It is what remains useful when another question is asked of the same pictures, and later chapters live on it.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "by_pixels": by_pixels,
    "test_accuracy": test_accuracy,
    **{f"before_{n}": before_training[n] for n in (1, 2, 3)},
    **{f"after_{n}": after_training[n] for n in (1, 2, 3)},
    **{f"apart_before_{n}": apart_before[n] for n in range(4)},
    **{f"apart_after_{n}": apart_after[n] for n in range(4)},
    "mean_kinds": np.mean(kinds),
}
for name, value in measured.items():
    print(f"{name:16} {value:.4g}")

# (All ranges are those of five seeds.)
# Before training each layer loses something (.83, .70 to .72, .48 to .57).
assert all(np.diff(before_training) < 0.005)
assert before_training[3] < by_pixels - 0.15
# After it the first layer is far better than the pixels (.93 to .94 against
# .84), near the whole network (.95), and the narrower ones lose nothing of it.
assert after_training[1] > by_pixels + 0.06
assert abs(after_training[1] - test_accuracy) < 0.035
assert min(after_training[2:]) > after_training[1] - 0.008
# The share between the digits grows (.22, .40 to .43, .57 to .59, .66 to .68);
# untrained it shrinks (.22, .19 to .20, .16 to .19, .12 to .18).
assert all(np.diff(apart_after) > 0.03)
assert all(np.diff(apart_before) < 0.01)
# Few figures among the favourites (1.9 to 2.9 on average).
assert measured["mean_kinds"] < 4.5

# %%
# Try it
# ------
# 1. Train on shuffled labels, ``np.random.default_rng(0).permutation(labels)``, for as long as it takes to fit them.
#    Prediction: the layers now describe what tells single pictures apart, and the probe with the true labels does worse than on the pixels.
# 2. Make the last hidden layer two units wide. Prediction: the plane of that layer shows ten spokes, and a few points of accuracy are lost.

# sphinx_gallery_topics = ["4.3.2"]
# sphinx_gallery_keywords = ["images", "feature learning", "representations"]
# sphinx_gallery_thumbnail_number = 2
