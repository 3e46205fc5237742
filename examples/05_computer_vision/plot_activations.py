"""
What does each layer make of a picture?
=======================================

A convolutional network is less of a black box than most: what its layers put out for a picture are pictures again.
On this page we draw them, all of them, for a photograph of a cat in VGG16, a network trained on more than a million photographs.

We look at an early, a middle and a late layer, each beside the pooling that follows; ask which channels answer most strongly, and where;
count how many have nothing to say; and see whether other photographs wake the same channels.
At the end we do the same with a small network of our own, which reads digits.

It assumes convolution and pooling; the section on what convnets learn in the fifth chapter explains the rest.
"""

# %%
# Setup
# -----
# VGG16 has learned already, so the seed only matters for our own network at the end.

import keras
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from skimage import data
from sklearn.datasets import load_sample_images

from dlguide import datasets, interpret, models, plots, pretrained

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

SIDE = 224  # pixels, as VGG16 was trained
DIGITS, EPOCHS = 6_000, 4  # enough for more than nine in ten
LAST = [f"block{block}_relu{2 if block < 3 else 3}" for block in range(1, 6)]

# %%
# Look at the pictures
# --------------------
# The cat (Stéfan van der Walt), the coffee (Rachel Michetti), the astronaut (NASA) and the rocket (SpaceX) are in the public domain and come with scikit-image.
# The palace and the flower come with scikit-learn, under CC BY 2.0; the photographers call themselves danielbuechele and vultilion.
# Every one is cut to a square, and a mirror image of the cat is added.

palace, flower = load_sample_images().images
squares = {
    "cat": data.chelsea()[:, 90:390],
    "coffee": data.coffee()[:, 100:500],
    "astronaut": data.astronaut()[:340, 50:390],
    "rocket": data.rocket()[:, 100:527],
    "palace": palace[:, 100:527],
    "flower": flower[:, 100:527],
    "cat, mirrored": data.chelsea()[:, 389:89:-1],
}
photographs = np.stack(
    [
        np.asarray(Image.fromarray(square).resize((SIDE, SIDE)))
        for square in map(np.ascontiguousarray, squares.values())
    ]
)
plots.image_grid(
    photographs,
    title="Six photographs and a mirror image",
    titles=list(squares),
    columns=4,
    alt="The face of a ginger cat; a cup of coffee on a red saucer; a woman "
    "in an orange suit; a rocket at night; a pagoda; an orange dahlia; "
    "the cat again, looking the other way.",
)

# %%
# The network
# -----------
# VGG16 is five blocks of two or three convolutions, each followed by a relu, and a pooling at the end of each block.
# Height and width halve from block to block, while the number of channels grows.

network = pretrained.vgg16_base(SIDE)
layers = [
    layer.name
    for layer in network.layers
    if "relu" in layer.name or "pool" in layer.name
]
maps = interpret.activations(network, photographs, layers)
for name in ("block1_relu2", "block3_relu3", "block5_relu3", "block5_pool"):
    print(f"{name:13} {maps[name].shape[1:]}")

# %%
pretrained.card("vgg16_base")

# %%
# One early layer, all of it
# --------------------------
# On the left all 64 channels of the second convolution, after its relu; on the right the same after pooling.
# Every little picture is drawn from its own darkest to its own brightest.


def page(relu, pool):
    """Draw all maps of a relu and of the pooling after it."""
    fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.6))
    for ax, name in zip(axes, (relu, pool), strict=True):
        cat = maps[name][0]
        rows, columns, channels = cat.shape
        across = int(np.ceil(np.sqrt(channels)))
        title = f"{name}\n{rows} x {columns} places"
        plots.feature_maps(cat, title=title, columns=across, ax=ax)
        ax.set_title(title, fontsize=10.5)
    return fig


fig = page("block1_relu2", "block1_pool")
fig.set_label(
    "Two squares of 64 small pictures of the cat. Many show outlines of the "
    "eyes and hairs, some the dark or the light parts of the face. "
    "The pooled ones look the same, a little bolder."
)

# %%
# A cat, sixty-four times. Some maps hold edges of one direction, some hold what is bright or what is dark, some a colour.
# Taken together they still hold the photograph.
# After pooling there are a quarter as many numbers and the eye hardly misses anything: fine lines have become bolder, because the largest number of four is kept.
#
# A middle layer
# --------------

