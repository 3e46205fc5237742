"""
A photograph, painted in the manner of van Gogh
===============================================

What if van Gogh had stood in front of the Summer Palace in Beijing? A network that was trained to name things in photographs can tell what is to be seen in a picture.
It can also tell how a picture is painted, for which features occur together is hardly a question of what is shown.
So we can ask for a picture that agrees with a photograph in the one, and with a painting in the other.

On this page we look for it pixel by pixel. We paint one photograph after two paintings, watch the losses fall, and try how much the photograph should count.
A second network, which takes no part in the work, is asked in the end what it sees.

It assumes the pages on what layers put out and on filters; the section on style transfer in the eighth chapter explains the rest.
"""

# %%
# Setup
# -----
# The work is done at a small size first, where large shapes and colours settle at little cost, then at the full one, where the strokes become fine.
# What the photograph counts, 0.05 against 1 for the painting, sounds like little. It is not, as we shall see.

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from dlguide import datasets, generative, interpret, plots, pretrained

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

SIZES, ITERATIONS = (160, 320), (40, 14)  # longer side in pixels
MEDIUM, SMALL = 160, 128  # for the second style, and for trying out
TRIES = 30  # iterations at the small size
CONTENT_WEIGHT = 0.05
STYLE_LAYERS = generative.style.STYLE_LAYERS

# %%
# Look at the data
# ----------------
# A photograph that comes with scikit-learn, and two paintings: *Wheat Field with Cypresses* by Vincent van Gogh and *Whalers* by William Turner.


def fitted(picture, longer):
    """Resize a picture so that its longer side is as asked for."""
    factor = longer / max(picture.shape[:2])
    size = [round(side * factor) for side in picture.shape[:2]]
    small = keras.ops.image.resize(
        picture.astype("float32"), size, "bicubic", antialias=True
    )
    return np.clip(small, 0, 255)


photograph = load_sample_image("china.jpg")
styles = {
    "van Gogh": datasets.paintings("wheat_field_with_cypresses"),
    "Turner": datasets.paintings("whalers"),
}
fig, axes = plt.subplots(1, 3, figsize=(6.4, 2.1))
shown = {"photograph": photograph, **styles}
for ax, (name, picture) in zip(axes, shown.items(), strict=True):
    ax.imshow(picture)
    ax.set_axis_off()
    ax.set_title(name.capitalize(), fontsize=10)
fig.suptitle("What is to be seen, and two ways to paint it", fontsize=11)
fig.set_label(
    "Three pictures side by side: a photograph of a palace with three roofs "
    "above trees; a painting with a yellow field, dark cypresses and a sky of "
    "swirls; a painting of ships in a pale yellow mist."
)

# %%
datasets.card("paintings")

# %%
pretrained.card("vgg16_base")

# %%
# Van Gogh's picture consists of strokes, Turner's of mist. Neither has a palace in it, nor even a house of any size.
#
# What must we beat?
# ------------------
# Anybody can give a photograph the colours of a painting: stretch and shift them until mean and covariance of red, green and blue are the painting's.
# How far is the outcome from the painting in style? The distance is that of the Gram matrices, layer by layer, as a share of the painting's own.


def grams(network, picture, layers):
    """Return which channels occur together, for each layer."""
    flat = (
        maps.reshape(-1, maps.shape[-1])
        for maps in interpret.activations(
            network, picture[None], layers
        ).values()
    )
    return [places.T @ places / len(places) for places in flat]


def style_distance(network, picture, painting, layers):
    """Return the mean squared distance of the matrices, as a share."""
    pairs = zip(
        grams(network, picture, layers),
        grams(network, painting, layers),
        strict=True,
    )
    return np.mean([((a - b) ** 2).sum() / (b**2).sum() for a, b in pairs])


# %%


def recoloured(picture, painting):
    """Give a picture the mean and covariance of a painting's colours."""
    ours, theirs = picture.reshape(-1, 3), painting.reshape(-1, 3)
    stretch = np.linalg.cholesky(np.cov(theirs.T)) @ np.linalg.inv(
        np.linalg.cholesky(np.cov(ours.T))
    )
    colours = (ours - ours.mean(axis=0)) @ stretch.T + theirs.mean(axis=0)
    return np.clip(colours, 0, 255).reshape(picture.shape)


base = pretrained.vgg16_base(None, pooling="average")
base.trainable = False
target = fitted(styles["van Gogh"], SIZES[-1])
pictures = {"photograph": fitted(photograph, SIZES[-1])}
pictures["recoloured"] = recoloured(pictures["photograph"], target)
for name, picture in pictures.items():
    apart = style_distance(base, picture, target, STYLE_LAYERS)
    print(f"{name:11} style distance {apart:.3f}")

