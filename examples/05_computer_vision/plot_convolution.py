"""
What does a small window see when it slides over a picture?
===========================================================

A dense layer looks at a whole picture at once. A convolution looks at nine pixels, then at the nine beside them, and so on,
always with the same nine weights. That sounds like much less, and yet nearly everything that networks do with pictures rests on it.

On this page we slide windows over a photograph of a cat, with weights chosen by hand, and see edges, blur and colour come out.
Then we ask what happens at the border, what happens when the window takes larger steps,
and what a convolution is in terms of a dense layer.

Nothing is trained here. It assumes NumPy, and the idea of a layer as a weighted sum;
the section on convolution in the fifth chapter explains the rest.
"""

# %%
# Setup
# -----
# The seed fixes the weights of the random windows.

import keras
import matplotlib.pyplot as plt
import numpy as np
from skimage import data

from dlguide import plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)
rng = np.random.default_rng(SEED)

# %%
# Look at the picture
# -------------------
# The cat is called Chelsea. Stéfan van der Walt photographed her and gave the picture into the public domain (CC0); it comes with scikit-image.
# A picture is an array with three axes: height, width and channels, here red, green and blue.
# We scale its bytes to numbers from 0 to 1, and make a grey version with one channel.

cat = data.chelsea()[20:280, 90:350].astype("float32") / 255
grey = cat.mean(axis=2, keepdims=True)
print(f"colour {cat.shape}, grey {grey.shape}")
row, column = 64, 69  # on the upper rim of an eye
patch = grey[row : row + 3, column : column + 3, 0]
print(patch.round(2))

# %%
# The nine numbers lie on the rim of an eye: light fur above, the dark lid below.
#
# One window, by hand
# -------------------
# The window has nine weights. Put it on nine pixels, multiply each by its weight, and add up: one number comes out.
# These weights count what is bright above and subtract what is bright below, so they answer to an upper edge.

upper = np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]], dtype="float32")
bridge = grey[168:171, 183:186, 0]  # of the nose
on_rim, on_bridge = np.sum(upper * patch), np.sum(upper * bridge)
print(f"on the rim of the eye      {on_rim:.2f}")
print(f"on the bridge of the nose  {on_bridge:.2f}")

# %%
# On the rim the answer is large, on the even fur of the nose it is close to zero.
# A convolution asks the same question at every place.
# The answers, put where they were given, make a new picture, called a *feature map*.


def convolve(picture, weights):
    """Slide windows over a picture, (height, width, channels)."""
    side, _, _, maps = weights.shape
    height, width = (size - side + 1 for size in picture.shape[:2])
    answer = np.zeros((height, width, maps), dtype="float32")
    for row in range(height):
        for column in range(width):
            window = picture[row : row + side, column : column + side]
            answer[row, column] = np.tensordot(window, weights, axes=3)
    return answer


# %%
# The weights have four axes: two for the places in the window, one for the channels that go in, and one for the maps that come out.
# With three channels a window is a block of 3 x 3 x 3 weights, and there is one block for each map.
# Keras calls them the layer's *kernel*. Its layer must give the same numbers.

layer = keras.layers.Conv2D(8, kernel_size=3, use_bias=False)
theirs = layer(cat[None]).numpy()[0]  # a batch of one picture
weights = layer.get_weights()[0]
ours = convolve(cat, weights)
difference = np.abs(ours - theirs).max()
print(f"kernel {weights.shape}, maps {ours.shape}")
print(f"largest difference {difference:.1e}")

# %%
# Two loops and a sum of products: that is all that the layer does.
# The maps are two pixels shorter and narrower than the photograph, because a window has to lie inside it.
#
# Windows that look for something
# -------------------------------
# Different weights ask different questions. A window of equal weights averages its nine pixels.
# One that weighs the centre against its neighbours answers to spots and to fine lines.