fig = page("block3_relu3", "block3_pool")
fig.set_label(
    "Two squares of 256 tiny pictures. In each a few bright spots or strokes "
    "on dark ground; in many the eyes can be made out, the rest of the cat "
    "only in some."
)

# %%
# In the third block the maps are mostly dark. A few spots light up in each, at the eyes, along the whiskers, on the nose.
# Each map seems to be after something, but only some let us guess what, and no single one is a picture of the cat any more.
#
# A late layer
# ------------

fig = page("block5_relu3", "block5_pool")
fig.set_label(
    "512 maps of 14 by 14 places and the same after pooling. Most are dark "
    "with one or a few bright patches; one in eight is an empty frame."
)

# %%
# In the fifth block an eye finds nothing to hold on to.
# A map has one or two bright patches, or none: an empty frame is a channel that is zero everywhere.
# Pooling leaves 7 by 7 places. To us this is noise, and yet it is what the classifier works with.
#
# The strongest channels
# ----------------------
# Laid over the photograph, single maps make more sense.
# From the end of each block we take the four channels that answer most strongly in their best places, the best fiftieth of the map.

cat = photographs[0]
fig, axes = plt.subplots(5, 4, figsize=(6.4, 9.2))
strongest = {}
for row, name in zip(axes, LAST, strict=True):
    answers = maps[name][0]
    ranked = np.sort(answers.reshape(-1, answers.shape[-1]), axis=0)
    best = ranked[-(len(ranked) // 50) :].mean(axis=0)
    strongest[name] = np.argsort(-best)[:4]
    for ax, channel in zip(row, strongest[name], strict=True):
        title = f"block {name[5]}, no. {channel}"
        heat = answers[..., channel]
        plots.overlay(cat, heat, title=title, outline=None, ax=ax)
        ax.set_title(title, fontsize=9, fontweight="normal", pad=4)
fig.set_label(
    "Twenty grey pictures of the cat with bright marks, four for each block. "
    "Block 1: outlines and single hairs. Block 2: whiskers and the rims of "
    "the eyes. Block 3: corners of the eyes, and once the left edge of the "
    "picture. Block 4: both eyes in every picture. Block 5: cheeks, an eye "
    "with what surrounds it, the striped forehead."
)

# %%
# The first block marks outlines and hairs. In the second, two channels have the whiskers of one side: lines that fan out.
# In the third there are corners of eyes; one channel marks the frame of the picture, where the zeros of the padding begin.
# In the fourth all four are about eyes, and answer to both of them.
# In the fifth the patches are as large as the things: a cheek with its fur, an eye with what surrounds it, the striped forehead.
#
# These names are ours. A channel that peaks at this cat's eyes may answer to headlamps too.
# Which picture a channel would like best is another question, for the section on filters.


def near(heat, spot, pixels=28):
    """Return the highest answer near a spot, as a share of all."""
    places = (np.indices(heat.shape) + 0.5) * SIDE / len(heat)
    away = np.hypot(*(places - np.reshape(spot, (2, 1, 1))))
    return heat[away < pixels].max() / heat.max()


eyes = (85, 61), (99, 169)  # row and column, in pixels
on_eyes = [
    [near(maps["block4_relu3"][0, ..., channel], eye) for eye in eyes]
    for channel in strongest["block4_relu3"]
]
frame = maps["block3_relu3"][0, ..., 127]
on_frame = 1 - frame[1:-1, 1:-1].sum() / frame.sum()
print("share of the peak, on either eye:", *np.round(on_eyes, 2))
print(f"share on the frame, block 3, no. 127: {on_frame:.2f}")

# %%
# Who is silent?
# --------------
# A relu puts out zero wherever its sum is not positive.
# We count the zeros of each layer over the six photographs, and the channels that are zero everywhere in a photograph.

six = {name: values[:6] for name, values in maps.items()}
zeros = np.array([np.mean(values == 0) for values in six.values()])
silent = np.array([np.mean(v.max(axis=(1, 2)) == 0) for v in six.values()])
never = np.array([np.mean(v.max(axis=(0, 1, 2)) == 0) for v in six.values()])
for name, *shares in zip(layers, zeros, silent, strict=True):
    print("{:13} zeros {:.2f}, silent channels {:.3f}".format(name, *shares))

# %%
# From block to block there are more zeros: from under half to more than nine in ten.
# Pooling brings them down each time, because a window of four is zero only if all four are.
# In the last convolution a fifth of the channels are silent for a photograph, but none is silent for all six. They wait for something else.
#
# Do other photographs wake the same channels?
# --------------------------------------------
# For each photograph we take the mean of each channel, and correlate it between photographs.
# Close to 1, the same channels are awake; at 0 it is as if they were drawn by lot.


def kinship(values):
    """Return the mean correlation of pairs, and that with the mirror."""
    table = np.corrcoef(values.mean(axis=(1, 2)))
    return table[:6, :6][np.triu_indices(6, 1)].mean(), table[0, 6]


relus = [name for name in layers if "relu" in name]
others, mirror = np.transpose([kinship(maps[name]) for name in relus])
short = [f"{name[5]}.{name[-1]}" for name in relus]
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.6))
for marks, marker in (("relu", "o"), ("pool", "s")):
    chosen = [i for i, name in enumerate(layers) if marks in name]
    axes[0].plot(chosen, zeros[chosen], marker=marker, label=marks)
