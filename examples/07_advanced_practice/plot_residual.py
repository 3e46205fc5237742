"""
What does a shortcut carry?
===========================

A layer that is not needed could learn to hand on what it gets, so a deeper network should never be worse than a shallow one.
Yet deep plain networks are worse, and already on the data that they train on.
A residual network adds to each pair of layers a way around it, and the trouble is gone.

On this page we build thirty-three layers with and without such shortcuts, train them on handwritten digits,
and look at what arrives at the top of the stack and what comes back to the bottom.
Then we squeeze a network in the middle, until a single number is left, and let a shortcut carry the rest around it.

It assumes back-propagation and the pages on first weights in the first chapter;
the section on graphs of layers in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# Thirty layers are far more than digits need; depth is the difficulty here, not the remedy.
# 64 units and a few thousand images keep a run to seconds.

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from dlguide import datasets, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

BLOCKS, UNITS = 16, 64  # a block is two layers
TRAINING, TEST = 2_000, 3_000
EPOCHS, BATCH = 5, 50
RATE, LARGER = 0.01, 0.03  # of plain gradient descent

# %%
# Look at the data
# ----------------
# The images are 28 by 28 grey pixels.
# One mean and one standard deviation, from the training images, bring them to the scale that the first weights count on.

(x_train, y_train), (x_test, y_test) = datasets.digits()
chosen = np.random.default_rng(SEED).permutation(len(x_train))[:TRAINING]
mean, spread = x_train[chosen].mean(), x_train[chosen].std()


def rows(images):
    """Return images as rows of standardised pixels, (images, 784)."""
    return ((images.reshape(-1, 784) - mean) / spread).astype("float32")


x, y = rows(x_train[chosen]), y_train[chosen]
x_new, y_new = rows(x_test[:TEST]), y_test[:TEST]
commonest = np.bincount(y).max() / len(y)
guessing = -np.mean(np.log(np.bincount(y) / len(y))[y])
print(f"training {x.shape}, test {x_new.shape}")
print(f"one answer for all: {commonest:.3f} right, loss {guessing:.3f}")

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# Nothing but the loss on the training images counts on the first half of this page.
# Always giving the shares of the ten digits has a loss of about 2.3.
# A network with three hidden layers will show what can be had.
#
# The model
# ---------
# A plain block is two dense layers.
# A residual block is two dense layers whose result is added to what went in.
# So that the sum of sixteen blocks does not grow too large, the second layer of a residual block starts small:
# the variance of its first weights is a sixteenth of the usual.


def build_network(blocks, shortcut, first="he_normal"):
    """Return a stack of blocks of two layers, with or without shortcuts."""
    dense = keras.layers.Dense
    pixels = keras.Input((784,))
    state = dense(UNITS, "relu", kernel_initializer="he_normal")(pixels)
    small = keras.initializers.VarianceScaling(1 / blocks)
    for number in range(1, blocks + 1):
        name = f"block_{number}"
        inner = dense(UNITS, "relu", kernel_initializer=first)(state)
        if shortcut:
            inner = dense(UNITS, kernel_initializer=small)(inner)
            state = keras.layers.Add(name=name)([state, inner])
        else:
            last = dense(UNITS, "relu", kernel_initializer=first, name=name)
            state = last(inner)
    return keras.Model(pixels, dense(10, "softmax")(state))


# %%
# Four networks: one block alone; sixteen plain blocks with Keras's usual first weights, which are Glorot's;
# sixteen plain blocks with He's, which are made for the relu; and sixteen residual ones.

networks = {
    "3 layers": build_network(1, shortcut=False),
    "plain, Glorot": build_network(BLOCKS, False, "glorot_uniform"),
    "plain, He": build_network(BLOCKS, shortcut=False),
    "residual": build_network(BLOCKS, shortcut=True),
}
for name, network in networks.items():
    print(f"{name:13} {network.count_params():8,} weights")

# %%
# Before training: up and down
# ----------------------------
# We send 500 images up, and ask behind each block two things.
# What is left of the images? Each is compared with all the others, by the distance between their states:
# is the nearest one of the same digit? Among the images themselves that is so for more than eight in ten.
# And on the way back: how large is the gradient of the loss with respect to the state? It is all that a block hears from above.

few, answers = x[:500], y[:500]


def nearest_alike(states):
    """Return for which share the nearest other row is the same digit."""
    states = np.array(states, dtype="float64")
    squares = (states**2).sum(axis=1)
    distances = squares + squares[:, None] - 2 * states @ states.T
    np.fill_diagonal(distances, np.inf)
    return np.mean(answers[distances.argmin(axis=1)] == answers)


def up_and_down(network):
    """Return what is left of the images, and the gradients, by block."""
    blocks = [layer for layer in network.layers if "block" in layer.name]
    taps = [layer.output for layer in blocks]
    probe = keras.Model(network.input, [*taps, network.output])
    with tf.GradientTape() as tape:
        *states, predicted = probe(few)
        losses = keras.losses.sparse_categorical_crossentropy(
            answers, predicted
        )
        loss = tf.reduce_sum(losses)
    gradients = tape.gradient(loss, states)
    left = [nearest_alike(state) for state in states]
    sizes = [np.linalg.norm(g, axis=1).mean() for g in gradients]
    return np.array(left), np.array(sizes)


start = {name: up_and_down(net) for name, net in networks.items()}
on_pixels = nearest_alike(few)
print(f"nearest image of the same digit, by the pixels: {on_pixels:.0%}")

# %%
MARKS = {
    "plain, Glorot": ("s", "C1", "--"),
    "plain, He": ("^", "C2", "-."),
    "residual": ("o", "C0", "-"),
}


def draw(axes, looks, title):
    """Draw both quantities of each deep network against the block."""
    for name, (mark, colour, style) in MARKS.items():
        for ax, values in zip(axes, looks[name], strict=True):
            place = np.arange(1, len(values) + 1)
            ax.plot(place, values, style, marker=mark, c=colour, label=name)
            ax.set_xticks([1, 4, 8, 12, 16])
            ax.set_xlabel("Block, from the bottom")
    axes[0].set(ylabel="Nearest is the same digit", ylim=(0, 1))
    axes[1].set(ylabel="Size of the gradient", yscale="log")
    axes[0].set_title(title)


fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.6))
draw(axes, start, "Before training")
axes[1].legend(fontsize=8.5)
fig.set_label(
    "Two panels against the number of the block. The share of images whose "
    "nearest neighbour is the same digit falls from block to block, to a "
    "fifth and less in both plain stacks, and far less in the residual one. "
    "The gradient shrinks by orders of magnitude from top to bottom in the "
    "plain stack with Glorot's weights, and not in the other two."
)

# %%
# Glorot's weights halve the mean square at every relu, some thirty times over: this is the vanishing gradient, and the bottom hears nothing.
# He's weights repair the size of the gradient, and something is still wrong.
# On the way up each plain block mixes the images anew, and after sixteen of them hardly anything is left that tells one digit from another.
# The layers at the top have nothing to work with, and so nothing useful to say to those at the bottom.
# In the residual stack most of every state is the state below it; much of what tells the digits apart arrives at the top, and the gradient at the bottom.
#
# Train
# -----
# All begin from the same weights as above, with the same rate.
# In case it was the wrong rate for the plain stacks, He's gets a second chance with three times as much.


def train(network, rate):
    """Train a network by plain gradient descent, and return its losses."""
    if not network.compiled:
        network.compile(
            keras.optimizers.SGD(), "sparse_categorical_crossentropy"
        )
    network.optimizer.learning_rate = rate
    network.fit(x, y, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    return network.history.history["loss"]


beginning = networks["plain, He"].get_weights()
losses = {name: train(net, RATE) for name, net in networks.items()}
later = {
    name: up_and_down(networks[name]) for name in start if "3" not in name
}
networks["plain, He"].set_weights(beginning)
losses["plain, He, 0.03"] = train(networks["plain, He"], LARGER)

print("training loss by epoch")
for name, values in losses.items():
    print(f"{name:15}", *(f"{value:6.3f}" for value in values))

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.8))
others = {
    "3 layers": ("v", "C3", ":"),
    "plain, He, 0.03": ("D", "C4", "--"),
}
for name, (mark, colour, style) in {**MARKS, **others}.items():
    place = np.arange(1, EPOCHS + 1)
    ax.plot(place, losses[name], style, marker=mark, c=colour, label=name)
ax.set(title="Loss on the images that are trained on", xlabel="Epoch")
ax.set(ylabel="Cross-entropy (nats)", ylim=(0, 2.5))
ax.legend(loc="center right", fontsize=8.5)
fig.set_label(
    "Training loss against the epoch. The plain stack with Glorot's weights "
    "stays at 2.3, those with He's fall a little. The network of 3 layers "
    "and the residual one fall well below them, the residual one furthest."
)

# %%
# With more layers, and so with more that it could compute, the plain network does worse on its own training images.
# This cannot be overfitting; it is a failure to train, and has been called the degradation problem.
# The shortcuts add not a single weight, and the same thirty-three layers learn, faster than three.
#
# And later?
# ----------
# The same two questions again, after training with the first rate.

fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.6))
draw(axes, later, "After training")
axes[1].legend(fontsize=8.5)
fig.set_label(
    "The same two panels after training. In the residual stack most nearest "
    "neighbours are the same digit at the top; in the plain ones far "
    "fewer. The gradient of the plain stack with Glorot's weights still "
    "shrinks by orders of magnitude on its way down."
)

# %%
# Training has moved the digits further apart in the residual stack.
# The plain stack with Glorot's weights is where it was, and the one with He's has only begun.
#
# A bottleneck
# ------------
# The second service of a shortcut has nothing to do with depth.
# A layer can hand on only what fits into it.
# Here a layer of a single unit, without activation, stands between two of 64: every image has to pass as one number.
# Three networks have it: one with one layer behind it, one with four, and one in which a shortcut leads around it.


def build_narrow(width, shortcut=False, behind=1):
    """Return a network with a narrow layer in its middle, or without."""
    dense = keras.layers.Dense
    pixels = keras.Input((784,))
    wide = dense(UNITS, "relu", kernel_initializer="he_normal")(pixels)
    state = wide
    if width:
        narrow = dense(width, name="narrow")(wide)
        state = dense(UNITS)(narrow)
        if shortcut:
            state = keras.layers.Add()([wide, state])
    state = keras.layers.Activation("relu")(state)
    for _ in range(behind):
        state = dense(UNITS, "relu", kernel_initializer="he_normal")(state)
    return keras.Model(pixels, dense(10, "softmax")(state))


# %%
squeezed = {
    "no narrow layer": build_narrow(0),
    "one number": build_narrow(1),
    "one number, deeper": build_narrow(1, behind=4),
    "one number, shortcut": build_narrow(1, shortcut=True),
}
accuracy, guesses = {}, {}
for name, network in squeezed.items():
    network.compile(
        keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy"
    )
    network.fit(x, y, epochs=2 * EPOCHS, batch_size=2 * BATCH, verbose=0)
    guesses[name] = network.predict(x_new, batch_size=500, verbose=0)
    accuracy[name] = np.mean(guesses[name].argmax(axis=1) == y_new)

# %%
plots.bars(
    list(accuracy.values()),
    list(accuracy),
    xlabel="Share of right answers on the test images",
    title="Everything has to go through one number",
    fmt=".3f",
)

# %%
# Three more layers behind the narrow one bring back little of what was lost in it.
# The shortcut does, for with it nothing was lost: the narrow layer may say what it has to say, and everything else goes around it.
#
# Here is the one number, for the test images of each digit.

name = "one number"
inside = keras.Model(
    squeezed[name].input, squeezed[name].get_layer("narrow").output
)
code = inside.predict(x_new, batch_size=500, verbose=0)[:, 0]
fig, ax = plt.subplots(figsize=(6.4, 3.8))
random = np.random.default_rng(SEED)
for digit in range(10):
    some = code[y_new == digit][:150]
    height = digit + random.uniform(-0.3, 0.3, len(some))
    ax.plot(some, height, "o", ms=2, c=f"C{digit % 2}")
ax.set(title="All that is left of an image", yticks=range(10))
ax.set(xlabel="The one number of the narrow layer", ylabel="Digit")
fig.set_label(
    "Ten rows of dots, one row for each digit, along the one number of the "
    "narrow layer. Rows of different digits overlap in many places."
)

# %%
# Where two rows overlap, no layer above can tell the digits apart.
# We look for pairs of neighbours along this line that are two different digits, and take the hundred closest.

order = np.argsort(code)
left, right = order[:-1], order[1:]
unlike = y_new[left] != y_new[right]
left, right = left[unlike], right[unlike]
close = np.argsort(code[right] - code[left])[:100]
left, right = left[close], right[close]


def same(name):
    """Return for how many pairs a network gives the same digit twice."""
    digit = guesses[name].argmax(axis=1)
    return np.mean(digit[left] == digit[right])


for name in squeezed:
    print(f"{name:21} says the same of both in {same(name):.0%} of pairs")

# %%
# What to take away
# -----------------
# A shortcut keeps two ways open at once: on the way up the images are not lost, on the way back the gradient arrives.
# So depth stops doing harm; whether it does good is a question of the task.
# And what a layer drops is gone for all layers above it, unless something carries it around.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

plain, he, residual = (start[name] for name in MARKS)


def lost(look):
    """Return by how many powers of ten the gradient shrinks going down."""
    return np.log10(look[1][-1] / look[1][0])


measured = {
    "shallow_loss": losses["3 layers"][-1],
    "plain_glorot_loss": losses["plain, Glorot"][-1],
    "plain_he_loss": losses["plain, He"][-1],
    "plain_he_larger_rate_loss": losses["plain, He, 0.03"][-1],
    "residual_loss": losses["residual"][-1],
    "glorot_powers_lost": lost(plain),
    "he_powers_lost": lost(he),
    "residual_powers_lost": lost(residual),
    "glorot_powers_lost_later": lost(later["plain, Glorot"]),
    "pixels_alike": on_pixels,
    "glorot_top_alike": plain[0][-1],
    "he_top_alike": he[0][-1],
    "residual_top_alike": residual[0][-1],
    "he_top_alike_later": later["plain, He"][0][-1],
    "residual_top_alike_later": later["residual"][0][-1],
    "wide_accuracy": accuracy["no narrow layer"],
    "narrow_accuracy": accuracy["one number"],
    "narrow_deeper_accuracy": accuracy["one number, deeper"],
    "narrow_shortcut_accuracy": accuracy["one number, shortcut"],
    "narrow_same": same("one number"),
    "shortcut_same": same("one number, shortcut"),
}
for name, value in measured.items():
    print(f"{name:26} {value:.4g}")

# %%
# (Ranges are those of five seeds.)
# The gradient vanishes with Glorot's weights, by 4.3 to 4.9 powers of ten, and not
# in the other two (-.2 to .3 with He's, -.3 in the residual one).
assert lost(plain) > 3
assert max(abs(lost(he)), abs(lost(residual))) < 1.5
# On the way up the plain stacks lose what tells digits apart (.14 to .20 at the
# top, .82 to .85 by the pixels), the residual one far less of it (.49 to .59).
assert on_pixels > 0.75
assert max(plain[0][-1], he[0][-1]) < on_pixels - 0.2
assert residual[0][-1] > max(plain[0][-1], he[0][-1]) + 0.1
# Plain stacks do worse than three layers (.43 to .55) on what they train on: 2.3
# with Glorot's weights, 1.63 to 1.96 with He's at either rate; the residual one
# does better (.21 to .29).
final = {name: values[-1] for name, values in losses.items()}
assert final["plain, Glorot"] > guessing - 0.05
plain_best = min(final["plain, He"], final["plain, He, 0.03"])
assert plain_best > final["3 layers"] + 0.3
assert final["residual"] < final["3 layers"]

# %%
# After training the digits are still mixed in the plain stacks (.35 to .50 with
# He's weights), and apart in the residual one (.86 to .91).
assert later["residual"][0][-1] > 0.75
assert later["plain, He"][0][-1] < later["residual"][0][-1] - 0.1
assert lost(later["plain, Glorot"]) > 3
# The narrow layer costs much (.55 to .61 instead of .86 to .88), layers behind it
# bring back little (.59 to .64), the shortcut everything (.85 to .89).
assert accuracy["one number"] < accuracy["no narrow layer"] - 0.1
assert accuracy["one number, deeper"] < accuracy["no narrow layer"] - 0.05
gap = accuracy["no narrow layer"] - accuracy["one number, shortcut"]
assert abs(gap) < 0.06
# Neighbours on the line get the same answer, all of them; with the shortcut 9 to
# 13 in a hundred do.
assert same("one number") > 0.95
assert same("one number, shortcut") < 0.4

# %%
# Try it
# ------
# 1. Set ``BLOCKS = 4``. Prediction: the plain stack with He's weights learns as well; nine layers are not deep enough for the trouble.
# 2. Give the narrow layer eight units. Prediction: without a shortcut it costs a few images in a hundred at most; ten digits fit through eight numbers.

# sphinx_gallery_topics = ["7.1.4"]
# sphinx_gallery_keywords = ["images", "residual connection", "vanishing gradient", "bottleneck"]
# sphinx_gallery_thumbnail_number = 2