# %%
# The recoloured photograph has exactly the painting's mean and covariance of colours, but for the clipping, and is hardly nearer in style. There is not a stroke in it.
#
# The model
# ---------
# The network is VGG16 with its weights of ImageNet, all of them frozen, and with the mean in place of the maximum in its pooling, which makes smoother pictures.
# What is adjusted are the pixels: some two hundred thousand numbers from 0 to 255. L-BFGS follows the slope of the weighted sum of the losses.

result = generative.style_transfer(
    base,
    photograph,
    styles["van Gogh"],
    content_weight=CONTENT_WEIGHT,
    sizes=SIZES,
    iterations=ITERATIONS,
)
pictures["painted"] = result.image
fig, ax = plt.subplots(figsize=(6.4, 4.6))
ax.imshow(result.image / 255, interpolation="bicubic")
ax.set_axis_off()
ax.set_title("The Summer Palace, after van Gogh")
fig.set_label(
    "The palace and the trees of the photograph in the colours and strokes of "
    "van Gogh's painting: a sky of blue and white swirls, yellow and green "
    "strokes below, curved outlines on the roofs."
)

# %%
# The palace stands where it stood, and every roof can be counted. But the sky has begun to swirl, the hill has taken the yellow of the wheat, and the outlines are drawn with a brush.
# Nobody has told the network that there is a sky. It is blue and empty in both pictures, so the same features answer to both.
#
# Watch the losses
# ----------------

losses = result.losses
fig, ax = plt.subplots(figsize=(6.4, 3.4))
for (name, label), mark in zip(
    {"style": "style", "content": "content, unweighted"}.items(),
    "os",
    strict=True,
):
    steps = np.arange(1, len(losses[name]) + 1)
    ax.plot(steps, losses[name], marker=mark, ms=3, label=label)
ax.axvline(ITERATIONS[0] + 0.5, color="0.5", lw=1, ls="--")
ax.text(ITERATIONS[0] - 0.5, 1.3, f"{SIZES[0]} pixels", ha="right")
ax.text(ITERATIONS[0] + 1.5, 1.3, f"{SIZES[1]} pixels")
ax.set_yscale("log")
ax.set_ylim(top=2.5)
ax.yaxis.set_major_formatter("{x:g}")
ax.set(title="Two losses on their way", xlabel="Iteration", ylabel="Loss")
ax.legend(loc="lower left")
fig.set_label(
    "Both losses against the iterations, on a logarithmic scale. The style "
    "falls far below a tenth within forty iterations, jumps up where the "
    "picture becomes larger and falls again. The content changes little."
)

# %%
# The work began with the photograph itself, where the content loss is zero. In the first step it has to rise, and from then on it is the price that is paid for the style.
# At the larger size the style has to be found again, because a finer picture has features that the coarse one could not hold; fourteen iterations are enough.
#
# Another painter
# ---------------
# The same photograph, the same settings and another painting, at half the size.

