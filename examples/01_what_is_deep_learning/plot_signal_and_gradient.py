"""
Why did deep networks not train?
================================

A stack of twenty layers can compute more than a single one, and for a long time hardly anybody could train it.
This page builds the same stack six times, from three activations and four ways to draw the first weights,
and sends real handwritten digits through.

We first only look, before any training: how much of the picture arrives at the top,
and how much of the gradient comes back to the bottom?
Then we train all six, each with the best of several learning rates, and see whether the looks told the truth.

It assumes Python and NumPy, and the idea of a gradient;
the section on what made deep networks trainable, in the first chapter, explains the rest.
"""

# %%
# Setup
# -----
# Twenty hidden layers are far more than digits need: here depth is the difficulty that we study, not the remedy.
# 64 units a layer and 5,000 images keep each run to a second or so.
# Three learning rates, each three times the last: a network that fails with all of them was not just given the wrong one.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

DEPTH, UNITS = 20, 64
TRAINING, VALIDATION = 5_000, 1_000
RATES = (0.01, 0.03, 0.1)
EPOCHS, BATCH = 5, 50

# %%
# Look at the data
# ----------------
# The images are 28 by 28 grey pixels. One mean and one standard deviation, taken from the training images,
# bring the pixels to mean 0 and spread 1, which is what the recipes for first weights count on.

(x_train, y_train), (x_test, y_test) = datasets.digits()
plots.image_grid(
    x_train[:10],
    titles=[str(digit) for digit in y_train[:10]],
    title="Ten digits of the training set",
    cmap="gray_r",
)
mean, spread = x_train[:TRAINING].mean(), x_train[:TRAINING].std()


def rows(images):
    """Return images as rows of standardised pixels, (images, 784)."""
    return ((images.reshape(-1, 784) - mean) / spread).astype("float32")


held_out = slice(TRAINING, TRAINING + VALIDATION)
x, y = rows(x_train[:TRAINING]), y_train[:TRAINING]
x_val, y_val = rows(x_train[held_out]), y_train[held_out]
x_new, y_new = rows(x_test), y_test

# %%
datasets.card("digits")

# %%
# What must we beat?
# ------------------
# Always answering the most frequent digit is the floor.
# A network without any hidden layer is the fairer opponent: if depth only does harm, this one wins.


