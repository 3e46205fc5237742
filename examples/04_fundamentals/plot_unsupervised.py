"""
What can be found without any label?
====================================

In *unsupervised* learning there is no answer to aim at. There are only the data, and the question of what is in them.
One way to ask is to make the data small: press each picture into two numbers, so that it can be restored from them as well as possible.
Two numbers are a place on a map, and whatever the pictures have in common must then show as neighbourhood.

The network that does this is an *autoencoder*. Its target is its own input.
We let it draw a map of handwritten digits, compare the map with the best one that straight lines can draw, and only then bring out the labels
to see whether figures that nobody has named have come to lie together.

It assumes the first network of the second chapter; the section on the branches of learning in the fourth chapter explains the rest.
"""

# %%
# Setup
# -----
# Two numbers are very few: a picture restored from them is blurred. They are chosen because a map can be looked at.

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier

from dlguide import datasets, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

PICTURES = 20_000
JUDGED = 4_000  # test pictures, for the maps
EPOCHS = 30
BATCH = 256
GROUPS = 10
NEIGHBOURS = 10

# %%
# Look at the data
# ----------------
# The labels come with the data. They stay shut until the maps are drawn.

(x_train, _), (x_test, y_test) = datasets.digits()
rows = (x_train[:PICTURES].reshape(-1, 784) / 255).astype("float32")
judged = (x_test[:JUDGED].reshape(-1, 784) / 255).astype("float32")
print(f"to learn from {rows.shape}, for the maps {judged.shape}")

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# The error is the mean squared difference between a pixel and the restored pixel, both from 0 to 1.
# Without any number for a picture, the best answer is the average picture.
# With two numbers, the best that a weighted sum can do is known: *principal component analysis* (PCA) finds it.

average_error = np.square(judged - rows.mean(axis=0)).mean()
pca = PCA(2, random_state=SEED).fit(rows)
pca_places = pca.transform(judged)
pca_error = np.square(judged - pca.inverse_transform(pca_places)).mean()
print(f"average picture {average_error:.4f}, two components {pca_error:.4f}")

# %%
# The model
# ---------
# An *encoder* narrows 784 numbers down to two, through layers of 128, 64 and 32 units. A *decoder* widens two numbers to 784 again.
# Trained together, the two have to agree on what the two numbers mean.


def build_half(inputs, hidden, outputs, activation):
    """Return one half of the autoencoder."""
    layers = [
        keras.layers.Dense(
            units, activation="relu", kernel_initializer="he_normal"
        )
        for units in hidden
    ]
    last = keras.layers.Dense(outputs, activation=activation)
    return keras.Sequential([keras.Input((inputs,)), *layers, last])


encoder = build_half(784, (128, 64, 32), 2, None)
decoder = build_half(2, (32, 64, 128), 784, "sigmoid")
autoencoder = keras.Sequential([keras.Input((784,)), encoder, decoder])
print(f"{autoencoder.count_params():,} weights, no label")

# %%
# Train
# -----
# The pictures are input and target at once.

autoencoder.compile(
    keras.optimizers.Adam(3e-3), loss="mse", steps_per_execution=20
)
history = autoencoder.fit(
    rows,
    rows,
    epochs=EPOCHS,
    batch_size=BATCH,
    validation_data=(judged, judged),
    verbose=0,
)
plots.history(history, title="Error of the restored pictures")

# %%
places = encoder.predict(judged, batch_size=1000, verbose=0)
restored = decoder.predict(places, batch_size=1000, verbose=0)
error = np.square(judged - restored).mean()
print(f"autoencoder {error:.4f}")
lines = {
    "as written": judged,
    "two components": np.clip(pca.inverse_transform(pca_places), 0, 1),
    "autoencoder": restored,
}
fig, axes = plt.subplots(3, 10, figsize=(6.4, 2.4))
for row, (name, images) in zip(axes, lines.items(), strict=True):
    for ax, image in zip(row, images[:10], strict=True):
        ax.imshow(image.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center")
fig.suptitle("Ten test pictures, restored from two numbers each")
fig.set_label(
    "Three rows of ten digits: as written; restored from two principal "
    "components, as grey clouds that mix a few figures; restored by the "
    "autoencoder, blurred but mostly one figure each, now and then the wrong "
    "one."
)

# %%
# The two components can only add and subtract the same two pictures, so everything comes out as a cloud.
# The autoencoder gives back clear figures. Some are the wrong ones: a 4 comes back as a 9, and to the pixels that is a small matter.
#
# The map
# -------
# Now the labels, for us. Each dot is a test picture, in the place that its two numbers say.

titles = {"Two components": pca_places, "Autoencoder": places}
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.9))
for ax, (title, points) in zip(axes, titles.items(), strict=True):
    rank = points.argsort(axis=0).argsort(axis=0) / JUDGED * 100
    for digit in range(10):
        chosen = rank[y_test[:JUDGED] == digit][:150]
        for x, y in chosen:
            ax.text(
                x, y, str(digit), color=plt.cm.viridis(0.15 + digit / 11.5),
                fontsize=6, ha="center", va="center", clip_on=True,
            )  # fmt: skip
    ax.set(title=title, xlim=(0, 100), ylim=(0, 100))
    ax.set_xlabel("Rank of the first number (%)")
axes[0].set_ylabel("Rank of the second number (%)")
fig.set_label(
    "Two maps with each test picture shown as its figure. On the map of "
    "two components zeros and ones lie apart and the others are mixed. On "
    "the autoencoder's map most figures form strips or patches of their own; "
    "fours and nines share one."
)

