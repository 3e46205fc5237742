"""
What does a deep layer still know about its picture?
====================================================

A network for pictures takes in tens of thousands of numbers and gives a class.
Somewhere on the way it must let go of what does not matter for the class.

We follow this through the five blocks of VGG16, a network that was trained on more than a million photographs, and measure three things:
how well a class can be read off a layer, how well the picture can be restored from it, and how many of its numbers are zero.
A twin of the network with random weights shows which part of that comes from training.

It assumes what a feature map is; the section on what convnets learn in the fifth chapter explains the rest.
"""

# %%
# Setup
# -----
# Pictures of 96 pixels are small for VGG16, which learned from 224, but five halvings still leave 3 by 3 places.
# The seed draws the photographs, the random weights, the directions, and the noise that a restored picture begins with.

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from PIL import Image
from skimage import data
from skimage.metrics import structural_similarity
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import SparseRandomProjection

from dlguide import datasets, interpret, plots, pretrained

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

SIDE = 96  # pixels
PHOTOGRAPHS = 250  # for training the probe, and as many for its test
DIRECTIONS = 512  # as many numbers as the last block has channels
STEPS, RATE = 100, 12.0  # of Adam, in grey values
SMOOTH = 0.3  # weight of the total variation
POOLS = [f"block{block}_pool" for block in range(1, 6)]

# %%
# Look at the data
# ----------------
# Photographs of fruit in supermarkets, of five kinds: apples, melons, oranges, pears and satsumas.
# VGG16 has met all sorts of fruit among its 1,000 classes, but not these pictures, and it has no unit for a pear.

(x_train, y_train), (x_test, y_test) = datasets.fruit(size=SIDE)
names = datasets.card("fruit").class_names
train = rng.choice(len(x_train), PHOTOGRAPHS, replace=False)
test = rng.choice(len(x_test), PHOTOGRAPHS, replace=False)
y_train, y_test = y_train[train], y_test[test]
photographs = np.concatenate([x_train[train], x_test[test]])
plots.image_grid(
    photographs[:10],
    title="Ten photographs of fruit",
    titles=[names[label] for label in y_train[:10]],
    alt="Ten small photographs of fruit in piles, boxes and hands.",
)

# %%
datasets.card("fruit")

# %%
# The networks
# ------------
# Two networks of the same shape: one as it was trained, the other with the random weights that it might have begun with.

trained = pretrained.vgg16_base(SIDE)
untrained = pretrained.vgg16_base(SIDE, weights=None)
for pool in POOLS:
    *_, rows, columns, channels = trained.get_layer(pool).output.shape
    print(f"{pool}: {rows:2} x {columns:2} places, {channels} channels")

# %%
pretrained.card("vgg16_base")

# %%
# Layers of different sizes
# -------------------------
# The first pool puts out more than 147,000 numbers for a picture, the last 4,608.
# A fair comparison gives the probe the same number from each.
# So we look at every layer from 512 random directions:
# each is a weighted sum of some of the layer's numbers, with weights that are drawn once and never trained.
#
# A second view takes the mean of each channel over all places: how much of everything, no matter where.
# It has as many numbers as there are channels, few in the first block and 512 in the last.


def views(model):
    """Return directions, means and zeros of pixels and pools."""
    seen = {name: ([], [], []) for name in ["pixels", *POOLS]}
    projections = {}
    for some in np.array_split(photographs, 25):
        found = interpret.activations(model, some, POOLS)
        for name, maps in {"pixels": some / 255, **found}.items():
            flat = maps.reshape(len(maps), -1)
            if name not in projections:
                projections[name] = SparseRandomProjection(
                    DIRECTIONS, random_state=SEED
                ).fit(flat)
            directions, means, zeros = seen[name]
            directions.append(projections[name].transform(flat))
            means.append(maps.mean(axis=(1, 2)))
            zeros.append((maps == 0).mean(axis=(1, 2, 3)))
    return {
        name: [np.concatenate(part) for part in parts]
        for name, parts in seen.items()
    }


