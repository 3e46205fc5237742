"""
What does a network dream of?
=============================

Show a person a cloud and ask for animals, and before long there is a dog in it.
A network can be asked the same. It gets a photograph and is allowed to change it, and the change that it makes is the one that makes some layer respond more.
Where the layer finds a faint trace of an eye, an eye grows.

On this page we change a photograph in this way, first by hand in a dozen lines, then at several sizes one after the other, which makes all the difference.
We do the same to pure noise, and to four layers side by side.
And we measure what one is tempted to say on looking at the pictures: that deep layers see large things.

It assumes the page on what each layer looks for, where patterns were grown for single filters; the section on DeepDream in the eighth chapter explains the rest.
"""

# %%
# Setup
# -----
# The network is VGG16 without its classifier, for pictures of any size. All its weights stay as they are; the picture is what changes.
# Few long steps do for a dream what many short ones would do for a proof.

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_sample_image

from dlguide import generative, plots, pretrained

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

STEPS = 6  # at each size
RATE = 0.045  # length of a step, as a share of the 255 brightnesses
JITTER = 24  # pixels by which the picture is rolled before a step
OCTAVES, SCALE = 3, 1.4  # sizes, and how much each is larger than the last
SETTINGS = {
    "octaves": OCTAVES,
    "octave_scale": SCALE,
    "steps": STEPS,
    "rate": RATE,
    "jitter": JITTER,
    "seed": SEED,
}

# %%
# Look at the data
# ----------------
# A single photograph, which comes with scikit-learn: the Summer Palace in Beijing, taken by Daniel Büchele (CC BY).
# It has what a network can make something of: a tower with many windows, trees, and a sky with nothing in it.

photo = Image.fromarray(load_sample_image("china.jpg"))


def in_size(width, height):
    """Return the photograph in another size, (height, width, 3)."""
    small = photo.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(small, "float32")


large, small = in_size(336, 224), in_size(192, 128)
base = pretrained.vgg16_base(size=None)
weights_before = [weight.copy() for weight in base.get_weights()]
print(f"photograph {large.shape}, for comparisons {small.shape}")
print(f"network with {base.count_params():,} weights")

# %%
pretrained.card("vgg16_base")

# %%


def bytes_of(pictures):
    """Return pictures as bytes, to draw them."""
    return np.stack(pictures).round().astype("uint8")