kernels = {
    "upper edge": upper,
    "left edge": upper.T,
    "both": upper + upper.T,
    "spot": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "mean of nine": np.full((3, 3), 1 / 9),
}
windows = np.stack(list(kernels.values()), axis=2)[:, :, None, :]
windows = windows.astype("float32")
maps = convolve(grey, windows)
print(f"{grey.shape} and kernel {windows.shape} make {maps.shape}")

# %%
# An answer may be negative. In the pictures of edges and spots mid-grey is zero, lighter is positive and darker is negative.

inner = grey[1:-1, 1:-1, 0]  # as large as the maps
pictures = {"grey picture": inner}
for name, answers in zip(kernels, np.moveaxis(maps, 2, 0), strict=True):
    span = np.percentile(np.abs(answers), 99)
    pictures[name] = np.clip(answers / span / 2 + 0.5, 0, 1)
pictures["mean of nine"] = maps[..., -1]  # never negative
plots.image_grid(
    np.stack(list(pictures.values())),
    title="One photograph and five windows",
    titles=list(pictures),
    columns=3,
    alt="The face of a cat and five maps of it. Upper edge: the eyelids and "
    "whiskers, in relief. Left edge: the upright lines of the forehead and "
    "the nose. Both: a relief lit from the upper left. Spot: hairs and "
    "whiskers only. Mean of nine: the cat again, a little softer.",
)

# %%
# The window for upper edges draws the lids and the whiskers, which lie across, the one for left edges what stands upright on forehead and nose.
# Their sum answers to both, and the cat looks like a coin with the light from the upper left.
# The window for spots leaves only what is fine: hairs, whiskers, the light in the eyes.
# Weights that sum to zero have nothing to say where everything is even.
# The last window has no negative weights. Its map is the cat again, a little softer.

even = np.full((9, 9, 1), 0.6, dtype="float32")
on_even = np.abs(convolve(even, windows)).max(axis=(0, 1))
detail = np.abs(np.diff(inner, axis=1)).mean()
softer = np.abs(np.diff(maps[..., -1], axis=1)).mean() / detail
print("answers on an even grey:", *on_even.round(3))
print(f"step between neighbours, after the mean: {softer:.2f} of before")

# %%
# A window of more than one channel
# ---------------------------------
# Three channels make questions about colour possible.
# This block adds up the nine red values and subtracts the nine blue ones; the green ones have weight zero.

warm = np.zeros((3, 3, 3, 1), dtype="float32")
warm[:, :, 0], warm[:, :, 2] = 1 / 9, -1 / 9
warmth = convolve(cat, warm)[..., 0]
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.3))
axes[0].imshow(cat[1:-1, 1:-1])
axes[0].set_title("Photograph")
drawn = axes[1].imshow(warmth, cmap="viridis")
axes[1].set_title("Red less blue")
fig.colorbar(drawn, ax=axes[1], label="Answer", shrink=0.8)
for ax in axes:
    ax.set_axis_off()
fig.set_label(
    "A ginger cat, and a map of it that is bright on the orange fur around "
    "the nose and dark in the pupils and at the right edge, where it is grey."
)

# %%
# The map is bright on the ginger fur around the nose and dark in the pupils.
# A layer of 8 such windows over three channels has 8 x 27 weights and, usually, a bias for each map:
# as many as it needs, whatever the size of the photograph.
#
# The border
# ----------
# How many places are there for a window? On a side of five pixels a window of three fits three times.
# If the picture is to keep its size, a border of zeros has to be put around it first. Keras calls the two ways *valid* and *same*.