# %%
# What must we beat?
# ------------------
# Two answers out of five are right if one always says *apple*.
# A *linear probe* has to do better: logistic regression, which gives every number a weight for every class and adds up.
# It cannot find anything that is not already there for a weighted sum to pick up.


def accuracy(rows):
    """Train a linear probe and return its share of right answers."""
    probe = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.03, max_iter=2000)
    )
    probe.fit(rows[:PHOTOGRAPHS], y_train)
    return probe.score(rows[PHOTOGRAPHS:], y_test)


commonest = np.mean(y_test == np.bincount(y_train).argmax())
print(f"always {names[np.bincount(y_train).argmax()]}: {commonest:.3f}")

# %%
# Find the class
# --------------

probed, sparse = {}, {}
for kind, model in (("trained", trained), ("random", untrained)):
    seen = views(model)
    for view, part in (("directions", 0), ("means", 1)):
        scores = [accuracy(parts[part]) for parts in seen.values()]
        probed[kind, view] = np.array(scores)
        print(f"{kind:8} {view:10}", *np.round(scores, 2))
    sparse[kind] = np.array([seen[pool][2].mean() for pool in POOLS])

# %%
# Each row begins with the pixels and goes through the five blocks.
# Seen from 512 directions, the pixels are hardly better than *always apple*.
# The first block does better, and the second adds nothing to it; from there the trained network climbs to about three in four.
# The network with random weights gains little on its way, and ends far below.
#
# The means tell another part of the story. Where a fruit lies says nothing about its kind,
# and once the places are averaged out, already the first block knows a good deal: colours and simple textures, counted over the picture.
# Even with random weights it does, because random windows answer to colours as well. It is in the last block that training makes the difference.
# From the first block to the last the means gain little, no more than the noise of a test with 250 photographs would explain.
#
# Restore the picture
# -------------------
# The other question: given nothing but a layer's numbers, what did the picture look like?
# We begin with grey noise and change it, step by step, until the layer says of it what it said of the photograph.
# Many pictures may satisfy a layer, so a small price on differences between neighbours asks for a smooth one.


def restore(pool, picture, start):
    """Return a picture that matches a layer, and how well it does."""
    layers = keras.Model(trained.input, trained.get_layer(pool).output)
    target = layers(picture[None], training=False)
    guess = tf.Variable(start[None])
    slower = keras.optimizers.schedules.CosineDecay(RATE, STEPS)
    adam = keras.optimizers.Adam(slower)

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            wrong = tf.reduce_sum((layers(guess) - target) ** 2)
            miss = wrong / tf.reduce_sum(target**2)
            rough = tf.reduce_sum(tf.image.total_variation(guess / 255))
            price = miss + SMOOTH * rough / SIDE**2
        adam.apply_gradients([(tape.gradient(price, guess), guess)])
        guess.assign(tf.clip_by_value(guess, 0.0, 255.0))
        return miss

    for _ in range(STEPS):
        miss = step()
    return guess.numpy()[0], float(miss)


# %%
# The photograph is the cat of the page on convolution (Stéfan van der Walt, public domain, from scikit-image).
# For comparison, a cup of coffee (Rachel Michetti, public domain) shows how far apart a layer finds two pictures that have nothing in common.


def small(picture):
    """Return a photograph at the network's size, as floats."""
    fitted = Image.fromarray(picture).resize((SIDE, SIDE), Image.LANCZOS)
    return np.asarray(fitted, dtype="float32")


trained.trainable = False
cat = small(data.chelsea()[:, 90:390])
coffee = small(data.coffee()[:, 100:500])
noise = rng.normal(127, 10, cat.shape).astype("float32")
pair = interpret.activations(trained, np.stack([cat, coffee]), POOLS)
restored, match, apart = [], [], []
for pool in POOLS:
    picture, miss = restore(pool, cat, noise)
    restored.append(picture)
    match.append(1 - miss)
    ours, others = pair[pool]
    apart.append(np.sum((others - ours) ** 2) / np.sum(ours**2))