axes[0].set(title="Zeros", ylabel="Share of the numbers", xlabel="Layer")
starts = [layers.index(f"block{block}_relu1") for block in range(1, 6)]
axes[0].set_xticks(starts, [f"block {b}" for b in range(1, 6)], rotation=40)
axes[1].plot(mirror, marker="o", label="cat and mirrored cat")
axes[1].plot(others, marker="s", label="two photographs")
axes[1].set(title="Same channels?", ylabel="Correlation", xlabel="Layer")
starts = [relus.index(f"block{block}_relu1") for block in range(1, 6)]
axes[1].set_xticks(starts, [f"block {b}" for b in range(1, 6)], rotation=40)
axes[0].legend(loc="lower right")
axes[1].legend(loc="center right", bbox_to_anchor=(1.02, 0.76))
fig.set_label(
    "Left: the share of zeros climbs from below half to above nine tenths, "
    "in a saw-tooth, with each pooling below the relu before. Right: the "
    "correlation of channels between different photographs falls from about "
    "a half to zero, and between the cat and its mirror image stays near 1."
)

# %%
# In the first layers any two photographs wake, in part, the same channels: edges and colours are everywhere.
# In the last two blocks, which channels are awake in one photograph says nothing about another, unless the two show the same.
# The mirrored cat wakes the cat's channels from the first layer to the last, although it looks the other way.
# So a late layer says *what* is there, in few and well-chosen words.
#
# A network of our own
# --------------------
# Is this a matter of size, or of photographs? A small convnet for digits, trained for a few seconds, can be opened in the same way.

(x_train, y_train), (x_test, y_test) = datasets.digits()
reader = models.convnet((28, 28, 1), 10, filters=(16, 32, 32))
reader.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
reader.fit(
    x_train[:DIGITS, ..., None],
    y_train[:DIGITS],
    epochs=EPOCHS,
    batch_size=64,
    verbose=0,
)
_, accuracy = reader.evaluate(
    x_test[:2000, ..., None], y_test[:2000], verbose=0
)
print(f"right about {accuracy:.3f} of 2,000 test digits")

# %%
datasets.card("digits")

# %%
# Its five layers, for one digit of the test set.

steps = ["conv_1", "pool_1", "conv_2", "pool_2", "conv_3"]
seven = x_test[:1, ..., None]
small = interpret.activations(reader, seven, steps)
heights = [1.2, 0.45, 0.45, 0.85, 0.85, 0.85]
fig, axes = plt.subplots(6, 1, figsize=(6.4, 7), height_ratios=heights)
axes[0].imshow(seven[0, ..., 0], cmap="gray")
axes[0].set_title("A digit of the test set", fontsize=10.5)
axes[0].set_axis_off()
for ax, (name, values) in zip(axes[1:], small.items(), strict=True):
    rows, columns, channels = values.shape[1:]
    title = f"{name}: {channels} maps, {rows} x {columns}"
    plots.feature_maps(values[0], title=title, columns=16, ax=ax)
    ax.set_title(title, fontsize=10.5)
fig.set_label(
    "A handwritten seven, and the maps of five layers. In the first two "
    "layers every map is a seven, with one edge or another lit; in the next "
    "two strokes of it; in the last, three by three squares."
)

# %%
# The first maps are sevens with one side or another lit, the second ones hold strokes, and the last are checkerboards of nine places.
# What took VGG16 thirteen convolutions happens here in three.
#
# The kinship of channels can be asked again, now with classes: does the same digit wake the same channels, more than another digit does?

