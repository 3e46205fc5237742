"""
Two devices, one network: the same gradient, shared out
=======================================================

A search trains many networks, and several machines can train them side by side.
When a single network is too slow, its training itself has to be shared out.
The common way is to give every device a copy of the network and a part of each batch, and to average the gradients.

On this page we do that on two devices which any laptop has, because they are both the same processor.
That makes nothing faster, and it lets us look.
What does each copy see? Does the shared training end with the same network? And what changes if every device gets a whole batch?

It assumes the pages on dense networks; the section on searching for hyper-parameters in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# TensorFlow fixes its list of devices when it computes something for the first time.
# So the processor has to be divided in two before anything else happens; in a notebook where TensorFlow has been at work already, restart the kernel.
# With two graphics cards or more, the division is not needed.

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from dlguide import datasets

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

if len(tf.config.list_physical_devices("GPU")) > 1:
    DEVICES = [
        device.name for device in tf.config.list_logical_devices("GPU")
    ]
else:
    half = tf.config.LogicalDeviceConfiguration()
    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [half, half])
    DEVICES = [
        device.name for device in tf.config.list_logical_devices("CPU")
    ]

HIDDEN = 64
BATCH = 100  # images a step, over all devices: a multiple of their number
EPOCHS = 4
SAMPLES = 2_000
print(*DEVICES, sep="\n")

# %%
# Look at the data
# ----------------
# Two thousand handwritten digits are enough to compare two ways of training.

(images, labels), (test_images, test_labels) = datasets.digits()
chosen = np.random.default_rng(SEED).permutation(len(labels))[:SAMPLES]


def rows(pictures):
    """Return each picture as a row of numbers from 0 to 1."""
    return pictures.reshape(len(pictures), -1).astype("float32") / 255


x_train, y_train = rows(images[chosen]), labels[chosen].astype("int64")
x_test, y_test = rows(test_images), test_labels.astype("int64")
print(f"{x_train.shape} to train, {x_test.shape} to test")

# %%
datasets.card("digits")

# %%
# The model
# ---------
# Nothing in it knows about devices. What makes the difference is where it is built:
# a network that is built and compiled inside a strategy's ``scope`` gets its weights on all of the strategy's devices.
# (``fit`` shows both networks the images in the same order here, so that they can be compared.)


def build_network():
    """Return the network, spelled out."""
    return keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(HIDDEN, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


# %%
# The second setting, a layer to put between the two, is for later.


def compiled(rate=0.05, batch_norm=None):
    """Return a network that is ready to be trained."""
    network = build_network()
    if batch_norm is not None:
        hidden, output = network.layers
        between = [keras.Input((784,)), hidden, batch_norm, output]
        network = keras.Sequential(between)
    network.compile(
        optimizer=keras.optimizers.SGD(rate, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return network


def trained(network, batch=BATCH):
    """Train a network, with the images in a fixed order."""
    history = network.fit(
        x_train,
        y_train,
        epochs=EPOCHS,
        batch_size=batch,
        shuffle=False,
        verbose=0,
    )
    return history.history["loss"]


# %%
# One device, then all of them, from the same first weights.

alone = compiled()
first_weights = alone.get_weights()
strategy = tf.distribute.MirroredStrategy(DEVICES)
with strategy.scope():
    shared = compiled()
shared.set_weights(first_weights)
COPIES = strategy.num_replicas_in_sync
kernel = shared.layers[0].kernel.value
places = strategy.experimental_local_results(kernel)
print(f"{COPIES} copies of the weights:")
for copy in places:
    print(f"{copy.shape} on {copy.device.partition('device:')[2]}")

# %%
# What does a copy see?
# ---------------------
# A batch is cut into equal parts, one for each copy, which is called a *replica*.
# Each replica computes the loss of its own part, and its slopes.
# The mean over a batch is the mean of the means of its parts, if these are equally large; and so are the slopes:
#
# .. math:: \nabla L = \frac{1}{2} \left( \nabla L_1 + \nabla L_2 \right)
#
# We look into one step, before any training.


def slopes(pictures, truth):
    """Return the slopes of the loss for the first layer's weights."""
    with tf.GradientTape() as tape:
        given = shared(pictures)
        loss = keras.losses.sparse_categorical_crossentropy(truth, given)
        mean = tf.reduce_mean(loss)
    return tape.gradient(mean, shared.layers[0].kernel.value)