# %%
# How close a restored picture comes is measured twice.
# *Structural similarity* compares patches by brightness, contrast and pattern: 1 for equal pictures, about 0 for unrelated ones.
# The error is the squared distance from the photograph, divided by that of an even picture in the photograph's mean colour.

alike = np.array(
    [
        structural_similarity(cat, one, channel_axis=-1, data_range=255)
        for one in restored
    ]
)
even = np.sum((cat - cat.mean(axis=(0, 1))) ** 2)
error = np.array([np.sum((one - cat) ** 2) / even for one in restored])
print("block       matched  coffee  similarity  error")
for row in zip(POOLS, match, apart, alike, error, strict=True):
    print("{} {:8.2f} {:7.2f} {:11.2f} {:6.2f}".format(*row))

# %%
plots.image_grid(
    np.stack([cat, *restored]).clip(0, 255).astype("uint8"),
    title="A cat, restored from five depths",
    titles=["photograph", *(f"from {pool}" for pool in POOLS)],
    columns=3,
    alt="Six pictures of a cat's face. The photograph; from block 1 hardly "
    "different; from block 2 paler; from block 3 grey, with eyes, nose and "
    "stripes in place; from block 4 a face drawn in coloured strokes; from "
    "block 5 a tangle of bright strokes in which no face is left.",
)

# %%
# The first block has kept nearly everything. The second loses the colour of large areas, the third most of the colour and the fine fur.
# By then its error is above that of an even picture. In the fourth, eyes, nose and whiskers are where they were, drawn with strokes of the network's own.
# From the fifth comes a tangle of rings and fur-like strokes that is no cat to us.
#
# Yet all five pictures *satisfy* their layers. The first four blocks find nine tenths and more of what they had said, the fifth most of it:
# to it the tangle is far more like the cat than the coffee is, which is further off than a layer of nothing but zeros would be, at 1.
# So the search has done its work. What is left to match is little, and the picture is nowhere near.
#
# Three measures, one picture
# ---------------------------

blocks = np.arange(1, 6)
lines = (
    (("trained", "directions"), "trained, 512 directions"),
    (("random", "directions"), "random, 512 directions"),
    (("trained", "means"), "trained, means"),
    (("random", "means"), "random, means"),
)

# %%
# In the first panel a line goes through the pixels and the five blocks; the other two begin with the first block.

fig, axes = plt.subplots(3, 1, figsize=(6.4, 8.4), sharex=True)
for (key, label), marker in zip(lines, "os^D", strict=True):
    axes[0].plot(range(6), probed[key], marker=marker, label=label)
axes[0].axhline(commonest, color="C5", ls=":", label="always the same")
axes[0].set(title="The class is found", ylabel="Test accuracy")
axes[1].plot(blocks, match, marker="o", label="activations matched")
axes[1].plot(blocks, alike, marker="s", label="picture restored")
axes[1].set(title="The picture is lost", ylabel="Share, similarity")
axes[1].set_ylim(0, 1.05)
for kind, marker in (("trained", "o"), ("random", "s")):
    axes[2].plot(blocks, sparse[kind], marker=marker, label=kind)
axes[2].set(title="The maps empty", ylabel="Share of zeros", ylim=(0, 1))
axes[2].set(xlabel="Pooling layer of block", xticks=range(6))
axes[2].set_xticklabels(["pixels", *blocks])
for ax in axes:
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
fig.set_label(
    "Three panels over the five blocks. Top: from 512 directions the "
    "probe's accuracy climbs from the pixels to the last block, far higher "
    "for the trained network than for random weights; from means it begins "
    "high and climbs less. Middle: the share of activations matched stays "
    "high while the similarity of the restored picture falls to about 0. "
    "Bottom: the share of zeros climbs for the trained network only."
)