misty = generative.style_transfer(
    base,
    photograph,
    styles["Turner"],
    content_weight=CONTENT_WEIGHT,
    sizes=[MEDIUM],
    iterations=[ITERATIONS[0] // 2],
).image
plots.image_grid(
    np.stack([fitted(pictures["painted"], MEDIUM), misty]) / 255,
    title="One photograph, two painters",
    titles=["After van Gogh", "After Turner"],
    columns=2,
    alt="The palace twice. After van Gogh it is bright, with outlines and "
    "strokes. After Turner it is a brown shape in a pale yellow mist.",
)

# %%
# How much should the photograph count?
# -------------------------------------
# A small picture and few iterations are enough to see what the weight does. The last one starts from noise instead of the photograph.

tries = {
    "weight 0": {"content_weight": 0},
    "weight 0.05": {"content_weight": 0.05},
    "weight 1": {"content_weight": 1},
    "0.05, from noise": {"content_weight": 0.05, "start": "noise"},
}
tried = {
    name: generative.style_transfer(
        base,
        photograph,
        styles["van Gogh"],
        sizes=[SMALL],
        iterations=[TRIES],
        seed=SEED,
        **settings,
    )
    for name, settings in tries.items()
}
print(f"{'':17}content  style")
for name, one in tried.items():
    content, style = (one.losses[part][-1] for part in ("content", "style"))
    print(f"{name:17}{content:7.3f} {style:6.4f}")

# %%

plots.image_grid(
    np.stack([one.image for one in tried.values()]) / 255,
    title="What the photograph counts",
    titles=list(tried),
    columns=2,
    alt="Four small pictures. With a weight of 0 the lower roofs of the "
    "palace dissolve in strokes; with 0.05 they are clearer; with 1 it is "
    "close to the photograph. From noise, swirls with traces of the palace.",
)

# %%
# More weight buys likeness and pays with style, and there is no right one. Even without any, something of the palace is left, since the work began with it and nothing drove it away.
# From noise, so few iterations lead to a worse picture by both losses. Where one begins matters as long as one does not go to the end.
#
# Judge
# -----
# A small loss says that the network which did the work is satisfied. Would another one agree?
# We ask EfficientNet-Lite0, which has another architecture: is the picture closer in style to the painting now, and is there still a palace in it?

judge = pretrained.efficientnet_lite0(size=None)
JUDGED = ["stem_conv", *(f"block{n}_expand_conv" for n in (1, 2, 4))]
PALACE = 698  # the class's number
seen = {}
print(f"{'':11}{'distance':>10}{'by the judge':>14}{'palace':>8}")
for name, picture in pictures.items():
    own = style_distance(base, picture, target, STYLE_LAYERS)
    apart = style_distance(judge, picture, target, JUDGED)
    answer = judge.predict(picture[None], verbose=0)
    seen[name] = (own, apart, float(answer[0, PALACE]))
    print(f"{name:11}{own:10.3f}{apart:14.3f}{seen[name][2]:8.2f}")
    guesses = pretrained.decode(answer, 3)[0]
    print(f"{'':11} sees", *(f"{guess.name}," for guess in guesses))

# %%
# In style the judge agrees: the painted picture is by far the closest. It gives more credit for the colours than the network that did the work.
# But it no longer sees a palace, where we see one at once. Networks that learned from photographs go by texture more than by shape, and the texture is what we have taken away.
#
# What to take away
# -----------------
# A painting's manner is not its colours: it is which features occur together, and a picture can be moved towards it, pixel by pixel.
# Small first, then large, and from the photograph rather than from noise: so the work takes some fifty steps.
# What the photograph should count is a matter of taste, and that a loss is small is not yet a picture, so look at it.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here. Only the picture that begins with noise depends on the seed.

ends = {
    name: [float(one.losses[part][-1]) for part in ("content", "style")]
    for name, one in tried.items()
}
measured = {
    **{f"{name}_style": row[0] for name, row in seen.items()},
    **{f"{name}_judged": row[1] for name, row in seen.items()},
    **{f"{name}_palace": row[2] for name, row in seen.items()},
    "style_first": float(losses["style"][0]),
    "style_small": float(losses["style"][ITERATIONS[0] - 1]),
    "style_jump": float(losses["style"][ITERATIONS[0]]),
    "style_last": float(losses["style"][-1]),
    "content_last": float(losses["content"][-1]),
    "content_weight_0": ends["weight 0"][0],
    "content_weight_1": ends["weight 1"][0],
    "style_weight_0": ends["weight 0"][1],
    "style_weight_1": ends["weight 1"][1],
    "content_from_noise": ends["0.05, from noise"][0],
    "style_from_noise": ends["0.05, from noise"][1],
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# %%

# Colours alone hardly bring the photograph nearer (0.62 after 0.65); painting
# it does (0.009).
assert measured["recoloured_style"] > 0.8 * measured["photograph_style"]
assert measured["painted_style"] < 0.03 * measured["photograph_style"]
# The style falls, jumps up at the larger size and falls again (0.35, 0.008,
# 0.24, 0.009).
assert measured["style_small"] < 0.04 * measured["style_first"]
assert measured["style_jump"] > 10 * measured["style_small"]
assert measured["style_last"] < 0.1 * measured["style_jump"]
# More weight: nearer in content, further in style. From noise: further in both
# (content 0.68, 0.38, 0.10; style 0.008, 0.011, 0.093).
contents, distances = np.array([ends[name] for name in list(tries)[:3]]).T
assert (np.diff(contents) < -0.05).all()
assert distances[2] > 1.2 * distances[:2].max()
assert measured["content_from_noise"] > contents[1] + 0.05
assert measured["style_from_noise"] > 1.2 * distances[1]
# The judge finds the painted picture closest, the recoloured one next (0.05,
# 0.29, 1.69), and sees no palace in it.
assert measured["painted_judged"] < 0.5 * measured["recoloured_judged"]
assert measured["recoloured_judged"] < 0.6 * measured["photograph_judged"]
assert measured["painted_palace"] < 0.5 * measured["photograph_palace"]

# %%
# Try it
# ------
# 1. Take another painting, ``datasets.paintings("trees_and_houses")``. Prediction: the same palace in Cézanne's dark contours on a bare ground.
# 2. Set ``ITERATIONS = (80, 60)``. Prediction: the style comes a little closer, for more than twice the work, and you have to look twice to see it.

# sphinx_gallery_topics = ["8.3"]
# sphinx_gallery_keywords = ["images", "style transfer", "pretrained network"]
# sphinx_gallery_budget = {"cpu_seconds": 150, "because": "pictures are painted with the gradient of VGG16, the largest of them at 320 pixels"}
# sphinx_gallery_thumbnail_number = 2