@tf.function
def slopes_of_parts(parts):
    """Let each replica look at its part."""
    return strategy.run(slopes, args=parts)


together = tf.data.Dataset.from_tensor_slices((x_train, y_train)).batch(BATCH)
(parts,) = strategy.experimental_distribute_dataset(together.take(1))
each = strategy.experimental_local_results(slopes_of_parts(parts))
each = np.array([one.numpy() for one in each])  # (copies, 784, units)
whole = slopes(x_train[:BATCH], y_train[:BATCH]).numpy()
for seen in strategy.experimental_local_results(parts[0]):
    print("a replica sees", seen.shape)
size = np.linalg.norm(whole)
gap = np.linalg.norm(each.mean(axis=0) - whole) / size
between = np.linalg.norm(each[0] - each[1]) / size
print(f"distance of the replicas' slopes from each other: {between:.2f}")
print(f"distance of their mean from the whole batch's: {gap:.1e}")

# %%
# Each replica alone would go its own way: the slopes of two halves of a batch lie far from each other, compared with their size.
# Their mean is the slope of the whole batch, up to the rounding of 32-bit numbers.
# That is all that the devices have to tell each other, once a step: one number for each weight.
#
# Train
# -----

losses = {"one device": trained(alone), "two devices": trained(shared)}
apart = max(
    np.abs(one - two).max()
    for one, two in zip(
        alone.get_weights(), shared.get_weights(), strict=True
    )
)
moved = max(
    np.abs(one - old).max()
    for one, old in zip(alone.get_weights(), first_weights, strict=True)
)
copies = [
    copy.numpy() for copy in strategy.experimental_local_results(kernel)
]
between_copies = np.abs(copies[0] - copies[1]).max()
print(f"weights have moved by up to {moved:.2f}")
print(f"one device and two differ by up to {apart:.1e}")
print(f"the two copies differ by up to {between_copies:.1e}")

# %%
# Twenty steps an epoch, four epochs: after eighty steps the two networks are the same, digit for digit but for the last ones.
# The two copies are equal to the last bit, since both have started alike and taken the same steps.
#
# Vary one thing: the batch
# -------------------------
# Nobody uses two devices to do the same as one.
# Usually each of them gets as many samples as one alone had before, so the batch doubles and an epoch has half as many steps.
# This is no longer the same training.
# We compare it with the old rate, and with a rate that is doubled as the batch is.

for name, rate in {"batch doubled": 0.05, "and the rate": 0.1}.items():
    with strategy.scope():
        network = compiled(rate)
    network.set_weights(first_weights)
    losses[name] = trained(network, batch=BATCH * COPIES)

fig, ax = plt.subplots(figsize=(6.4, 3.6))
for (name, curve), mark in zip(losses.items(), "ox^s", strict=True):
    larger = 9 if name == "one device" else 5
    ax.plot(range(1, EPOCHS + 1), curve, marker=mark, ms=larger, label=name)
ax.set(
    title="Shared out is the same; a larger batch is not",
    xlabel="Epoch",
    ylabel="Training loss (nats)",
    xticks=range(1, EPOCHS + 1),
)
ax.legend()
fig.set_label(
    "Training loss by epoch for four runs. The curves of one device and of "
    "two lie on each other. The run with a doubled batch lies above them in "
    "every epoch; doubling the rate as well brings it down again, a part of "
    "the way."
)

# %%
# With half the steps, the network is further behind.
# A doubled rate takes steps that are twice as long, and makes up for a part of it.
# (Such a rule works up to a point; a rate that is too large makes training diverge, however many devices share the work.)
#
# What the batch alone knows
# --------------------------
# The mean over parts is the mean over the whole: this saved us.
# Batch normalisation uses a deviation too, and takes both from the images that *its replica* sees.
# Keras can ask the replicas for their sums first: ``synchronized=True``.

