"""
What does each layer look for?
==============================

A filter of the first layer is a tiny picture, three by three pixels, and one can simply print it.
A filter of the tenth layer is a block of weights on hundreds of maps, which says nothing to anybody.

But we can ask it. Begin with a grey picture, and change its pixels so that the filter answers more and more: gradient ascent, with the pixels in the place of the weights.
What grows is the pattern that the filter would like best.
On this page we do so for layer after layer of VGG16, compare what grows with what real photographs do to the same filters, and look at a network that has learned nothing.
We also ask what it means that the filters of a layer are a *basis*, and measure how much of its input a layer can express.

It assumes the pages on convolution and on what layers put out; the section on filters in the fifth chapter explains the mathematics.
"""

# %%
# Setup
# -----
# The patterns are those of the first filters of each layer: none has been chosen for its looks. Sixteen steps are enough for them to form.
# The seed draws the noise that they grow from, the photographs that we compare with, and the weights of the networks that begin untrained.

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from skimage import data

from dlguide import datasets, interpret, models, plots, pretrained

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

LAYERS = [
    *("block1_conv2", "block2_conv2", "block3_conv3"),
    *("block4_conv3", "block5_conv2"),
]
FILTERS = range(4)
CLIMB = {"size": 80, "steps": 16, "rate": 0.1, "seed": SEED}
PHOTOS = 16  # photographs to compare with
PATCHES = 1_500  # pieces of a layer's input

# %%
# Look at the first layer
# -----------------------
# VGG16 was trained on more than a million photographs. Its first layer has 64 filters of 3 by 3 pixels and three colours.

base = pretrained.vgg16_base(None)
kernels = base.get_layer("block1_conv1").get_weights()[0]  # (3, 3, 3, 64)
largest = np.abs(kernels).max(axis=(0, 1, 2))
small_pictures = np.moveaxis(0.5 + 0.5 * kernels / largest, -1, 0)
plots.image_grid(
    small_pictures,
    title="The 64 filters of the first layer",
    columns=16,
    alt="Sixty-four squares of 3 by 3 pixels. Some hold one colour, some an "
    "edge between two colours or between light and dark, some a spot.",
)

# %%
pretrained.card("vgg16_base")

# %%
# Some look for a colour, some for an edge between two colours in some direction, some for a spot or a line.
#
# What it means to be a basis
# ---------------------------
# A filter's answer is a sum of products: the patch of the picture below the window, number by number, times the filter.
# In other words, it is a coordinate. A patch of 3 by 3 pixels in three colours is a point in a space of 27 dimensions, and 64 filters are 64 directions in it.
# They are a basis if every patch can be put together from them, and with 64 directions in 27 dimensions that should be easy.
# We cut a photograph into patches and put them together from few filters: first the most useful one, then the one that helps most next to it, and so on.

cat = data.chelsea()[:300, :450]
normal = interpret.activations(base, cat[None], "normalise")["normalise"][0]


