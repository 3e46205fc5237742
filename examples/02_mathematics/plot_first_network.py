"""
Can a network learn to read handwritten digits?
===============================================

Somebody writes a figure from 0 to 9, and a scanner turns it into 784 shades of grey. Which figure is it?
People read these pictures at a glance, and nobody can write down how.
This page trains a network on 60,000 of them, and names the four parts of every training where they appear:
*layers*, *input data and targets*, *loss* and *optimiser*.

We compare it with two simpler readers, look at the digits that it misreads, and see what its first layer looks at.
At the end we scramble the pixels of every picture, and learn what such a network does not know about pictures.

It assumes Python and NumPy. The second chapter explains the mathematics.
"""

# %%
# Setup
# -----
# The seed fixes the initial weights and the order of the batches.
# A batch of 128 pictures makes an epoch a few hundred small steps.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

PIXELS = 28 * 28
HIDDEN = 256  # units: enough to do well, few enough to train in seconds
VALIDATION = 10_000  # of 60,000 training pictures, to watch the learning
EPOCHS = 8
BATCH = 128

# %%
# Look at the data
# ----------------
# This is the first part, *input data and targets*: pictures, and for each the figure that its author meant.

(x_train, y_train), (x_test, y_test) = datasets.digits()
print(f"training {x_train.shape}, {x_train.dtype}; test {x_test.shape}")
print(f"values from {x_train.min()} to {x_train.max()}")

# %%
datasets.card("digits")

# %%
# A layer wants each sample as a row of numbers, and it learns best when they are small.
# So each picture becomes a row of 784 numbers between 0, paper, and 1, ink.


def as_rows(pictures):
    """Turn pictures into rows of numbers from 0 to 1, (pictures, PIXELS)."""
    return pictures.reshape(-1, PIXELS).astype("float32") / 255


rows_train, rows_test = as_rows(x_train), as_rows(x_test)
first = [np.flatnonzero(y_train == figure)[0] for figure in range(10)]
averages = np.stack(
    [rows_train[y_train == figure].mean(axis=0) for figure in range(10)]
)  # (10, PIXELS)
plots.image_grid(
    np.concatenate([x_train[first] / 255, averages.reshape(-1, 28, 28)]),
    title="The first of each figure, and the average of all",
    titles=[str(figure) for figure in range(10)] * 2,
    columns=10,
    cmap="gray_r",
    alt="Two rows of ten pictures: a handwritten example of each figure from "
    "0 to 9, and below it the blurred average of all examples.",
)

# %%
# Above, the first example of each figure; below, the average of all its examples.
# The averages are blurred, because people write differently, and each can still be read.
#
# What must we beat?
# ------------------
# That gives a simple reader: compare a picture with the ten averages, and answer with the nearest.
# Ten figures, so guessing is right one time in ten.

distances = np.array([((rows_test - a) ** 2).sum(axis=1) for a in averages])
average_accuracy = np.mean(distances.argmin(axis=0) == y_test)
print(f"guessing         {np.mean(y_test == 1):.3f}  (always answer 1)")
print(f"nearest average  {average_accuracy:.3f}")

# %%
# The averages read eight digits in ten.
#
# The model
# ---------
# The second part is the *layers*.
# The hidden layer has 256 units, each with a weight for every pixel.
# The last one has a unit for each figure, and its softmax turns ten numbers into ten probabilities that add up to 1.