digits = x_test[:500, ..., None]
same = y_test[:500, None] == y_test[None, :500]
off = ~np.eye(500, dtype=bool)
gaps = []
for name, values in interpret.activations(reader, digits, steps).items():
    table = np.corrcoef(values.mean(axis=(1, 2)))
    alike, apart = table[same & off].mean(), table[~same].mean()
    gaps.append(alike - apart)
    print(f"{name}: same digit {alike:.2f}, other digit {apart:.2f}")

# %%
# In the first layer it makes little difference whether two digits are of one class. In the last it makes a clear one.
# One thing is not as in VGG16: the last maps are not emptier than the first.
# Perhaps a network this small, with ten classes, cannot afford channels that wait for something rare.
#
# What to take away
# -----------------
# What a convolution or a pooling puts out is a stack of small pictures, and drawing them all is the first thing to do with a network that one wants to understand.
# Early maps are the photograph in other words; late ones are few bright patches on dark ground, which no longer show the picture but say what is in it.
# Late channels are specialists: mostly silent, woken by certain things, and by these wherever they are.
#
# Check the claims
# ----------------
# VGG16 is always the same; only the digits' network depends on the seed.

measured = {
    "zeros_first": zeros[0],
    "zeros_last_relu": zeros[layers.index("block5_relu3")],
    "zeros_last_pool": zeros[-1],
    "silent_last_relu": silent[layers.index("block5_relu3")],
    "others_first": others[0],
    "others_last": others[-1],
    "mirror_lowest": mirror.min(),
    "lowest_on_eye": np.min(on_eyes),
    "share_on_frame": on_frame,
    "digits_accuracy": accuracy,
    "digits_gap_first": gaps[0],
    "digits_gap_last": gaps[-1],
    "digits_zeros_first": np.mean(small["conv_1"] == 0),
    "digits_zeros_last": np.mean(small["conv_3"] == 0),
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# Zeros: under half of the numbers, then more than nine in ten (.43 and .92), and fewer after each pooling.
assert zeros[0] < 0.48
assert measured["zeros_last_relu"] > 0.9
for number in [layers.index(f"block{block}_pool") for block in range(1, 6)]:
    assert zeros[number] < zeros[number - 1] - 0.04
# The ends of the blocks have more and more of them.
ends = [zeros[layers.index(name)] for name in LAST]
assert all(np.diff(ends) > 0.01)
# A fifth of the last channels are silent for a photograph (.20), none for all.
assert 0.15 < measured["silent_last_relu"] < 0.25
assert never.max() == 0
# Any two photographs share early channels (.49) and no late ones (.03) ...
assert others[0] > 0.4
assert abs(others[relus.index("block4_relu2") :]).max() < 0.1
# ... but the mirrored cat shares the cat's everywhere (.94 and more).
assert mirror.min() > 0.9
# Block 4's strongest channels answer to both eyes (.75 of their peak or more),
# and a channel of block 3 marks the frame.
assert min(max(pair) for pair in on_eyes) > 0.95
assert np.min(on_eyes) > 0.6
assert 127 in strongest["block3_relu3"]
assert on_frame > 0.8
assert {38, 41} <= set(strongest["block2_relu2"])
# Ours reads more than nine digits in ten (.931 to .946). In its last layer, digits of a class
# have more in common (a gap of .17 to .26) than in its first (.04 to .09).
assert 0.9 < accuracy < 0.99
assert gaps[0] < 0.2
assert gaps[-1] > gaps[0] + 0.06
assert gaps[-1] > 1.5 * gaps[0]
# Its maps do not empty (.34 to .44 zeros in the first, .27 to .37 in the last).
assert measured["digits_zeros_last"] < measured["digits_zeros_first"] + 0.1

# %%
# Try it
# ------
# 1. Open ``pretrained.efficientnet_lite0()`` at ``block10_expand_relu`` instead.
#    Prediction: the maps are as small and as hard to read, but only about two numbers in three are zero, and hardly a channel is silent.
# 2. Turn a photograph by a quarter before it goes into the network, in place of the mirror.
#    Prediction: the upright and the turned cat have less in common, the less the later the layer. A cat in a mirror is still a usual cat, one on its side is not.

# sphinx_gallery_topics = ["5.4.1"]
# sphinx_gallery_keywords = ["images", "pretrained network", "feature maps"]
# sphinx_gallery_budget = {"memory_mb": 2600, "because": "VGG16 reads photographs at its full size, and the maps of all its layers are kept"}
# sphinx_gallery_thumbnail_number = 5