single = compiled(batch_norm=keras.layers.BatchNormalization())
first_weights = single.get_weights()
trained(single)
different = {}
for name, synchronized in {"each its own": False, "shared": True}.items():
    with strategy.scope():
        layer = keras.layers.BatchNormalization(synchronized=synchronized)
        several = compiled(batch_norm=layer)
    several.set_weights(first_weights)
    trained(several)
    pairs = zip(single.get_weights(), several.get_weights(), strict=True)
    different[name] = max(np.abs(one - two).max() for one, two in pairs)
    print(f"statistics {name:13} weights differ by {different[name]:.1e}")

# %%
# With statistics of its own, each replica normalises by fifty images instead of a hundred, and the training becomes another one.
# It need not be a worse one; but who wonders why the results on two devices are not those on one should look here first.
#
# Judge
# -----

accuracy = {}
for name, network in {"one device": alone, "two devices": shared}.items():
    given = network.predict(x_test, batch_size=500, verbose=0)
    accuracy[name] = np.mean(given.argmax(axis=1) == y_test)
    print(f"{name:12} {accuracy[name]:.4f} of the test digits")

# %%
# On several machines
# -------------------
# ``MirroredStrategy`` serves the devices of one machine.
# For several machines there is ``tf.distribute.MultiWorkerMirroredStrategy``, with the same ``scope`` and the same ``fit``.
# Three things are new.
#
# - Every machine runs the same script, and learns from an environment variable, ``TF_CONFIG``, the addresses of all of them and which one it is.
#   All of them have to be there before the first step begins.
# - Every machine reads data. Left alone, each takes its share of the files or, if there are too few, of the samples.
#   The batch that the script names is that of all machines together.
# - One machine that falls away stops all others, since each step waits for everybody's slopes.
#   ``keras.callbacks.BackupAndRestore`` saves the state as training goes on, and lets it continue from there when the machine is back.
#
# A search needs none of this: its trainings do not wait for each other.
# So when there are several networks to train, give each device a network of its own, and share one network out only if it alone takes too long.
#
# What to take away
# -----------------
# A strategy copies the network to every device, cuts each batch into equal parts and averages the slopes; what comes out is what one device would have made of the whole batch.
# A larger batch on more devices is another training, with fewer steps and a rate of its own.
# Whatever looks at the batch as a whole, as batch normalisation does, sees only its replica's part unless it is told to ask.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

ends = {name: curve[-1] for name, curve in losses.items()}
measured = {
    "slopes_apart": between,
    "weights_moved": moved,
    "loss_alone": ends["one device"],
    "loss_shared": ends["two devices"],
    "loss_batch_doubled": ends["batch doubled"],
    "loss_rate_doubled": ends["and the rate"],
    "own_statistics_apart": different["each its own"],
    "test_accuracy": accuracy["one device"],
}
for name, value in measured.items():
    print(f"{name:22} {value:.4g}")

# %%

# (Ranges are those of five seeds.)
# The slopes of two parts lie far apart (1.09 to 1.76 of their size), their mean
# is the slope of the whole.
assert len(DEVICES) == COPIES
assert between > 0.3
assert gap < 1e-5
# After training the weights are the same, up to rounding ...
assert moved > 0.05
assert apart < 1e-4
assert np.allclose(losses["one device"], losses["two devices"], atol=1e-4)
assert abs(accuracy["one device"] - accuracy["two devices"]) < 0.001
# ... and the copies are equal to the last bit.
assert between_copies == 0
# A doubled batch lags behind in every epoch (at the end .38 to .46 after .25 to
# .33); a doubled rate makes up for a part of it (.33 to .39).
behind = np.subtract(losses["batch doubled"], losses["one device"])
assert behind.min() > 0.01
assert ends["and the rate"] < ends["batch doubled"]
# Batch normalisation with statistics of its own makes another training (weights
# differ by up to .35 to .67).
assert different["each its own"] > 100 * different["shared"]
assert different["shared"] < 1e-3

# %%
# Try it
# ------
# 1. Divide the processor in four, with ``[half] * 4``. Prediction: 25 images for each replica, and the first two curves are as before.
# 2. Set ``BATCH = 101``. Prediction: an error. A replica that has an image less would count each of its own for more, and here TensorFlow refuses the unequal parts.

# sphinx_gallery_topics = ["7.3.2"]
# sphinx_gallery_keywords = ["images", "several devices", "batch size", "batch normalisation"]
# sphinx_gallery_thumbnail_number = 1