fig, axes = plt.subplots(1, 3, figsize=(6.4, 2.9))
ways = {"valid": (0, 1), "same": (1, 1), "valid, stride 2": (0, 2)}
for ax, (way, (pad, stride)) in zip(axes, ways.items(), strict=True):
    for corner in np.ndindex(5 + 2 * pad, 5 + 2 * pad):
        x, y = (c - pad for c in corner)
        zero = not (0 <= x < 5 and 0 <= y < 5)
        style = (
            {"fc": "none", "ls": ":"} if zero else {"fc": "C0", "alpha": 0.3}
        )
        ax.add_patch(plt.Rectangle((x, y), 1, 1, ec="C0", **style))
    places = np.arange(0, 5 + 2 * pad - 2, stride) - pad
    x, y = (p.ravel() + 1.5 for p in np.meshgrid(places, places))
    ax.plot(x, y, "o", color="C1", ms=6, label="centre of a window")
    for start, dashes in ((places[0], "-"), (places[1], "--")):
        ax.add_patch(
            plt.Rectangle(
                (start, -pad), 3, 3, fill=False, ec="C1", lw=2, ls=dashes
            )
        )
    count = f"{places.size} x {places.size}"
    ax.set_title(f"{way}: {count}", fontsize=11.5)
    ax.set_aspect("equal")
    ax.set(xlim=(-1.1, 6.1), ylim=(6.1, -1.1))
    ax.set_axis_off()
fig.set_label(
    "Three grids of 5 by 5 pixels with the centres of all windows and the "
    "frames of the first two. Valid: 9 centres. Same: a dotted ring of zeros "
    "around the grid and 25 centres. Stride 2: 4 centres, every other one."
)

# %%
# Dotted squares are the zeros, dots the centres of the windows, and the two frames are the first two windows of the first row.
# With *same* padding a map is as large as its picture, and a deep stack of layers does not eat the picture up.
# The price is that a window at the border sees zeros that nobody photographed.

padded = np.pad(grey, ((1, 1), (1, 1), (0, 0)))
same = keras.layers.Conv2D(5, 3, padding="same", use_bias=False)
same.build((None, *grey.shape))
same.set_weights([windows])
on_border = np.abs(same(grey[None])[0, ..., 0].numpy())  # upper edges
border_ratio = on_border[0].mean() / on_border[1:-1].mean()
zeros_are_same = np.abs(convolve(padded, windows)[..., 0]).mean()
print(
    "same as with zeros by hand:",
    np.isclose(zeros_are_same, on_border.mean()),
)
print(f"edges found on the first row: {border_ratio:.1f} times the average")

# %%
# The frame of the picture becomes its strongest edge.
#
# Larger steps
# ------------
# A window that moves by two pixels at a time makes a map with half as many rows and columns, and a quarter of the work.
# It gives the same answers as one that moves by single pixels, with every other one left out.

every = keras.layers.Conv2D(5, 3, use_bias=False)
second = keras.layers.Conv2D(5, 3, strides=2, use_bias=False)
for layer in (every, second):
    layer.build((None, *grey.shape))
    layer.set_weights([windows])
all_answers, half = every(grey[None]).numpy(), second(grey[None]).numpy()
print(f"stride 1 {all_answers.shape[1:]}, stride 2 {half.shape[1:]}")
left_out = np.abs(half - all_answers[:, ::2, ::2]).max()
print(f"largest difference from every other answer: {left_out:.1e}")

# %%
# Local and global
# ----------------
# A convolution is a weighted sum of pixels, and so is a dense layer. What is the difference?
# For a small picture, 6 by 6 pixels, we can write down the dense layer that does what a window of 3 by 3 does.
# Each of its 16 units stands for one place of the window, and has a weight for each of the 36 pixels.
# The window's weights are the numbers from 1 to 9 here, so that the eye can follow them.

SIDE = 6
pixels = np.eye(SIDE**2, dtype="float32").reshape(-1, SIDE, SIDE, 1)
one = np.arange(1, 10, dtype="float32").reshape(3, 3, 1, 1)
matrix = np.stack([convolve(p, one).ravel() for p in pixels])  # (36, 16)
picture = rng.random((SIDE, SIDE, 1), dtype="float32")
as_dense = picture.ravel() @ matrix
print("same answers:", np.allclose(as_dense, convolve(picture, one).ravel()))