def build_network():
    """Return the network, spelled out."""
    return keras.Sequential(
        [
            keras.Input((PIXELS,)),
            keras.layers.Dense(HIDDEN, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


# %%
# The third part is the *loss*: minus the logarithm of the probability that the network gave to the right figure, averaged over a batch.
# It is called categorical cross-entropy, and *sparse* because the target is written as one integer and not as a row of ten.
# The fourth part is the *optimiser*, which moves each weight a little, so that the loss falls.
# Accuracy is for us to read; nothing follows it.


def compiled(model):
    """Return the model, ready to be trained."""
    model.compile(
        optimizer="rmsprop",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


network = compiled(build_network())
print(f"{network.count_params():,} weights")

# %%
# Train
# -----
# The last 10,000 training pictures are set aside, to see how the network does on pictures that it does not learn from.

history = network.fit(
    rows_train[:-VALIDATION],
    y_train[:-VALIDATION],
    epochs=EPOCHS,
    batch_size=BATCH,
    validation_data=(rows_train[-VALIDATION:], y_train[-VALIDATION:]),
    callbacks=[training.ProgressTable(every=2)],
    verbose=0,
)
plots.history(history, metrics=("loss", "accuracy"))

# %%
# One pass over the pictures is enough to overtake the averages by far.
# The later epochs bring less and less, and the two curves part:
# the training loss keeps falling, the validation loss hardly does.
# On the pictures that it learns from, the network becomes better than on those that it does not.
#
# Judge
# -----
# Eight epochs seem a fair choice. A fresh network learns from all 60,000 pictures, and is judged on the test set, once.
# Beside it stands the network without a hidden layer, in which each figure has one weight for each pixel.


def trained(model, rows):
    """Return the model after EPOCHS passes over the training rows."""
    compiled(model).fit(
        rows, y_train, epochs=EPOCHS, batch_size=BATCH, verbose=0
    )
    return model


keras.utils.set_random_seed(SEED)
final = build_network()
before = final.get_weights()[0]  # (PIXELS, HIDDEN)
trained(final, rows_train)
test_accuracy = final.evaluate(rows_test, y_test, verbose=0)[1]

linear = trained(models.dense_classifier(PIXELS, 10, hidden=()), rows_train)
linear_accuracy = linear.evaluate(rows_test, y_test, verbose=0)[1]
print(f"nearest average   {average_accuracy:.4f}")
print(f"no hidden layer   {linear_accuracy:.4f}")
print(f"network           {test_accuracy:.4f}")

# %%
# The network reads about 98 digits in a hundred.
# Without the hidden layer it is about 92: of the mistakes that are left there, the hidden layer takes away more than half.
#
# Look at the mistakes
# --------------------
# Here are the digits that it misreads most boldly: wrong, and very sure of it.

probability = final.predict(rows_test, verbose=0)  # (10000, 10)
answer, sureness = probability.argmax(axis=1), probability.max(axis=1)
wrong = np.flatnonzero(answer != y_test)
bold = wrong[np.argsort(-sureness[wrong])[:15]]
plots.image_grid(
    x_test[bold],
    title="The boldest mistakes",
    titles=[f"{y_test[i]} read as {answer[i]}" for i in bold],
    columns=5,
    cmap="gray_r",
    alt="Fifteen handwritten digits that the network misreads, each with "
    "what it is and what it was read as. Several are hard to read.",
)

# %%
# Some are hard for anybody, and others you read at once.
# On the whole it does notice when it is on thin ice: where it is wrong it is less sure.
# If it may pass on every digit of which it is less than 99 per cent sure, it still reads most of them, and errs much less often.

right_sureness = sureness[answer == y_test].mean()
wrong_sureness = sureness[wrong].mean()
sure = sureness >= 0.99
sure_share, sure_accuracy = sure.mean(), np.mean((answer == y_test)[sure])
print(f"mean sureness where right  {right_sureness:.3f}")
print(f"mean sureness where wrong  {wrong_sureness:.3f}")
print(f"digits with 99% or more    {sure_share:.3f}")
print(f"accuracy on those          {sure_accuracy:.4f}")

# %%
# Look inside
# -----------
# A unit of the first layer has one weight for each pixel, so its weights can be drawn as a picture.
# Light means a positive weight: ink there makes the unit speak. Dark means a negative one: ink there keeps it silent.
# We take the five units to which the last layer listens most, before training and after.

after = final.get_weights()[0]
heard = np.abs(final.get_weights()[2]).sum(axis=1)  # (HIDDEN,)
units = np.argsort(-heard)[:5]
weights = np.concatenate([before[:, units].T, after[:, units].T])
scale = np.abs(weights).max()
plots.image_grid(
    (weights.reshape(-1, 28, 28) + scale) / (2 * scale),
    title="Weights of five units, before and after training",
    titles=[f"{unit} before" for unit in units]
    + [f"{unit} after" for unit in units],
    columns=5,
    alt="The weights of five units as pictures. Before training they are "
    "even noise; after it light and dark strokes fill the middle, and "
    "the margin is as before.",
)

# %%
# Before training, the weights are noise: nothing about one tells you anything about its neighbour.
# After it there are strokes and spots in the middle, where neighbours have come to agree.
# The margin has stayed as it was. Some pixels are blank in every training picture, and a weight that is always multiplied by zero
# makes no difference to the loss. So the slope of the loss along it is zero, and the optimiser leaves it where it is.


def agreement(weights):
    """Return the correlation of weights that lie side by side."""
    pictures = weights.T.reshape(-1, 28, 28)[:, 6:22, 6:22]  # the middle
    left, right = pictures[..., :-1].ravel(), pictures[..., 1:].ravel()
    return np.corrcoef(left, right)[0, 1]


blank = x_train.max(axis=0).ravel() == 0
moved = np.abs(after - before)
print(f"neighbours agree, before         {agreement(before):.3f}")
print(f"neighbours agree, after          {agreement(after):.3f}")
print(f"pixels that are always blank     {blank.sum()}")
print(f"largest change of their weights  {moved[blank].max():.4f}")
print(f"mean change of all others        {moved[~blank].mean():.4f}")

# %%
# One thing varied: the order of the pixels
# -----------------------------------------
# Now we scramble the pixels, in the same way in all pictures.

order = np.random.default_rng(SEED).permutation(PIXELS)
scrambled = rows_test[:, order]
shown = np.concatenate([rows_test[:5], scrambled[:5]])
plots.image_grid(
    shown.reshape(-1, 28, 28),
    title="The same digits, pixels in order and scrambled",
    titles=[str(y_test[i % 5]) for i in range(10)],
    columns=5,
    cmap="gray_r",
    alt="Five test digits, and below them the same five with their pixels in "
    "scrambled order: scattered dots in which no figure can be seen.",
)

# %%
# You can no longer read them. Can the network learn to?

keras.utils.set_random_seed(SEED)
puzzled = trained(build_network(), rows_train[:, order])
scrambled_accuracy = puzzled.evaluate(scrambled, y_test, verbose=0)[1]
print(f"pixels in order   {test_accuracy:.4f}")
print(f"pixels scrambled  {scrambled_accuracy:.4f}")

# %%
# It can, and just as well. To a dense layer a picture is a row of numbers; which of them are neighbours means nothing to it.
# You use that knowledge whenever you look at something; the networks of the fifth chapter have it built in.
#
# What to take away
# -----------------
# Layers, data with targets, a loss and an optimiser: with these four parts chosen, a few seconds of training read about 98 digits in a hundred.
# A unit adds up pixels with weights, and training turns those weights from noise into something that looks for strokes.
# What the network knows it has from the examples; that pixels lie in a plane is not among it.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

curves = history.history
gain = np.diff([average_accuracy, *curves["val_accuracy"]])
measured = {
    "nearest_average_accuracy": average_accuracy,
    "linear_test_accuracy": linear_accuracy,
    "test_accuracy": test_accuracy,
    "scrambled_test_accuracy": scrambled_accuracy,
    "first_epoch_accuracy": curves["val_accuracy"][0],
    "sureness_where_wrong": wrong_sureness,
    "share_of_sure_answers": sure_share,
    "accuracy_of_sure_answers": sure_accuracy,
    "neighbours_agree": agreement(after),
}
for name, value in measured.items():
    print(f"{name:26} {value:.4g}")

# Eight in ten by averages (no seed), 92 without a hidden layer (.9245 to
# .9255), 98 with one (.977 to .981): more than half of the mistakes gone.
assert 0.81 < average_accuracy < 0.83
assert 0.915 < linear_accuracy < 0.935
assert 0.975 <= test_accuracy < 0.985
assert 1 - test_accuracy < 0.5 * (1 - linear_accuracy)
# One epoch overtakes the averages (.949 to .955) and brings far more than
# the last one does (.001 at most).
assert gain[0] > 0.1
assert gain[-1] < 0.01
# In the second half the training loss falls (by .045), the validation loss
# by a third of that or less; it ends at three times the training loss.
half = {m: curves[m][3] - curves[m][-1] for m in ("loss", "val_loss")}
assert half["loss"] > 0.03
assert half["val_loss"] < 0.6 * half["loss"]
assert curves["val_loss"][-1] > 2 * curves["loss"][-1]
assert curves["accuracy"][-1] > curves["val_accuracy"][-1] + 0.005
# Less sure where wrong (.72 to .75, against .99). Of most digits (.88) it is
# sure, and then it errs at most a fifth as often (.9985 to .9992 right).
assert wrong_sureness < right_sureness - 0.1
assert sure_share > 0.8
assert 1 - sure_accuracy < 0.2 * (1 - test_accuracy)
# Noise becomes agreement (.57 to .58), and blank pixels move no weight.
assert abs(agreement(before)) < 0.03
assert agreement(after) > 0.45
assert blank.sum() == 67
assert moved[blank].max() == 0
assert moved[~blank].mean() > 0.01
# Scrambled pixels are learned as well (-.001 to +.002).
assert abs(scrambled_accuracy - test_accuracy) < 0.008

# %%
# Try it
# ------
# 1. Set ``HIDDEN = 16``.
#    Prediction: better than no hidden layer and worse than 256 units; sixteen sums have to serve all ten figures.
#    (Two seeds gave .936 and .945; the page's own assertions fail then, as they should.)
# 2. Turn ink into paper: let ``as_rows`` return one minus what it returns now.
#    Prediction: the weights of the margin move now, because the margin is no longer zero;
#    and the network reads fewer digits, as most of each row is now a constant that says nothing and yet moves every unit.
#    (Two seeds gave .955 and .952.)

# sphinx_gallery_topics = ["2.1", "2.2", "3.1"]
# sphinx_gallery_keywords = ["images", "multi-class classification", "dense network"]
# sphinx_gallery_thumbnail_number = 4
# sphinx_gallery_references = {"test_accuracy": {"value": 0.953, "source": "LeCun et al. 1998: one hidden layer of 300 units, squared error, no distortions"}}