# %%
# (The places are drawn by rank, so that the map is evenly filled; which pictures are neighbours hardly changes.)
# On the left, zeros and ones are told apart and the rest is a crowd. On the right, most figures have a land of their own, though no label has ever been seen.
#
# How good is the map?
# --------------------
# Two measures, both with labels that were not used for drawing. The first asks the neighbours:
# is a picture's figure the most frequent one among its ten nearest neighbours on the map?
# The second lets *k-means* cut the map into ten groups, and compares the groups with the figures:
# the *adjusted Rand index* is 1 if they are the same, and 0 if they have no more in common than chance would bring.


half = JUDGED // 2
asked = y_test[half:JUDGED]


def neighbours_say(points):
    """Return the vote of ten neighbours in the first half on the second."""
    vote = KNeighborsClassifier(NEIGHBOURS).fit(points[:half], y_test[:half])
    return vote.predict(points[half:])


said = neighbours_say(places)


def groups_agree(points):
    """Return the adjusted Rand index of ten groups and the figures."""
    scaled = points / points.std(axis=0)
    groups = KMeans(GROUPS, n_init=4, random_state=SEED).fit_predict(scaled)
    return adjusted_rand_score(y_test[:JUDGED], groups)


agreement = {
    "two components": (
        np.mean(neighbours_say(pca_places) == asked),
        groups_agree(pca_places),
    ),
    "autoencoder": (np.mean(said == asked), groups_agree(places)),
    "all 784 pixels": (
        np.mean(neighbours_say(judged) == asked),
        adjusted_rand_score(
            y_test[:JUDGED],
            KMeans(GROUPS, n_init=2, random_state=SEED).fit_predict(judged),
        ),
    ),
}
for name, (neighbours, groups) in agreement.items():
    print(f"{name:15} neighbours {neighbours:.3f}, groups {groups:.3f}")

# %%
# The neighbours on the autoencoder's map are right about three times in four, where those on the other map are right for fewer than half.
# With all 784 numbers the neighbours do better still: two are not enough to tell ten figures apart.
#
# The groups tell another story. They agree with the figures only in part, on any of the three.
# K-means looks for round heaps, and what it finds is often half of one figure and a bit of another.
# Nobody has told it that a 4 with a closed top is a 4. Which differences matter is just what the labels would have said.
#
# Which figures share a land?
# ---------------------------
# A vote of the neighbours, as a table.

matrix = np.zeros((10, 10), int)
np.add.at(matrix, (asked, said), 1)
plots.confusion(
    matrix, [str(d) for d in range(10)], title="Figures and neighbours"
)

# %%
together = matrix + matrix.T
np.fill_diagonal(together, 0)
first, second = np.unravel_index(together.argmax(), together.shape)
share = together[4, 9] / together.sum() * 2
print(f"most often mixed: {first} and {second}")
print(f"share of all mistakes between 4 and 9: {share:.2f}")

# %%
# Zeros and ones are rarely mistaken. Fours and nines are mixed more than their share: to somebody who counts pixels they are nearly the same picture.
#
# What to take away
# -----------------
# An autoencoder's target is its input, so it needs no labels; what it must squeeze through a narrow place becomes a description of the data.
# With two numbers it draws a map on which pictures of the same figure tend to be neighbours, far more than on a map drawn with straight lines.
# What it finds are the differences that cost most pixels. Whether those are the ones that we care about, only labels can say.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

recall = matrix.diagonal() / matrix.sum(axis=1)
measured = {
    "average_error": average_error,
    "pca_error": pca_error,
    "error": error,
    "pca_neighbours": agreement["two components"][0],
    "neighbours": agreement["autoencoder"][0],
    "pixel_neighbours": agreement["all 784 pixels"][0],
    "pca_groups": agreement["two components"][1],
    "groups": agreement["autoencoder"][1],
    "pixel_groups": agreement["all 784 pixels"][1],
    "share_of_4_and_9": share,
    "recall_0_and_1": recall[:2].mean(),
    "recall_others": recall[2:].mean(),
}
for name, value in measured.items():
    print(f"{name:18} {value:.4g}")

# (All ranges are those of five seeds.)
# Two numbers from the autoencoder restore more (.038 to .039) than two
# components (.054), and these more than none (.065).
assert error < 0.85 * pca_error
assert pca_error < 0.9 * average_error
# Neighbours are right three times in four (.73 to .75), on the other map less
# than half of the time (.44), with all pixels nearly nine times in ten (.88).
assert 0.66 < measured["neighbours"] < 0.82
assert measured["pca_neighbours"] < 0.5
assert measured["pixel_neighbours"] > measured["neighbours"] + 0.06
# Ten groups agree with the figures only in part (.21 to .40 on any of them).
assert all(0.1 < groups < 0.55 for _, groups in agreement.values())
# Zeros and ones are rarely mistaken (.95 to .97 found, others .66 to .70), and
# a fifth of the mistakes or more are between 4 and 9 (.20 to .29).
assert measured["recall_0_and_1"] > 0.9
assert measured["recall_others"] < 0.8
assert share > 0.12

# %%
# Try it
# ------
# 1. Give the code ten numbers instead of two. Prediction: the restored pictures are nearly sharp, the neighbours are right nine times in ten, and there is no map to look at.
# 2. Use pictures of a single figure only. Prediction: the two numbers now describe how it is written, its slant and its width.

# sphinx_gallery_topics = ["4.1"]
# sphinx_gallery_keywords = ["images", "unsupervised learning", "autoencoder"]
# sphinx_gallery_thumbnail_number = 3