# %%
# What to take away
# -----------------
# With depth, the class comes within reach of a weighted sum, and the picture goes out of reach.
# The maps empty at the same time: of the last block's numbers, five in six are zero.
# With random weights the class comes little nearer after the first block and the maps do not empty; it is training that makes depth do this.
#
# Check the claims
# ----------------
# The photographs, the noise and the random weights differ from seed to seed.

deep, control = (
    probed["trained", "directions"],
    probed["random", "directions"],
)
means = probed["trained", "means"]
measured = {
    "commonest": commonest,
    "pixels_accuracy": deep[0],
    "block1_accuracy": deep[1],
    "block5_accuracy": deep[5],
    "block5_random_accuracy": control[5],
    "block1_means_accuracy": means[1],
    "block5_means_accuracy": means[5],
    "block5_random_means_accuracy": probed["random", "means"][5],
    "block1_similarity": alike[0],
    "block3_similarity": alike[2],
    "block5_similarity": alike[4],
    "block1_error": error[0],
    "block5_error": error[4],
    "block4_match": match[3],
    "block5_match": match[4],
    "block5_coffee": apart[4],
    "block1_zeros": sparse["trained"][0],
    "block5_zeros": sparse["trained"][4],
    "block5_random_zeros": sparse["random"][4],
}
for name, value in measured.items():
    print(f"{name:30} {value:.4g}")

# Two in five are right by always saying the same, and pixels add little.
assert 0.3 < commonest < 0.52
assert deep[0] - commonest < 0.15
# The second block is no better than the first (.54 to .61), the fifth far better (.74 to .81) ...
assert deep[1] - deep[0] > 0.01
assert deep[2] - deep[1] < 0.09
assert deep[5] - max(deep[1:3]) > 0.06
assert 0.66 < deep[5] < 0.88
# ... and far better than with random weights, which gain little (.54 to .63 in the end).
assert deep[5] - control[5] > 0.06
assert control[5] - control[1] < 0.15
assert control[1] - control[0] > -0.02
# From means, the first block knows a good deal (.72 to .73), trained or not.
assert means[1] > 0.6
assert probed["random", "means"][1] > 0.55
assert means[5] - means[1] < 0.17
assert means[5] - probed["random", "means"][5] > 0.06
# The picture is lost step by step (similarity .92, .41 to .48 in block 3, .03 to .06).
assert all(np.diff(error) > 0.1)
assert all(np.diff(alike[:4]) < -0.03)
assert alike[0] > 0.85
assert 0.25 < alike[2] < 0.65
assert alike[4] < 0.15
# From the third block on, it is worse than an even picture.
assert error[1] < 1 < error[2]
# The layers are satisfied all the same (block 4: .95 to .96, block 5: .83 to .96), and know the coffee apart (1.86).
assert min(match[:4]) > 0.88
assert match[4] > 0.5
assert 3 * (1 - match[4]) < apart[4]
assert min(apart) > 1.3
# Training empties the maps; random weights do not.
assert all(np.diff(sparse["trained"]) > 0.02)
assert 0.8 < sparse["trained"][4] < 0.9
assert sparse["random"].max() < 0.55

# %%
# Try it
# ------
# 1. Give the probe 64 directions of each layer in place of 512.
#    Prediction: the lines move down and closer together, but the last block stays the best.
# 2. Build the trained network with ``pooling="average"``, which passes gradients on to all pixels.
#    Prediction: the lines of the second panel hardly change, and the last picture does: the search comes back from the fifth block with an eye and a nose, but not where the cat had them.

# sphinx_gallery_topics = ["5.4.1"]
# sphinx_gallery_keywords = ["images", "pretrained network", "linear probe", "inversion"]
# sphinx_gallery_budget = {"cpu_seconds": 110, "memory_mb": 2400, "because": "a thousand pictures run through VGG16, and five searches for a picture follow its gradients"}
# sphinx_gallery_thumbnail_number = 2