def pieces(maps):
    """Cut maps into squares of 3 by 3 places, (squares, numbers)."""
    rows, columns = (length // 3 for length in maps.shape[:2])
    cut = maps[: rows * 3, : columns * 3]
    cut = cut.reshape(rows, 3, columns, 3, -1).swapaxes(1, 2)
    return cut.reshape(rows * columns, -1).astype("float64")


def step_by_step(filters, patches):
    """Take the most useful filter again and again; return what is left."""
    left, candidates = (
        patches.copy(),
        filters / np.linalg.norm(filters, axis=0),
    )
    stages = [left.copy()]
    for _ in range(len(filters)):
        best = ((left @ candidates) ** 2).sum(axis=0).argmax()
        direction = candidates[:, best].copy()
        left -= np.outer(left @ direction, direction)
        candidates -= np.outer(direction, direction @ candidates)
        length = np.linalg.norm(candidates, axis=0)
        candidates /= np.where(length > 1e-4, length, np.inf)
        stages.append(left.copy())
    return stages


# %%

random = np.random.default_rng(SEED)
average = pieces(normal).mean(axis=0)
patches = pieces(normal) - average
first = kernels.reshape(27, 64).astype("float64")
left = step_by_step(first, patches)
left_random = step_by_step(random.normal(size=(27, 64)), patches)
errors, random_errors = (
    np.array([(stage**2).sum() for stage in stages]) / (patches**2).sum()
    for stages in (left, left_random)
)
print("filters   learned    random")
for count in (1, 3, 6, 12, 27):
    print(f"{count:7} {errors[count]:9.4f} {random_errors[count]:9.4f}")

# %%
# The numbers are what is still missing, as a share of the variance. Twenty-seven filters restore every patch: the layer loses nothing.
# On the way there, learned filters are more useful than random ones: they point where photographs have something to say.


def photograph(stage):
    """Put patches back together, as a picture from 0 to 1."""
    rows, columns = (length // 3 for length in normal.shape[:2])
    whole = (patches - stage + average).reshape(rows, columns, 3, 3, 3)
    whole = whole.swapaxes(1, 2).reshape(rows * 3, columns * 3, 3)
    deviation = np.array([0.229, 0.224, 0.225])
    return np.clip(whole * deviation + [0.485, 0.456, 0.406], 0, 1)


shown = (1, 3, 6, 27)
plots.image_grid(
    np.stack([photograph(left[count])[60:240, 60:330] for count in shown]),
    title="A photograph, put together from the filters of the first layer",
    titles=[f"{count} filter{'s' * (count > 1)}" for count in shown],
    columns=2,
    alt="A cat put together from 1, 3, 6 and 27 filters: first in one or two "
    "colours with a grid over it, then in pale colours, at last as in the "
    "photograph.",
)

# %%
# Further up, a patch has far more numbers than the layer has filters. The filters can no longer be a basis for all that might come,
# only for a small part of it, a ninth of the dimensions. Which part of what *does* come from real photographs do they hold?

(_, _), (photos, _) = datasets.fruit(96)
photos = photos[random.choice(len(photos), PHOTOS, replace=False)]
SOURCES = {
    "block1_conv2": "block1_relu1",
    "block2_conv2": "block2_relu1",
    "block3_conv3": "block3_relu2",
    "block4_conv3": "block4_relu2",
}
seen = interpret.activations(base, photos, [*SOURCES.values(), *LAYERS])


def held(filters, patches):
    """Return the share of the patches that the filters can express."""
    directions = np.linalg.qr(filters)[0]
    return ((patches @ directions) ** 2).sum() / (patches**2).sum()


shares = {}
for layer, below in SOURCES.items():
    incoming = np.concatenate([pieces(maps) for maps in seen[below]])
    incoming = incoming[random.permutation(len(incoming))[:PATCHES]]
    incoming -= incoming.mean(axis=0)
    filters = base.get_layer(layer).get_weights()[0].astype("float64")
    filters = filters.reshape(-1, filters.shape[-1])
    by_chance = held(random.normal(size=filters.shape), incoming)
    shares[layer] = held(filters, incoming), by_chance
    print(
        f"{layer}: {filters.shape[1]} of {filters.shape[0]} dimensions hold "
        f"{shares[layer][0]:.2f}, random ones {shares[layer][1]:.2f}"
    )

# %%
datasets.card("fruit")

# %%
# A ninth of the dimensions, chosen at random, holds a ninth. The learned ones hold about three times as much, and in the first block more than half.
# So each layer expresses its input in its own words, and what it has no words for is lost to all layers above.
#
# Gradient ascent, spelled out
# ----------------------------
# Deep filters cannot be printed, so we ask what they want. The loop is that of training, with one difference: the weights stay, and the picture moves.
# Its steps have equal length, because the gradient is divided by its size. This is filter 0 of the third block's last convolution.

STAGES = (0, 2, 6, 16)
layer = base.get_layer("block3_conv3")
upto = keras.Model(base.input, layer.output)
picture = tf.constant(
    128 + 15 * random.normal(size=(1, 80, 80, 3)), "float32"
)
answer, growing = [], []
for _ in range(STAGES[-1] + 1):
    with tf.GradientTape() as tape:
        tape.watch(picture)
        wanted = tf.reduce_mean(upto(picture)[..., 0])
    answer.append(float(wanted))
    growing.append(np.clip(picture[0], 0, 255).astype("uint8"))
    gradient = tape.gradient(wanted, picture)
    size = tf.sqrt(tf.reduce_mean(gradient**2))
    picture = tf.clip_by_value(picture + 0.05 * 255 * gradient / size, 0, 255)
plots.image_grid(
    np.stack([growing[step] for step in STAGES]),
    title="What filter 0 of block3_conv3 asks for",
    titles=[f"step {step}: {answer[step]:.1f}" for step in STAGES],
    columns=4,
    alt="Grey noise turns, in a few steps, into a pattern that fills the "
    "picture. The number above each picture, the filter's mean answer, grows.",
)

# %%
# Out of noise grows a pattern, and the filter's answer, the number above the pictures, grows with it.
#
# Layer after layer
# -----------------
# The library's function does the same for several filters at once. It also rolls the picture a little before each step and blurs it now and then,
# which keeps out the finest noise. Here are the first four filters of five layers.

patterns = {
    layer: interpret.filter_patterns(base, layer, FILTERS, **CLIMB)
    for layer in LAYERS
}
rows = np.concatenate(list(patterns.values()))
plots.image_grid(
    rows.round().astype("uint8"),
    title="What VGG16's filters ask for, from shallow (top) to deep",
    titles=[f"{layer}, {k}" for layer in LAYERS for k in FILTERS],
    columns=len(FILTERS),
    alt="Five rows of four patterns. At the top plain colours and fine "
    "stripes, then waves and grids, then cells in colour, then hatching, at "
    "the bottom larger forms with curves, bands and knots.",
)

# %%
# Row by row the patterns grow richer: plain colours and fine stripes; waves and grids; cells and scales; feathers, hatching and cloth; at last forms with curves and braids, and something like eyes.
# Each layer puts together what the one below has found, and the deeper, the more it resembles the textures of living and made things.
#
# Is that what the filters want?
# ------------------------------
# An eye finds meaning everywhere, so we count. How much more does a filter answer to its pattern than to photographs?
# The unit is the standard deviation over photographs of fruit.


def answers(model, layer, pictures):
    """Return each filter's mean answer to its own picture."""
    maps = interpret.activations(model, pictures, layer)[layer]
    return maps.mean(axis=(1, 2))[FILTERS, FILTERS]


usual, gain = {}, {}
for layer, pictures in patterns.items():
    to_photos = seen[layer].mean(axis=(1, 2))[:, FILTERS]
    usual[layer] = to_photos.mean(axis=0)
    above = answers(base, layer, pictures) - usual[layer]
    gain[layer] = np.median(above / to_photos.std(axis=0))
    print(f"{layer}: {gain[layer]:.0f} standard deviations")

# %%
# Far more: by many standard deviations. No photograph is so full of one thing.
# That is worth remembering: the pattern is what a filter would like best, not what it usually gets.
#
# How large is the thing that a filter looks for? We cut the patterns into squares, shuffle the squares, and ask how much of the answer is left.
# A filter that looks for fine stripes will hardly mind. One that looks for a form does, as soon as the squares are smaller than the form.


def shuffled(pictures, side):
    """Cut pictures into squares and put these into another order."""
    number, height, _, colours = pictures.shape
    count = height // side
    cut = pictures.reshape(number, count, side, count, side, colours)
    cut = cut.swapaxes(2, 3).reshape(number, -1, side, side, colours)
    cut = cut[:, random.permutation(count**2)]
    cut = cut.reshape(number, count, count, side, side, colours)
    return cut.swapaxes(2, 3).reshape(pictures.shape)


def left_over(model, layer, pictures, usual):
    """Return the share of the answer that each size of squares leaves."""
    whole = answers(model, layer, pictures) - usual
    parts = [
        answers(model, layer, shuffled(pictures, side)) - usual
        for side in SQUARES
    ]
    return np.array([np.median(part / whole) for part in parts])


# %%

SQUARES = (4, 8, 16, 40)
kept = {
    layer: left_over(base, layer, pictures, usual[layer])
    for layer, pictures in patterns.items()
}
fig, ax = plt.subplots(figsize=(6.4, 4.4))
for layer, values in kept.items():
    ax.plot(SQUARES, 100 * values, marker="o", label=layer)
    print(layer, " ".join(f"{value:.2f}" for value in values))
ax.set_xscale("log", base=2)
ax.set_xticks(SQUARES, SQUARES)
ax.set(title="How much of a pattern survives when it is cut up?")
ax.set(xlabel="Side of the shuffled squares (pixels)")
ax.set(ylabel="Answer that is left (%)")
fig.legend(loc="outside lower center", ncols=3)
fig.set_label(
    "Five rising lines, one for each layer, over the side of the squares. The "
    "first block keeps most of its answer even in small squares; the deeper "
    "the layer, the lower its line lies at squares of 16 pixels."
)

# %%
# The first block hardly minds squares of eight pixels. The deeper the layer, the larger the piece that has to stay whole.
# Pooling is the reason: between two blocks it halves the maps, and the window of the next block sees twice as far.
#
# A network that has learned nothing
# ----------------------------------
# Would any network draw such pictures? Here are the same filters of one of the layers before any training.

untrained = pretrained.vgg16_base(None, weights=None)
DEEP = "block3_conv3"
blank = interpret.filter_patterns(untrained, DEEP, FILTERS, **CLIMB)
plots.image_grid(
    np.concatenate([patterns[DEEP], blank]).round().astype("uint8"),
    title=f"{DEEP}, trained (top) and untrained",
    columns=len(FILTERS),
    alt="Four patterns of the trained network above four of an untrained one. "
    "Those above are regular textures, those below are coloured noise.",
)

# %%
# A texture repeats itself: shifted by a few pixels, it fits itself again. Noise does not.
# So we shift each picture by 4 to 12 pixels in all directions, and note the best agreement.


def repetition(pictures):
    """Return how well pictures agree with themselves, a little shifted."""
    even = pictures - pictures.mean(axis=(1, 2), keepdims=True)
    power = np.abs(np.fft.fft2(even, axes=(1, 2))) ** 2
    side = pictures.shape[1]
    axis = np.fft.fftfreq(side)
    distance = np.hypot(axis[:, None], axis)
    power[:, distance < 0.04] = 0  # slow changes over the whole picture
    agreement = np.fft.ifft2(power.sum(axis=-1), axes=(1, 2)).real
    near = (distance * side >= 4) & (distance * side <= 12)
    return np.abs(agreement[:, near]).max(axis=1) / agreement[:, 0, 0]


textures, noises = repetition(patterns[DEEP]), repetition(blank)
for label, values in (("trained", textures), ("untrained", noises)):
    print(f"{label:10}", " ".join(f"{value:.2f}" for value in values))

# %%
# Without training the same procedure gives coloured noise, which agrees with itself much less.
# So the textures come from what was learned, not from the shape of the network, nor from our way of drawing.
#
# A network of our own
# --------------------
# It does not take a million photographs. Here is a small network that has read digits for a few seconds.

(x_train, y_train), (x_test, y_test) = datasets.digits()
reader = models.convnet((28, 28, 1), 10, (16, 32, 64), batch_norm=True)
reader.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
reader.fit(
    x_train[:12_000, ..., None],
    y_train[:12_000],
    batch_size=64,
    epochs=2,
    verbose=0,
)
x_test = x_test[..., None]
accuracy = reader.evaluate(x_test, y_test, batch_size=500, verbose=0)[1]
print(f"right about {accuracy:.3f} of the test digits")

# %%
datasets.card("digits")

# %%
# The pictures are small, so the jitter has to be smaller too.

strokes = [
    interpret.filter_patterns(
        reader, f"conv_{number}", range(8), jitter=2, steps=30, seed=SEED
    )
    for number in (1, 2, 3)
]
plots.image_grid(
    np.concatenate(strokes).round().astype("uint8"),
    title="What a reader of digits asks for, conv_1 (top) to conv_3",
    columns=8,
    alt="Three rows of eight grey pictures: at the top plain black or white, "
    "some with an edge; then hatching in several directions; then bundles of "
    "bent strokes in the middle of the picture.",
)

# %%
# Ink or paper first, then strokes in one direction or another, then bundles of strokes that bend.
# Nowhere is there a digit. A layer holds parts, and the last layer of the network adds them up.
#
# What to take away
# -----------------
# Gradient ascent on the pixels draws what a filter would like best, in any layer: colours and stripes, then textures, then forms.
# The filters of a layer are the directions in which it can express its input. In the first layer they lose nothing; above, a ninth of the dimensions holds what is worth having, a third or more.
# Such pictures show what a filter would like best, which is far from what it meets, and only training puts it there.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "missing_12": errors[12],
    "missing_12_random": random_errors[12],
    "missing_27": errors[27],
    "held_block1": shares["block1_conv2"][0],
    "held_block2": shares["block2_conv2"][0],
    "held_block3": shares["block3_conv3"][0],
    "held_block4": shares["block4_conv3"][0],
    "held_random": np.mean([by_chance for _, by_chance in shares.values()]),
    "answer_first": answer[0],
    "answer_last": answer[-1],
    "smallest_gain": min(gain.values()),
    "kept_16_block1": kept["block1_conv2"][2],
    "kept_16_block2": kept["block2_conv2"][2],
    "kept_16_block3": kept["block3_conv3"][2],
    "kept_16_block4": kept["block4_conv3"][2],
    "kept_16_block5": kept["block5_conv2"][2],
    "kept_8_block1": kept["block1_conv2"][1],
    "repetition_trained": textures.mean(),
    "repetition_untrained": noises.mean(),
    "digits_accuracy": accuracy,
}
for name, value in measured.items():
    print(f"{name:18} {value:.4g}")

# The first layer restores every patch, and learned filters are more useful.
assert measured["missing_27"] < 1e-6
assert measured["missing_12"] < 0.9 * measured["missing_12_random"]
# Above, learned filters hold far more than random ones (.62, .40, .32 and .33 to
# .35 over five seeds, against .11).
assert measured["held_block1"] > 0.5
assert min(learned for learned, _ in shares.values()) > 0.25
assert 0.09 < measured["held_random"] < 0.13
# The answer grows (to about 200), and is far above what photographs get (by
# 5.7 to 8 standard deviations in the layer where it is least).
assert answer[-1] > max(80, 5 * abs(answer[0]))
assert measured["smallest_gain"] > 4
# The deeper the layer, the larger the piece that has to stay whole (.94 to .97,
# .67 to .70 and .28 to .42 are left in blocks 1, 3 and 5).
assert measured["kept_8_block1"] > 0.75
assert measured["kept_16_block1"] > measured["kept_16_block3"] + 0.1
assert measured["kept_16_block3"] > measured["kept_16_block5"] + 0.1
# Without training the patterns repeat themselves much less (.07 to .11 over
# five seeds, against .29 to .32).
assert textures.mean() > 1.6 * noises.mean()
assert accuracy > 0.95

# %%
# Try it
# ------
# 1. Set ``blur=0`` and ``jitter=0`` in ``CLIMB``. Prediction: the answers rise further, and the pictures look worse: they fill with fine noise.
# 2. Draw the patterns with ``pretrained.vgg16_base(None, pooling="average")``.
#    Prediction: the same motifs, larger and coarser: with the mean in place of the maximum, all pixels get a part of the gradient.

# sphinx_gallery_topics = ["5.4.2"]
# sphinx_gallery_keywords = ["images", "pretrained network", "filters", "gradient ascent"]
# sphinx_gallery_thumbnail_number = 4
