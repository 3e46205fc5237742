"""
Where does a network look when it says "espresso"?
==================================================

A network that names photographs gives one number for each of a thousand classes, and no reasons.
But its last maps still have places, top left and bottom right, and the gradient tells which maps a class cares about.
Put together, the two make a map of the evidence: Grad-CAM, a heat map laid over the photograph.

Heat maps look convincing, which is their danger. So on this page we draw a few and then cross-examine them.
Does the heat move when we ask about something else? Does it find the right half of a picture as a rule, or only in the one that we like to show?
What does it say about a wrong answer? Would a network that has learned nothing draw the same map?
And does a method that uses no gradient at all agree?

It assumes the pages on convolution and on pretrained networks; the section on heat maps in the fifth chapter explains the mathematics.
"""

# %%
# Setup
# -----
# The network is trained already, and nothing is trained here. The seed chooses the pairs of fruit and the weights of the networks that know nothing.

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from scipy.stats import spearmanr
from skimage import data, transform

from dlguide import datasets, interpret, plots, pretrained

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

SIDE = 224  # pixels, as the network was trained
TIGER_CAT, ESPRESSO, HELMET = 282, 967, 560  # numbers of ImageNet's classes
GRANNY_SMITH, ORANGE = 948, 950
PAIRS = 12  # of an apple and an orange
DRAWS = 100  # shufflings of the last layer
NETWORKS = 4  # of which all layers are shuffled

# %%
# Look at the pictures
# --------------------
# Chelsea the cat was photographed by Stéfan van der Walt (CC0), the cup by Rachel Michetti, and Eileen Collins by NASA; all three are part of scikit-image.
# We put the cat and the cup side by side. What does EfficientNet-Lite0 make of two things in one picture?


def square(photograph, middle=0.5):
    """Cut a square out of a photograph and bring it to the right size."""
    height, width = photograph.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, round((width - side) * middle)
    cut = photograph[top : top + side, left : left + side]
    small = transform.resize(cut, (SIDE, SIDE), anti_aliasing=True)
    return (255 * small).round().astype("uint8")


network = pretrained.efficientnet_lite0(size=None)
names = pretrained.imagenet_classes()
cat, cup = square(data.chelsea(), 0.3), square(data.coffee())
both = np.concatenate([cat, cup], axis=1)


def answers(picture, top=5):
    """Return the network's likeliest classes for one picture."""
    probability = network.predict(picture[None], verbose=0)
    return pretrained.decode(probability, top)[0]


first_answers = answers(both)
for guess in first_answers:
    print(f"{guess.number:4} {guess.name:14} {guess.probability:.3f}")

# %%
pretrained.card("efficientnet_lite0")

# %%
# The cat and the cup are both among the first five, with several names each, and the thousand probabilities have to share one sum.
# Which pixels stand behind which name?
#
# The map, spelled out
# --------------------
# Below the last layers the network has 1,280 maps, with one place for every 32 by 32 pixels.
# Two lines of calculus turn them into a heat map.
# The gradient of the class's score says, for every map, how much the score would rise if the map did; its mean over the places is the map's weight.
# Then the maps are added up with these weights, and what is negative is cut off: it speaks against the class.


def heat_map(picture, number):
    """Return Grad-CAM for one class, (rows, columns)."""
    kernel, bias = network.get_layer("output").weights
    with tf.GradientTape() as tape:
        maps = below(picture[None].astype("float32"))
        tape.watch(maps)  # (1, rows, columns, 1280)
        scores = tf.reduce_mean(maps, (1, 2)) @ kernel + bias
        score = scores[0, number]  # before the softmax
    weights = tf.reduce_mean(tape.gradient(score, maps), (1, 2))
    return tf.nn.relu(tf.reduce_sum(weights * maps[0], -1)).numpy()


below = keras.Model(network.input, network.get_layer("head_relu").output)
by_hand = heat_map(both, ESPRESSO)
ready_made = interpret.grad_cam(network, both[None], ESPRESSO)[0]
np.testing.assert_allclose(by_hand, ready_made, rtol=1e-3, atol=1e-5)
print(f"{by_hand.shape} places, hottest {by_hand.max():.3f}")