fig, ax = plt.subplots(figsize=(6.4, 3.5))
drawn = ax.imshow(matrix.T, cmap="viridis")
ax.grid(False)
ax.set(xticks=range(0, 36, 6), yticks=range(0, 16, 4))
ax.set(title="A convolution, written as a dense layer")
ax.set(xlabel="Pixel of the picture (6 x 6)", ylabel="Place of the window")
fig.colorbar(drawn, ax=ax, label="Weight", shrink=0.8)
fig.set_label(
    "A matrix of 16 rows and 36 columns. In each row only nine entries are "
    "not zero, in three groups of three, and each row is the row above, "
    "moved to the right."
)

# %%
# Three quarters of the weights are zero: a unit sees its nine pixels and no others. Its pattern is *local*.
# And all rows have the same nine numbers, moved along: what is learned about one place holds at all others.
# A dense layer may put any number in any of these places.
# It may find this matrix, but nothing tells it to, and it has to learn every row on its own.

for side in (6, 28, 224):
    dense = side**2 * (side - 2) ** 2
    print(f"{side:4} pixels a side: dense {dense:13,} weights, window {9:2}")
unlike_zero = np.mean(matrix != 0)

# %%
# For a photograph of the usual size, the dense layer would have some two and a half thousand million weights for a single map.
# A window has nine.
#
# What to take away
# -----------------
# A convolution slides a small block of weights over a picture and writes down a weighted sum for each place; with several blocks it makes several maps.
# Padding decides what happens at the border, the stride how far the window moves, and both how large the maps are.
# It is a dense layer with two beliefs built in: what belongs together lies together, and what matters in one place matters everywhere.
#
# Check the claims
# ----------------
# Nothing was trained, so most of these hold exactly.

pupil, ginger = warmth[85:105, 76:86].mean(), warmth[150:200, 140:160].mean()
measured = {
    "difference_from_keras": difference,
    "steps_left_by_the_mean": softer,
    "border_ratio": border_ratio,
    "share_of_weights_not_zero": unlike_zero,
}
for name, value in measured.items():
    print(f"{name:26} {value:.4g}")

# By hand and by Keras the answers are equal, up to rounding.
assert difference < 1e-5
assert ours.shape == (258, 258, 8) == theirs.shape
# The window speaks on the rim and hardly on the forehead.
assert on_rim > 0.9
assert abs(on_bridge) < 0.1
# Weights that sum to zero say nothing about an even grey; the mean does.
assert on_even[:4].max() < 1e-5
assert np.isclose(on_even[4], 0.6)
assert softer < 0.8
# Ginger is warm, the pupil is not.
assert ginger > pupil + 0.2
# Zeros around the picture become its strongest edge.
assert np.isclose(zeros_are_same, on_border.mean())
assert border_ratio > 5
assert on_border[0].mean() > np.sort(on_border[1:-1].mean(axis=1))[-1]
# Stride 2 is stride 1 with every other answer left out.
assert left_out < 1e-5
# A dense layer with nine weights in a row of 36 does the same.
assert np.allclose(as_dense, convolve(picture, one).ravel(), atol=1e-5)
assert unlike_zero == 0.25
assert all(np.count_nonzero(row) == 9 for row in matrix.T)
assert {tuple(row[row > 0]) for row in matrix.T} == {tuple(range(1, 10))}
assert 2.4e9 < 224**2 * 222**2 < 2.6e9

# %%
# Try it
# ------
# 1. Give the layer ``dilation_rate=2``, which leaves a gap of a pixel between the nine that a window looks at.
#    Prediction: still 27 weights a map, but a window of five by five, so the maps are four pixels smaller than the photograph.
# 2. Slide the mean of nine over its own map, ten times.
#    Prediction: whiskers go first, then stripes, then eyes; each pass removes the finest lines that are left.

# sphinx_gallery_topics = ["5.1.1"]
# sphinx_gallery_keywords = ["images", "convolution", "padding", "strides"]
# sphinx_gallery_thumbnail_number = 1