def draw(picture, title, label):
    """Draw one picture as wide as the page."""
    height, width = picture.shape[:2]
    fig, ax = plt.subplots(figsize=(6.4, 6.4 * height / width + 0.4))
    ax.imshow(bytes_of([picture])[0], interpolation="lanczos")
    ax.set(title=title, xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    fig.set_label(label)


draw(
    large,
    "The photograph",
    "A Chinese tower with three tiled roofs, one above the other, stands "
    "among trees. Behind it lie a lake and a pale sky.",
)

# %%
# The ascent, by hand
# -------------------
# What the layer puts out, squared and averaged, is one number: its response. The gradient says how each pixel would change it, and we follow the gradient uphill.
# The gradient is divided by its deviation, so that a step is as long where the layer hardly responds as where it is wide awake.
# Before each step the picture is rolled by a few pixels, at random, and rolled back afterwards.
# The network halves its maps at fixed places, and without the rolling the same pixels would be favoured in every step.


def climb(model, picture, layer):
    """Change a picture so that a layer responds more; return both."""
    tap = keras.Model(model.inputs[0], model.get_layer(layer).output)
    random = np.random.default_rng(SEED)
    pixels, responses = tf.constant(picture[None]), []
    for _ in range(STEPS):
        shift = random.integers(-JITTER, JITTER + 1, 2)
        with tf.GradientTape() as tape:
            rolled = tf.roll(pixels, shift, (1, 2))
            tape.watch(rolled)
            response = tf.reduce_mean(tap(rolled) ** 2)
        gradient = tape.gradient(response, rolled)
        rolled += RATE * 255 * gradient / tf.math.reduce_std(gradient)
        pixels = tf.roll(tf.clip_by_value(rolled, 0, 255), -shift, (1, 2))
        responses.append(float(response))
    return pixels[0].numpy(), responses


by_hand, responses = climb(base, small, "block4_relu3")
print("response of block4_relu3 before each step:")
print(*(f"{response:.0f}" for response in responses))

# %%
# The library's ``deep_dream`` takes the same steps, at one size or at several.
# It begins with the photograph at half its size. There the windows of the network cover twice as much of the scene, and what grows is large.
# Then the picture is enlarged, the fine detail of the photograph that the small copy could not hold is put back, and the ascent goes on.
# The sizes are called octaves, as in music, where an octave up is twice the frequency.

octaves = generative.deep_dream(base, small, "block4_relu3", **SETTINGS)


plots.image_grid(
    bytes_of([by_hand, octaves.image]),
    title="One size, or three one after the other",
    titles=["one size", "three sizes"],
    columns=2,
    alt="On the left the photograph with a web of fine strokes over it and "
    "some small eyes; on the right the same with larger shapes, eyes and "
    "heads of animals in the trees and on the tower.",
)

# %%
# At one size the photograph gets a texture. At three sizes things appear in it, because what grew on the small copy is elaborated on the larger ones.
#
# A dream
# -------
# Now larger, and for two layers together: one that knows eyes, fur and scales, and a deeper one that knows whole heads and buildings.

LAYERS = ["block4_relu3", "block5_relu2"]
dream = generative.deep_dream(base, large, LAYERS, **SETTINGS)


draw(
    dream.image,
    "The Summer Palace, as VGG16 dreams it",
    "The tower is still in its place, with roofs and arched windows richer "
    "than before. Out of the bushes have grown scaly heads with several "
    "eyes, and in the empty sky arches and domes begin to show.",
)

# %%
# Nobody drew this. The network learned from photographs of a thousand classes, more than a hundred of them breeds of dog, and it finds what it knows:
# eyes in the bushes, more windows where there were windows, architecture even in the air.
#
# From nothing
# ------------
# Is a photograph needed at all? We begin with grey noise.

random = np.random.default_rng(SEED)
noise = random.normal(128, 30, (112, 168, 3)).clip(0, 255).astype("float32")
from_noise = generative.deep_dream(base, noise, LAYERS, **SETTINGS)
draw(
    from_noise.image,
    "The same, from noise",
    "Out of grey noise have grown eyes with lids and rings around them, "
    "scales, feathers and curved lines, all over the picture.",
)

# %%
# A little of everything is in noise, and the network takes what it can use. What was found in the photograph was in the network from the beginning.
#
# How does the response grow? A point is the response before a step; dotted lines mark where the picture was enlarged.

fig, ax = plt.subplots(figsize=(6.4, 3.4))
steps = np.arange(1, OCTAVES * STEPS + 1)
for run, label, mark in (
    (dream, "from the photograph", "o"),
    (from_noise, "from noise", "s"),
):
    ax.plot(steps, run.objective.ravel(), marker=mark, label=label)
for change in range(1, OCTAVES):
    ax.axvline(change * STEPS + 0.5, color="0.5", ls=":")
ax.set(title="The climb, at three sizes", xlabel="Step", yscale="log")
ax.set(ylabel="Response of both layers")
ax.legend(loc="lower right")
fig.set_label(
    "The response against the step, on a logarithmic scale. It rises within "
    "each of the three sizes. From the photograph it begins lower again "
    "after each enlargement."
)

# %%
# At every size the response is multiplied. From the photograph it falls back at each enlargement: what has been drawn for one size is blurred at the next and has to be sharpened.
# But it never falls back to where it began, so the small copies have not worked in vain. From noise it climbs faster, and the first time there is little yet to lose.
#
# One layer at a time
# -------------------

DEPTHS = ["block2_relu2", "block3_relu3", "block4_relu3", "block5_relu3"]
dreams = {"block4_relu3": octaves}
for layer in DEPTHS:
    if layer not in dreams:
        dreams[layer] = generative.deep_dream(base, small, layer, **SETTINGS)
plots.image_grid(
    bytes_of([dreams[layer].image for layer in DEPTHS]),
    title="What four layers make of it",
    titles=DEPTHS,
    columns=2,
    alt="The photograph as four layers change it. The second block covers it "
    "with coloured stripes and spots, the third with rings and curls, the "
    "fourth grows eyes and scales, the fifth takes the tower apart and puts "
    "heads, spires and parts of animals together.",
)

# %%
# Stripes and spots, then rings and curls, then eyes and scales, then faces and buildings that run into each other. The deeper the layer, the larger what it builds, it seems.
#
# How large are the structures?
# -----------------------------
# First we take the word literally, and ask how much of the change in brightness is in long waves, of more than sixteen pixels.


def coarse_share(picture):
    """Return how much of a change is in waves longer than 16 pixels."""
    change = (picture - small).mean(axis=-1)
    power = np.abs(np.fft.fft2(change - change.mean())) ** 2
    down, across = (np.fft.fftfreq(length) for length in change.shape)
    return power[np.hypot(down[:, None], across) < 1 / 16].sum() / power.sum()


coarse = {layer: coarse_share(dreams[layer].image) for layer in DEPTHS}
coarse["block4_relu3, one size"] = coarse_share(by_hand)
for name, share in coarse.items():
    print(f"{name:23} {share:.0%} in long waves")

# %%
# Three sizes put more into long waves than one does. But a deeper layer does not: its strokes are as fine as those of the others, or finer.
# What differs must be how they are put together, so let us take them apart.
# We cut each dream into square tiles, shuffle these, and ask the layer again. A layer that cares for small patterns should hardly notice;
# one that needs the whole eye will miss it when the eye is cut in four.

TILES = (4, 8, 16, 32)  # pixels


def shuffled(picture, tile):
    """Cut a picture into square tiles and put them together at random."""
    rows, columns = picture.shape[0] // tile, picture.shape[1] // tile
    cut = picture.reshape(rows, tile, columns, tile, 3).swapaxes(1, 2)
    cut = random.permutation(cut.reshape(-1, tile, tile, 3))
    cut = cut.reshape(rows, columns, tile, tile, 3).swapaxes(1, 2)
    return cut.reshape(picture.shape)


def response(picture, layer):
    """Return the mean square of what a layer puts out."""
    tap = keras.Model(base.inputs[0], base.get_layer(layer).output)
    return float(tf.reduce_mean(tap(picture[None]) ** 2))


kept = {}  # in the order of the layers
print(f"{'response kept':14}" + "".join(f"{tile:4} pixels" for tile in TILES))
for layer in DEPTHS:
    picture = dreams[layer].image
    broken = [response(shuffled(picture, tile), layer) for tile in TILES]
    kept[layer] = np.array(broken) / response(picture, layer)
    print(f"{layer:14}" + "".join(f"{share:11.1%}" for share in kept[layer]))

# %%

fig, ax = plt.subplots(figsize=(6.4, 3.4))
for (layer, shares), mark in zip(kept.items(), "os^D", strict=True):
    ax.plot(TILES, 100 * shares, marker=mark)
    ax.annotate(f"  {layer}", (TILES[-1], 100 * shares[-1]), va="center")
ax.set(title="Dreams cut into tiles and shuffled", xscale="log")
ax.set_xlim(3.6, 62)
ax.set(ylabel="Response kept (%)", xlabel="Side of a tile (pixels)")
ax.set_xticks(TILES, [str(tile) for tile in TILES])
ax.minorticks_off()
fig.set_label(
    "Share of the response that is kept, against the side of the tiles, for "
    "four layers. The second block keeps most of it with any tiles. The "
    "deeper the layer the less is kept, and the fifth block keeps hardly "
    "anything even with the largest."
)

# %%
# The second block keeps most of its response even when its dream has been cut to pieces of four pixels.
# The third needs larger pieces, the fourth still larger ones, and to the fifth even pieces of thirty-two pixels, a quarter of the picture's height, say little.
# So the first impression was right, but it is the order of the strokes that grows with the depth, and not the strokes.
#
# What has remained?
# ------------------
# All this happened to the pixels alone. We compare the network with what it was, and the dream with its photograph.


def likeness(first, second):
    """Return the correlation of two pictures' brightness."""
    first, second = first.mean(axis=-1), second.mean(axis=-1)
    return np.corrcoef(first.ravel(), second.ravel())[0, 1]


same_weights = all(
    np.array_equal(before, after)
    for before, after in zip(weights_before, base.get_weights(), strict=True)
)
moved = np.abs(dream.image - large).mean()
print(f"weights unchanged: {same_weights}")
print(f"a pixel has moved by {moved:.0f} of 255 brightnesses on average")
print(
    f"correlation, dream and photograph: {likeness(dream.image, large):.2f}"
)
print(f"noise and what grew from it: {likeness(from_noise.image, noise):.2f}")

# %%
# The layout is the photograph's: light stays light and dark stays dark, for a step follows the gradient from where the picture is.
#
# What to take away
# -----------------
# A dream is gradient ascent with the pixels in the place of the weights: it shows what a layer has learned to look for, whether it is there or not.
# The sizes make the picture, because a window that sees few pixels sees much of a small copy.
# What deep layers respond to is large and falls apart when it is cut; what shallow ones respond to is small and does not care.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

climbs = {"photo": dream.objective, "noise": from_noise.objective}
rises = {name: c[:, -1] / c[:, 0] for name, c in climbs.items()}
restarts = {name: c[1:, 0] / c[:-1, -1] for name, c in climbs.items()}
measured = {
    "rise_by_hand": responses[-1] / responses[0],
    **{f"rise_{i + 1}": rise for i, rise in enumerate(rises["photo"])},
    **{f"noise_rise_{i + 1}": r for i, r in enumerate(rises["noise"])},
    "least_restart": min(c[1:, 0].min() / c[0, 0] for c in climbs.values()),
    "largest_restart": restarts["photo"].max(),
    "noise_restart": restarts["noise"][-1],
    "total_rise": dream.objective[-1, -1] / dream.objective[0, 0],
    **{f"kept_{layer[5]}_{TILES[0]}": k[0] for layer, k in kept.items()},
    **{f"kept_{layer[5]}_{TILES[2]}": k[2] for layer, k in kept.items()},
    **{f"kept_{layer[5]}_{TILES[-1]}": k[-1] for layer, k in kept.items()},
    "likeness": likeness(dream.image, large),
    "noise_likeness": likeness(from_noise.image, noise),
    "moved": moved,
    **{f"coarse_{layer[5]}": coarse[layer] for layer in DEPTHS},
    "coarse_one_size": coarse["block4_relu3, one size"],
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")


# %%
# The bounds lie well outside what five seeds gave, which stands beside them.

# The weights are what they were; the layout is the photograph's (.94 to .95, a
# pixel has moved by 24 to 25).
assert same_weights
assert measured["likeness"] > 0.85
assert 10 < measured["moved"] < 40
# The response grows within each size, and falls back where the picture is
# enlarged (from noise the second time), though not to where it began. By hand
# it is multiplied by 5.7 to 8, from the photograph by 4 to 7 at each size, from
# noise by 19 to 38 at first and by 4 to 19 later; after an enlargement .19 to
# .39 are left, and that is 2.1 times the beginning or more.
assert measured["rise_by_hand"] > 4
assert rises["photo"].min() > 2.5
assert rises["noise"].min() > 2.5
assert rises["noise"][0] > 15
assert measured["largest_restart"] < 0.8
assert measured["noise_restart"] < 0.8
assert measured["least_restart"] > 1.5
# Three sizes put more of the change into long waves (.13 to .15) than one
# (.04); a deeper layer does not (.15 to .17 in the fifth block, .30 in the
# second).
assert measured["coarse_4"] > 1.7 * measured["coarse_one_size"]
assert measured["coarse_5"] < measured["coarse_2"]

# %%

# The deeper the layer, the more of its response is lost to any cutting.
by_depth = np.array(list(kept.values()))  # (layers, tiles)
assert np.all(by_depth[:-1] > 1.1 * by_depth[1:])
# The second block keeps most with tiles of 4 pixels (.82 to .85), the third
# needs larger ones (.25 to .28, and .81 to .84 with 32), the fourth larger still
# (.06 to .10, .17 to .20 with 16, .38 to .45 with 32), and the fifth has little
# even of the largest (.05 to .12).
assert kept["block2_relu2"][0] > 0.6
assert kept["block3_relu3"][0] < 0.45 < kept["block3_relu3"][-1]
assert kept["block4_relu3"][0] < 0.2 < kept["block4_relu3"][-1]
assert kept["block4_relu3"][2] < 0.35
assert kept["block5_relu3"][-1] < 0.3

# %%
# Try it
# ------
# 1. Take another photograph, ``data.coffee()`` or ``data.chelsea()`` from ``skimage`` for example.
#    Prediction: other things grow in other places, but again eyes where something is round and dark.
# 2. Set ``JITTER = 0``. Prediction: other animals, but no worse ones. The same pixels are favoured every time, and so few steps are not enough for a grid to become visible.

# sphinx_gallery_topics = ["8.2"]
# sphinx_gallery_keywords = ["images", "pretrained network", "gradient ascent", "generative model"]
# sphinx_gallery_budget = {"cpu_seconds": 110, "because": "gradients of a network with fifteen million weights are followed for a hundred steps"}
# sphinx_gallery_thumbnail_number = 3