def compiled(model):
    """Return the model, ready to be trained by plain gradient descent."""
    model.compile(
        keras.optimizers.SGD(0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def accuracy(model, images, labels):
    """Return the share of right answers."""
    return model.evaluate(images, labels, batch_size=1000, verbose=0)[1]


shallow = compiled(
    keras.Sequential(
        [keras.Input((784,)), keras.layers.Dense(10, activation="softmax")]
    )
)
shallow.fit(x, y, epochs=EPOCHS, batch_size=BATCH, verbose=0)
shallow_accuracy = accuracy(shallow, x_new, y_new)
guess_accuracy = np.mean(y_new == np.bincount(y).argmax())
print(f"one answer for all  {guess_accuracy:.3f}")
print(f"no hidden layer     {shallow_accuracy:.3f}")

# %%
# The model
# ---------
# Six recipes for one stack. *Small* and *large* draw every weight from a bell curve with a fixed spread,
# 0.01 or 1, whatever the layer: somebody's guess.
# *Glorot* and *He* compute the spread from the number of inputs and outputs of the layer,
# so that what comes out of it is about as large as what went in: Glorot's for a curve that is straight around zero,
# such as tanh, He's for the relu, which loses half of what it gets.

small = keras.initializers.RandomNormal(stddev=0.01)
large = keras.initializers.RandomNormal(stddev=1.0)
RECIPES = {
    "sigmoid, small": ("sigmoid", small),
    "sigmoid, large": ("sigmoid", large),
    "sigmoid, Glorot": ("sigmoid", "glorot_normal"),
    "relu, small": ("relu", small),
    "tanh, Glorot": ("tanh", "glorot_normal"),
    "relu, He": ("relu", "he_normal"),
}


def deep_network(activation, initializer):
    """Return twenty hidden layers and a softmax, not yet compiled."""
    settings = {"kernel_initializer": initializer}
    layers = [
        keras.layers.Dense(UNITS, activation=activation, **settings)
        for _ in range(DEPTH)
    ]
    last = keras.layers.Dense(10, activation="softmax", **settings)
    return keras.Sequential([keras.Input((784,)), *layers, last])


networks = {}
for name, recipe in RECIPES.items():
    keras.utils.set_random_seed(SEED)
    networks[name] = compiled(deep_network(*recipe))
weights = networks["relu, He"].count_params()
print(f"{DEPTH} hidden layers, {weights:,} weights in each network")

# %%
# Both ways through the stack fit in a few lines of NumPy.
# Forwards, each layer multiplies by its matrix and applies its activation.
# Backwards, the error is multiplied by the same matrices, turned around,
# and each time by the slope of the activation: this is back-propagation.
# We count in 64-bit numbers, because some of what follows is too small for 32.

APPLY = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
}
SLOPE = {  # from the activation's own value a
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a**2,
    "relu": lambda a: (a > 0).astype(float),
}


def there_and_back(network, activation, images, labels):
    """Return what each layer puts out, and the gradient of each matrix."""
    kernels = [layer.kernel.numpy().astype(float) for layer in network.layers]
    outputs = [images.astype(float)]
    for kernel in kernels[:-1]:
        outputs.append(APPLY[activation](outputs[-1] @ kernel))
    scores = np.exp(outputs[-1] @ kernels[-1])
    probability = scores / scores.sum(axis=1, keepdims=True)
    error = (probability - np.eye(10)[labels]) / len(labels)
    gradients = []
    for output, kernel in zip(outputs[::-1], kernels[::-1], strict=True):
        gradients.insert(0, output.T @ error)
        error = (error @ kernel.T) * SLOPE[activation](output)
    return outputs, gradients


# %%
# Is this what Keras does? One step of gradient descent with a learning rate of 1 moves every weight by its gradient,
# so the step itself is the proof.

sample, answers = x[:500], y[:500]
witness = keras.models.clone_model(networks["relu, He"])
witness.set_weights(networks["relu, He"].get_weights())
witness.compile(
    keras.optimizers.SGD(1.0), loss="sparse_categorical_crossentropy"
)
before = [layer.kernel.numpy() for layer in witness.layers]
witness.train_on_batch(sample, answers)
moved = [
    old - layer.kernel.numpy()
    for old, layer in zip(before, witness.layers, strict=True)
]
_, gradients = there_and_back(networks["relu, He"], "relu", sample, answers)
largest_gap = max(
    np.abs(step - gradient).max() / np.abs(gradient).max()
    for step, gradient in zip(moved, gradients, strict=True)
)
print(f"NumPy and Keras differ by at most {largest_gap:.1e} of a gradient")

# %%
# The way up: the signal
# ----------------------
# What a layer says about an image is how its output for this image differs from its output for others.
# So the signal of a layer is the standard deviation of its outputs over the images,
# taken for each unit and then averaged over the units (as a root mean square).

signal, gradient, flat = {}, {}, {}
for name, network in networks.items():
    outputs, gradients = there_and_back(
        network, RECIPES[name][0], sample, answers
    )
    signal[name] = [np.sqrt(out.var(axis=0).mean()) for out in outputs]
    gradient[name] = [np.sqrt((grad**2).mean()) for grad in gradients]
    flat[name] = np.mean(np.abs(np.array(outputs[1:]) - 0.5) > 0.4)

fig, ax = plt.subplots(figsize=(6.4, 4.4))
for name, sizes in signal.items():
    ax.plot(sizes, label=name)
ax.set(title="How much of the picture arrives", yscale="log")
ax.set(xlabel="Layer (0 is the image)", ylabel="Standard deviation")
ax.set_xticks(range(0, DEPTH + 1, 5))
ax.legend(ncols=2, loc="lower left")
fig.set_label(
    "Signal size by layer on a logarithmic scale. Sigmoid with large "
    "weights, tanh with Glorot and relu with He stay between 1 and a "
    "hundredth. The other three fall along straight lines, by 12 orders of "
    "magnitude or more; sigmoid with small weights goes flat at 1e-15."
)

# %%
# Three curves stay within reach of where they began; three fall by about the same factor with every layer.
# With small weights a layer of sigmoids hands on about a fiftieth of what it got, and after ten of them
# all digits have become the same numbers, to the last decimal that the computer keeps:
# the flat part of that curve is nothing but rounding.
# Glorot's weights do not save the sigmoid. Its slope is at most a quarter, and the recipe does not know that.
#
# The way back: the gradient
# --------------------------
# Learning runs the other way. The gradient is known at the top, where the loss is,
# and has to come down through every layer in turn.

fig, ax = plt.subplots(figsize=(6.4, 4.4))
for name, sizes in gradient.items():
    ax.plot(range(1, DEPTH + 2), sizes, label=name)
ax.set(title="How much of the gradient comes back", yscale="log")
ax.set(xlabel="Layer (21 is the softmax)", ylabel="Gradient, r.m.s.")
ax.set_xticks([1, 5, 10, 15, 21])
ax.legend(ncols=2, loc="lower right")
fig.set_label(
    "Gradient size by layer on a logarithmic scale, from the softmax at the "
    "right to the first layer at the left. Sigmoid with small weights falls "
    "from a hundredth to 1e-35, sigmoid with Glorot to 1e-14. Relu with small "
    "weights is flat near 1e-27. The other three stay above 1e-4."
)

# %%
# Read it from right to left. For the sigmoid with small weights, each layer passes down about a fiftieth,
# and at the bottom it is as good as nothing: this is the *vanishing gradient*.
# The relu with small weights has a gradient that is equally hopeless everywhere:
# it is the product of what came up and what comes down, and one of the two is always tiny.
# The sigmoid with large weights looks healthy in both figures, so keep an eye on it:
# the size of a gradient is not all that counts.
#
# Train
# -----
# Now the consequence: each network learns with three learning rates, each time from the same first weights;
# the validation images choose the rate, and the test images are asked once, about the winner.


def learn(network):
    """Return the best run's history, its rate and its test accuracy."""
    start, best = network.get_weights(), (-1.0,)
    for rate in RATES:
        keras.utils.set_random_seed(SEED)  # the same order of batches
        network.set_weights(start)
        network.optimizer.learning_rate = rate
        run = network.fit(x, y, epochs=EPOCHS, batch_size=BATCH, verbose=0)
        score = accuracy(network, x_val, y_val)
        if score > best[0]:
            best = (score, run, rate, network.get_weights())
    _, run, rate, weights = best
    network.set_weights(weights)
    return run, rate, accuracy(network, x_new, y_new)


runs, test_accuracy = {}, {}
for name, network in networks.items():
    runs[name], rate, test_accuracy[name] = learn(network)
    print(f"{name:16} rate {rate:.2f}, test {test_accuracy[name]:.3f}")

# %%
plots.compare_histories(
    runs, "loss", title="Two of six networks learn within five epochs"
)

# %%
# Three curves lie on one another at about 2.3 nats, the logarithm of ten.
# That is the loss of a network that gives every digit the same chance, and they stay there to the end.
# Two go down as they should: tanh with Glorot's weights and relu with He's.
# The sigmoid with large weights comes off the floor, but not far.
# Most of its units stand at the flat ends of their curves, near 0 or near 1:
# the signal gets through, but as a row of switches, and switches are hard to turn a little.
#
# Judge
# -----

plots.bars(
    [*test_accuracy.values(), shallow_accuracy],
    [*test_accuracy, "no hidden layer"],
    xlabel="Accuracy on the test set",
    title="Twenty layers, six beginnings",
    baseline=guess_accuracy,
    baseline_label="one answer for all",
    fmt=".3f",
)

# %%
# Good first weights alone do not do it (sigmoid, Glorot), and neither does a good activation alone (relu, small):
# it takes both.
# And the twenty layers, once they train, are no better than none on so few digits in so few epochs.
# Being trainable is what makes depth possible. Whether depth pays is another question, and one for other data.
#
# What to take away
# -----------------
# Every layer multiplies the signal on its way up and the gradient on its way back, and twenty factors in a row make a tiny or a huge number unless each is close to 1.
# An activation whose slope is not small, and first weights scaled to the size of the layer, keep the factors near 1.
# The two figures can be drawn before any training, and they predict most of what training will do.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

up = {name: sizes[-1] / sizes[0] for name, sizes in signal.items()}
down = {name: sizes[0] / sizes[-1] for name, sizes in gradient.items()}
passed = np.divide(
    gradient["sigmoid, small"][5:15], gradient["sigmoid, small"][6:16]
)
kept = ("sigmoid, large", "tanh, Glorot", "relu, He")
lost = ("sigmoid, small", "sigmoid, Glorot", "relu, small")
measured = {
    "shallow_accuracy": shallow_accuracy,
    "best_flat_accuracy": max(test_accuracy[name] for name in lost),
    "tanh_glorot_accuracy": test_accuracy["tanh, Glorot"],
    "relu_he_accuracy": test_accuracy["relu, He"],
    "relu_he_signal_kept": up["relu, He"],
    "tanh_glorot_signal_kept": up["tanh, Glorot"],
    "sigmoid_small_log10_gradient_kept": np.log10(down["sigmoid, small"]),
    "sigmoid_glorot_log10_gradient_kept": np.log10(down["sigmoid, Glorot"]),
    "sigmoid_small_gradient_factor": np.mean(passed),
    "sigmoid_large_accuracy": test_accuracy["sigmoid, large"],
    "sigmoid_large_saturated": flat["sigmoid, large"],
}
for name, value in measured.items():
    print(f"{name:35} {value:.4g}")

# NumPy's gradients are Keras's (gaps of 4e-7 to 1e-6 of the largest).
assert largest_gap < 1e-4
# Three signals stay within reach, three fall by many orders of magnitude,
# the sigmoid with small weights down to rounding after ten layers.
assert all(min(signal[name]) > 0.002 for name in kept)
assert all(max(signal[name]) < 1.5 for name in kept)
assert all(up[name] < 1e-11 for name in lost)
assert signal["sigmoid, small"][10] < 1e-13
# The gradient vanishes on its way down through the sigmoids, by about a
# fiftieth a layer with small weights, and is equally hopeless everywhere for
# the relu with small weights.
assert down["sigmoid, small"] < 1e-30
assert down["sigmoid, Glorot"] < 1e-11
assert 0.015 < measured["sigmoid_small_gradient_factor"] < 0.03
assert max(gradient["relu, small"]) < 1e-24
assert 0.02 < down["relu, small"] < 50
assert all(min(gradient[name]) > 5e-5 for name in kept)
# Most units of the sigmoid with large weights are near 0 or near 1.
assert flat["sigmoid, large"] > 0.6
# Three networks never leave the loss of one chance for all; two learn.
final_loss = {name: run.history["loss"][-1] for name, run in runs.items()}
assert all(abs(final_loss[name] - np.log(10)) < 0.03 for name in lost)
assert max(test_accuracy[name] for name in lost) < 0.15
assert max(final_loss[name] for name in kept[1:]) < 1.0
assert min(test_accuracy[name] for name in kept[1:]) > 0.75
# The sigmoid with large weights comes off the floor, but not far.
assert 0.15 < test_accuracy["sigmoid, large"] < 0.6
# Depth that trains is no better here than no depth.
assert max(test_accuracy.values()) < shallow_accuracy + 0.04

# %%
# Try it
# ------
# 1. Set ``UNITS = 256`` and run the page as far as the gradient.
#    Prediction: the sigmoid with small weights now passes down twice as much, the square root of four, and still vanishes;
#    Glorot's and He's curves hardly change, because those recipes know the size of the layer.
#    (The factor rose from .02 to .04. The check against Keras came out at 3e-3 there, rounding in wider sums.)
# 2. Set ``RATES = (0.003, 0.3)``.
#    Prediction: no rate rescues the four that failed.
#    (In a run of six epochs none of them got beyond .2.)

# sphinx_gallery_topics = ["1.1"]
# sphinx_gallery_keywords = ["images", "initialisation", "activations", "vanishing gradient"]
# sphinx_gallery_thumbnail_number = 3