# %%
# The library's function does the same for any network and any layer, and we use it from here on.
#
# One picture, two questions
# --------------------------
# The same picture, the same network, the same maps; only the class that we ask about differs.

questions = (TIGER_CAT, ESPRESSO)
heat = {k: interpret.grad_cam(network, both[None], k)[0] for k in questions}
fig, axes = plt.subplots(2, 1, figsize=(6.4, 6.9))
for ax, number in zip(axes, questions, strict=True):
    title = f"What speaks for “{names[number]}”?"
    plots.overlay(both, heat[number], title=title, ax=ax)


def right_share(values):
    """Return how much of a map's heat lies in the right half."""
    warm = np.maximum(values, 0)
    return warm[:, warm.shape[1] // 2 :].sum() / warm.sum()


swapped = np.concatenate([cup, cat], axis=1)
swapped_share = {}
for number in questions:
    map_ = interpret.grad_cam(network, swapped[None], number)[0]
    swapped_share[number] = right_share(map_)
    before, after = right_share(heat[number]), swapped_share[number]
    print(f"{names[number]:9} {before:.0%} right, {after:.0%} when swapped")

# %%
# The line goes round what is at least half as hot as the hottest place.
# Asked about the cat, the network points at the cat's face; asked about coffee, at the rim of the cup and at what is in it. The heat moves.
# It is not a matter of sides: when cat and cup change places, the heat goes with them.
#
# What must it beat?
# ------------------
# One handsome picture proves little. Here are pairs that chance has chosen: a Granny Smith and an orange from the supermarket, side by side in random order.
# Each pair gets both questions. Heat that knew nothing of the class would favour the right fruit half of the time.

_, (photos, varieties) = datasets.fruit(160, labels="fine")
kinds = datasets.card("fruit").fine_class_names
random = np.random.default_rng(SEED)


def some(kind):
    """Return photographs of one kind, chosen at random."""
    where = np.flatnonzero(varieties == kinds.index(kind))
    return photos[random.choice(where, PAIRS, replace=False)]


apples, oranges = some("Granny Smith"), some("orange")
apple_right = random.permutation(np.arange(PAIRS) % 2 == 0)
pairs = np.where(
    apple_right[:, None, None, None],
    np.concatenate([oranges, apples], axis=2),
    np.concatenate([apples, oranges], axis=2),
)
print(f"{len(pairs)} pairs of {pairs.shape[2]} by {pairs.shape[1]} pixels")

# %%
datasets.card("fruit")

# %%
# We ask at three depths of the network, and we ask a network of the same build whose weights are random.


def found(model, layer):
    """Return the share of the heat on the fruit asked about, (2, PAIRS)."""
    shares = np.full((2, PAIRS), 0.5)
    for row, number in enumerate((GRANNY_SMITH, ORANGE)):
        on_right = apple_right if row == 0 else ~apple_right
        for column, pair in enumerate(pairs):
            map_ = interpret.grad_cam(model, pair[None], number, layer)[0]
            if map_.any():  # a map without any heat tells nothing
                share = right_share(map_)
                correct = on_right[column]
                shares[row, column] = share if correct else 1 - share
    return shares


DEPTHS = {"last": "head_relu", "middle": "block10_add", "early": "block4_add"}
untrained = pretrained.efficientnet_lite0(size=None, weights=None)
shares = {depth: found(network, layer) for depth, layer in DEPTHS.items()}
shares["untrained"] = found(untrained, "head_relu")
hits = {label: np.mean(values > 0.5) for label, values in shares.items()}
print(f"{'maps':10} {'share on it':>11} {'more than half':>15}")
for label, values in shares.items():
    print(f"{label:10} {values.mean():11.2f} {hits[label]:15.2f}")

# %%

ink = plt.rcParams["text.color"]
styles = {"Granny Smith": ("o", "C0", -0.16), "orange": ("s", "C1", 0.16)}
fig, ax = plt.subplots(figsize=(6.4, 4.2))
for row, values in enumerate(shares.values()):
    for (fruit, style), kind in zip(styles.items(), values, strict=True):
        marker, colour, offset = style
        height = row + offset + random.uniform(-0.09, 0.09, PAIRS)
        name = fruit if row == 0 else None
        ax.plot(100 * kind, height, marker, color=colour, label=name)
    ends = [row - 0.33, row + 0.33]
    ax.plot([100 * values.mean()] * 2, ends, "-", color=ink)
ax.axvline(50, ls="--", color=ink, lw=1.2)
ax.set_yticks(
    range(4),
    ["last maps", "middle maps", "early maps", "last maps,\nuntrained"],
)
ax.set(title="Does the heat find the fruit that was asked about?")
ax.set(xlabel="Share of the heat on the right fruit (%)", xlim=(-2, 102))
ax.set_ylim(3.5, -0.5)
fig.legend(loc="outside lower center", ncols=2)
fig.set_label(
    "Points for all pairs of fruit, in four rows. In the last maps nearly all "
    "lie right of the dashed line at 50 per cent, around two thirds. In "
    "early maps some lie left of it. For the untrained network about half lie "
    "on either side."
)

# %%
# The short lines are means. From the last maps nearly every answer is right: more than half of the heat lies on the fruit that was asked about.
# It is *more than half* and not all, two thirds or so: where two kinds of round fruit lie in boxes, much speaks for both.
# Early maps are right less often as a rule, and the untrained network guesses.
#
# Fine or right?
# --------------
# Why not use early maps all the same? They have sixteen times as many places. Here is one question put to all three depths.

fig, axes = plt.subplots(1, 3, figsize=(6.4, 2.45))
on_cup = {}
for ax, (depth, layer) in zip(axes, DEPTHS.items(), strict=True):
    map_ = interpret.grad_cam(network, cup[None], ESPRESSO, layer)[0]
    title = f"{depth}: {map_.shape[0]} by {map_.shape[1]} places"
    plots.overlay(cup, map_, title=title, ax=ax)
    ax.set_title(title, fontsize=10.5)
    sharp = np.kron(map_, np.ones((28 // len(map_),) * 2))  # 28 by 28
    on_cup[depth] = sharp[1:20, 5:23].sum() / sharp.sum()
    print(f"{depth:6} {on_cup[depth]:.0%} of the heat on the cup itself")

# %%
# Finer they are, but not better. The middle maps, which did so well with the fruit, point at the wooden table; the early ones at edges and glints here and there.
# For fruit, colour says nearly all, and maps of colour lie further down. What makes a cup of coffee is put together higher up.
# One weight for a whole map is a fair summary only where the map stands for a thing, so the last maps are the ones to ask, and their coarseness is the price.
#
# A wrong answer
# --------------
# The astronaut Eileen Collins is taken for something else. What did the network look at?

astronaut = square(data.astronaut()[32:-32, 32:-32])
helmet_heat = interpret.grad_cam(network, astronaut[None], HELMET)[0]
covered = astronaut.copy()
covered[150:, 130:] = astronaut.mean(axis=(0, 1))
views = {
    "the photograph": astronaut,
    "helmet covered": covered,
    "helmet alone": square(data.astronaut()[300:500, 290:490]),
}
helmet = {}
for label, picture in views.items():
    first = answers(picture, top=1)[0]
    probability = network.predict(picture[None], verbose=0)[0]
    helmet[label] = probability[HELMET]
    print(f"{label}: {first.name}, football helmet {helmet[label]:.3f}")

# %%

fig, axes = plt.subplots(1, 3, figsize=(6.4, 2.45))
plots.overlay(astronaut, helmet_heat, title="helmet?", ax=axes[0])
for ax, label in zip(axes[1:], list(views)[1:], strict=True):
    ax.imshow(views[label])
for ax, label in zip(axes, views, strict=True):
    ax.set_title(f"{label}: {helmet[label]:.1%}", fontsize=10.5)
    ax.set_axis_off()
fig.set_label(
    "The photograph of an astronaut with heat on the helmet in her lap; the "
    "same photograph with the helmet covered; and a cutting with the helmet "
    "alone. Above each stands the probability of a football helmet."
)

# %%
# "Football helmet", says the network, and the heat lies on the space helmet in the corner, not on the astronaut.
# A map is a guess about causes, and this one can be tested. With the helmet covered, the answer is gone; for the helmet alone, it is given with much more confidence.
# So the mistake is an understandable one. The picture does show a helmet, and among the thousand classes there is none for people.
#
# Would a network that knows nothing draw the same map?
# -----------------------------------------------------
# The untrained network could not find the fruit. A sharper test takes away what was learned from the very map that we admire.
# First we shuffle only the weights of the last layer, many times; that is cheap, since the maps below stay the same. Then we shuffle the weights within all layers.
# Agreement is the rank correlation of two maps: 1 if all places have the same order.


def agreement(one, other):
    """Return the rank correlation of two maps, 0 if one is empty."""
    if not (one.any() and other.any()):
        return 0.0
    return spearmanr(one.ravel(), other.ravel())[0]


learned, _ = network.get_layer("output").get_weights()
maps = interpret.activations(network, both[None], "head_relu")["head_relu"]
last = []
for number in questions:
    for _ in range(DRAWS):
        strange = random.permuted(learned[:, number])
        map_last = np.maximum(maps[0] @ strange, 0)
        last.append(agreement(map_last, heat[number]))
everything = []
for _ in range(NETWORKS):
    untrained.set_weights(network.get_weights())
    for layer in untrained.layers:
        if layer.name == "output" or layer.name.endswith("conv"):
            old = layer.get_weights()
            new = [random.permuted(w.ravel()).reshape(w.shape) for w in old]
            layer.set_weights(new)
    for number in questions:
        map_all = interpret.grad_cam(untrained, both[None], number)[0]
        everything.append(agreement(map_all, heat[number]))
for label, values in (("last layer", last), ("all layers", everything)):
    middle, spread = np.mean(values), np.std(values)
    print(f"{label} shuffled: {middle:+.2f} on average, spread {spread:.2f}")
print(f"beyond one half: {np.mean(np.abs(last) > 0.5):.2f} of the first")

# %%

fig, axes = plt.subplots(3, 1, figsize=(4.6, 7.6))
shown = {
    "“espresso”, as learned": heat[ESPRESSO],
    f"last layer shuffled, agreement {last[-1]:+.2f}": map_last,
    f"all layers shuffled, agreement {everything[-1]:+.2f}": map_all,
}
for ax, (title, map_) in zip(axes, shown.items(), strict=True):
    plots.overlay(both, map_, title=title, ax=ax)

# %%
# One layer in another order is enough: the heat lies where chance puts it, and on average nothing is left of the agreement.
# So the map depends on what was learned, and is no mere outline of the photograph.
# But look at the spread too. By chance alone a map agrees or disagrees with another by more than one half in about one case of five:
# there are only 98 places, and neighbours resemble each other. One map and one number would not have been a test.
#
# A second opinion
# ----------------
# Occlusion uses no gradient. A grey square hides one part of the picture after another, and we note how far the score falls.

fig, axes = plt.subplots(2, 1, figsize=(6.4, 6.9))
second, falls = {}, {}
for ax, number in zip(axes, questions, strict=True):
    fine = interpret.occlusion(
        network, both, number, window=64, stride=48, batch_size=2
    )
    falls[number] = fine.reshape(7, 32, 14, 32).mean(axis=(1, 3))
    second[number] = agreement(falls[number], heat[number])
    title = f"What “{names[number]}” cannot do without"
    plots.overlay(both, falls[number], title=title, ax=ax)
    share = right_share(falls[number])
    print(
        f"{names[number]}: agreement {second[number]:+.2f}, {share:.0%} right"
    )

# %%
# The two methods agree in the main: on which half matters, and roughly on where in it.
# They do not agree in detail, and they do not ask the same thing.
# Grad-CAM says where evidence was found; occlusion says what is missed when it is gone, and evidence that the picture shows twice is not missed.
#
# What to take away
# -----------------
# Grad-CAM weights the last maps by the gradient of a class's score, and shows where the evidence for the class lies, on a grid of a few places.
# It moves with the question, as a rule and not only in the handsome case, and it vanishes with what was learned.
# A heat map is a guess about causes: cover the place, cut it out, ask a second method, before believing it.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "cat_heat_on_cat": 1 - right_share(heat[TIGER_CAT]),
    "cup_heat_on_cup": right_share(heat[ESPRESSO]),
    "swapped_cat_heat_on_cat": swapped_share[TIGER_CAT],
    "swapped_cup_heat_on_cup": 1 - swapped_share[ESPRESSO],
    "right_fruit_last": hits["last"],
    "right_fruit_middle": hits["middle"],
    "right_fruit_early": hits["early"],
    "right_fruit_untrained": hits["untrained"],
    "share_on_right_fruit": shares["last"].mean(),
    "on_cup_last": on_cup["last"],
    "on_cup_middle": on_cup["middle"],
    "on_cup_early": on_cup["early"],
    "helmet": helmet["the photograph"],
    "helmet_covered": helmet["helmet covered"],
    "helmet_alone": helmet["helmet alone"],
    "agreement_last_shuffled": np.mean(last),
    "spread_last_shuffled": np.std(last),
    "agreement_all_shuffled": np.mean(everything),
    "agreement_occlusion_cat": second[TIGER_CAT],
    "agreement_occlusion_cup": second[ESPRESSO],
}
for name, value in measured.items():
    print(f"{name:24} {value:.4g}")

# (Nothing in the pictures of cat, cup and astronaut depends on the seed.)
# Both classes are among the first five; the heat moves, and goes with the cup.
assert {"espresso", "tiger cat"} <= {guess.name for guess in first_answers}
assert min(list(measured.values())[:4]) > 0.85
# Of the last maps nearly all favour the right fruit (all, with each of five
# seeds), with two thirds of their heat (.66 to .69).
assert hits["last"] > 0.85
assert 0.6 < measured["share_on_right_fruit"] < 0.75
# Early maps are no better, as a rule worse (.83 to 1), and the untrained
# network guesses (.38 to .50).
assert hits["early"] <= hits["last"]
assert 0.2 < hits["untrained"] < 0.8
# On the cup, finer maps are worse.
assert on_cup["last"] > 0.65
assert on_cup["middle"] < 0.3
assert on_cup["early"] < 0.6
# The helmet's heat lies in its corner, and the answer depends on it.
corner = helmet_heat[4:, 3:].sum() / helmet_heat.sum()
assert corner > 0.6
assert helmet["the photograph"] > 0.1
assert helmet["helmet covered"] < 0.03
assert helmet["helmet alone"] > 0.4
# Shuffled weights: no agreement on average (.00 to .05 for the last layer, -.01
# to .06 for all), but single maps agree by chance (spread .36 to .37).
assert abs(measured["agreement_last_shuffled"]) < 0.15
assert abs(measured["agreement_all_shuffled"]) < 0.3
assert 0.08 < np.mean(np.abs(last) > 0.5) < 0.3
# Occlusion agrees in the main, on the half above all.
assert min(second.values()) > 0.25
assert right_share(falls[TIGER_CAT]) < 0.4
assert right_share(falls[ESPRESSO]) > 0.6

# %%
# Try it
# ------
# 1. Ask about ``names.index("soup bowl")``. Prediction: most of the heat lies on the cup again, though less of it and less hot than for espresso:
#    bowl and cup share much of their evidence.
# 2. Cover the inside of the cup, ``both[40:130, 264:390]``, with its mean colour, and ask for the answers again.
#    Prediction: espresso is no longer among the first five, and no other cup or bowl takes its place.

# sphinx_gallery_topics = ["5.4.3"]
# sphinx_gallery_keywords = ["images", "pretrained network", "interpretation", "sanity check"]
# sphinx_gallery_thumbnail_number = 1
