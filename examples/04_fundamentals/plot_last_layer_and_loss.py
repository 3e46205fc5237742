"""
Does the last layer fit the loss?
=================================

Two lines of a network depend on the kind of question: the activation of the last layer, and the loss.
Keras accepts any two of them. Some pairs that look reasonable do not learn, some learn the wrong thing, and most of them do it without a word of complaint.

This page puts five wrong pairs beside the right ones, on real data, with nothing else changed:
a loss whose slope vanishes where it is needed most, an output that is always 1, scores that are taken for probabilities,
an output that cannot reach its targets, and labels that are made to compete. At the end stands the table of the pairs that work.

It assumes the pages of the third chapter; the section on measuring success in the fourth has the mathematics.
"""

# %%
# Setup
# -----
# All experiments are small, so plain gradient descent and a few epochs are enough to see the difference.

import warnings

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

DIGITS = 6_000  # of 60,000: a tenth is enough here
POSTS = 5_000  # of 11,272
TEST_POSTS = 3_000  # of 7,514
VOCABULARY = 5_000
BATCH = 100

# %%
# Look at the data
# ----------------
# Images of digits serve for questions with two answers and with ten, districts of California for a number,
# and posts to newsgroups for several labels at once.

(images, digit), (test_images, test_digit) = datasets.digits()
pixels = images[:DIGITS].reshape(-1, 784).astype("float32") / 255
test_pixels = test_images.reshape(-1, 784).astype("float32") / 255
digit = digit[:DIGITS]
odd, test_odd = digit % 2, test_digit % 2
print(f"{DIGITS:,} images, {np.mean(odd):.2f} of them odd digits")

# %%
datasets.card("digits")

# %%
datasets.card("house_prices")

# %%
datasets.card("newsgroups")

# %%
# What must we beat?
# ------------------
# In each experiment the right pair is the opponent, with the same layers below, the same first weights and the same batches.


def fit(model, loss, x, y, epochs, optimizer="adam"):
    """Train a model from the seed's own state and return its history."""
    model.compile(optimizer, loss=loss, metrics=["accuracy"])
    run = model.fit(x, y, epochs=epochs, batch_size=BATCH, verbose=0)
    return run.history


# %%
# Sigmoid with the mean squared error
# -----------------------------------
# Is the digit odd? A sigmoid gives a probability, and one could think that the squared distance to 0 or 1 is a fair price for it.
# To see the trouble we start from a network that is sure and wrong about half of the images:
# its last bias is -10, so it says "even" to everything, with a probability near 1.

curves = {}
for loss in ("mse", "binary_crossentropy"):
    keras.utils.set_random_seed(SEED)
    network = models.dense_binary_classifier(784, hidden=(32,))
    network.get_layer("output").bias.assign([-10.0])
    sgd = keras.optimizers.SGD(0.1)
    curves[loss] = fit(network, loss, pixels, odd, 8, sgd)["accuracy"]
    print(f"{loss:20} accuracy {curves[loss][0]:.3f} ", end="")
    print(f"after one epoch, {curves[loss][-1]:.3f} after eight")

# %%
# A slope says how the price of an answer changes with the sum :math:`z` that goes into the sigmoid.
# On the left are the slopes for an image that is odd, on the right what follows from them.

z = np.linspace(-12, 4, 200)
p = 1 / (1 + np.exp(-z))
fig, (ax, learned) = plt.subplots(1, 2, figsize=(6.4, 3.7))
ax.plot(z, 2 * (p - 1) * p * (1 - p), label="mean squared error")
ax.plot(z, p - 1, label="cross-entropy")
ax.axvline(-10, color="C5", ls=":", lw=2)
ax.set(title="Slope for a yes", xlabel="Sum z", ylabel="Slope of the price")
epoch = np.arange(1, 9)
learned.plot(epoch, curves["mse"], marker="o")
learned.plot(epoch, curves["binary_crossentropy"], marker="s")
learned.set(title="From a wrong start", xlabel="Epoch", ylabel="Accuracy")
learned.set_ylim(0.4, 1)
fig.legend(*ax.get_legend_handles_labels(), loc="outside lower left", ncols=2)
fig.set_label(
    "Left, the slope of the price over z: that of cross-entropy is minus one "
    "for very negative z and rises to zero, that of the squared error is zero "
    "on both sides with a dip between. Right, training accuracy over epochs: "
    "with cross-entropy it rises towards one, with squared error it stays "
    "flat near one half."
)

# %%
# At the dotted line, where the network starts, the slope of the squared error is zero to the eye. The sigmoid is flat there, and its slope is a factor of the product.
# Where the network is most wrong it is told the least. Cross-entropy has the logarithm that undoes the flatness: its slope is the answer less the truth,
# and a wrong answer pulls with full strength.
#
# A softmax over one unit
# -----------------------
# Softmax turns scores into shares of 1, and the share of a single score is always 1.
# Keras warns about it when the model is called, so here is a mistake that one is told about.
# We train it twice. The second time a layer that does nothing stands behind the softmax.

one_unit = {}
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    for name, last in (
        ("bare", []),
        ("hidden", [keras.layers.Reshape((1,))]),
    ):
        keras.utils.set_random_seed(SEED)
        network = keras.Sequential(
            [
                keras.Input((784,)),
                keras.layers.Dense(32, activation="relu"),
                keras.layers.Dense(1, activation="softmax"),
                *last,
            ]
        )
        run = fit(network, "binary_crossentropy", pixels, odd, 3)
        said = network(test_pixels).numpy()
        one_unit[name] = (run["loss"], said.min(), said.max())
        print(f"{name:7} loss", *np.round(run["loss"], 3), end=", ")
        print(f"answers from {said.min():.0f} to {said.max():.0f}")
softmax_warned = any("softmax" in str(one.message) for one in heard)
print(f"Keras warned: {softmax_warned}")

# %%
# The answer is 1 for every image, before training and after. An output that cannot change has no slope, and in the second row nothing happens.
# The first row is stranger: the loss falls, and the answers stay what they were.
# Keras computes this loss from the score below the activation where it can see it, since logarithms of probabilities near 0 lose digits.
# So the loss that it reports is that of a sigmoid which the network does not have. The curve looks fine, and the model is useless.
#
# Scores that are taken for probabilities
# ---------------------------------------
# Which digit is it? The last layer may leave out its softmax, if the loss is told that it gets *logits*, the bare scores.
# Four combinations are possible, and a fifth puts a layer that does nothing behind the softmax.

CATEGORICAL = keras.losses.SparseCategoricalCrossentropy
ten = {}
for activation, logits, last in (
    ("softmax", False, []),
    (None, True, []),
    (None, False, []),
    ("softmax", True, []),
    ("softmax", True, [keras.layers.Reshape((10,))]),
):
    keras.utils.set_random_seed(SEED)
    network = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation=activation),
            *last,
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras notices some of the mistakes
        loss = CATEGORICAL(from_logits=logits)
        run = fit(network, loss, pixels, digit, 6)
    right = network(test_pixels).numpy().argmax(axis=1) == test_digit
    ten[activation, logits, len(last)] = run["loss"][-1], right.mean()
    hidden = ", hidden" if last else ""
    print(f"{activation!s:8} from_logits={logits!s:5} ", end="")
    print(f"loss {run['loss'][-1]:.3f}  accuracy {right.mean():.3f}{hidden}")

# %%
# The first two rows are the same network, said in two ways.
# In the third the loss takes bare scores for probabilities: it divides them by their sum, cuts off what is negative, and after six epochs the network is far behind.
# In the fourth the loss finds the softmax and looks below it, as it did above, and the mistake does no harm.
# Where it cannot look, in the last row, the probabilities go through a second softmax.
# Ten numbers between 0 and 1 cannot make a softmax sure: the loss stays above :math:`\ln(e + 9) - 1`, about 1.46, however good the answers are,
# and a reader who does not know that takes the model for a bad one.
#
# An output that cannot reach its targets
# ---------------------------------------
# What is a house worth? The prices are standardised, so half of them lie below zero.

(x_train, y_train), _ = datasets.house_prices()
columns = [
    x_train[name].astype("float32")
    for name in x_train
    if name not in ("ocean_proximity", "total_bedrooms")
]
houses = np.column_stack(columns)[:6_000]
houses = (houses - houses.mean(axis=0)) / houses.std(axis=0)
price = y_train[:6_000]
price = (price - price.mean()) / price.std()
said_by, explained = {}, {}
for activation in (None, "relu", "sigmoid"):
    keras.utils.set_random_seed(SEED)
    network = keras.Sequential(
        [
            keras.Input((houses.shape[1],)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1, activation=activation),
        ]
    )
    fit(network, "mse", houses, price, 12)
    answer = network(houses).numpy()[:, 0]
    said_by[activation] = answer
    explained[activation] = 1 - np.mean(np.square(answer - price))
    print(f"{activation!s:8} answers {answer.min():5.2f} to ", end="")
    print(
        f"{answer.max():4.2f}, variance explained {explained[activation]:.2f}"
    )

# %%
fig, axes = plt.subplots(1, 3, figsize=(6.4, 3), sharey=True)
for ax, (activation, answer) in zip(axes, said_by.items(), strict=True):
    ax.plot(price, answer, ".", ms=2, alpha=0.4)
    ax.plot((-1.6, 2.5), (-1.6, 2.5), color="C1", ls="--")
    ax.set(title=activation or "none", xlabel="True price", ylim=(-2, 4))
axes[0].set_ylabel("Answer (standardised)")
fig.set_label(
    "Three clouds of answers over true prices. Without an activation the "
    "cloud follows the dashed diagonal. With relu it has a floor at zero, "
    "with a sigmoid it is squeezed between zero and one."
)

# %%
# A sigmoid squeezes all houses into the strip between its two ends, and what lies outside cannot be said.
# A relu has a floor at zero, and more than half of the prices are below it. It can do worse: if it says zero to every house,
# it is on its flat side for all of them, there is no slope, and it stays silent for ever. With some seeds that happens here.
# A last layer without an activation can say everything.
#
# Labels that have to compete
# ---------------------------
# The name of a newsgroup has parts: a post to *rec.sport.hockey* belongs to *rec*, to *sport* and to *hockey*.
# Let every part that occurs in two groups or more be a label. A post has one to three of them.

(posts, group), (test_posts, test_group) = datasets.newsgroups()
parts = [
    set(name.replace("-", ".").split("."))
    for name in datasets.card("newsgroups").class_names
]
LABELS = sorted(
    part for part in set.union(*parts) if sum(part in p for p in parts) > 1
)
has = np.array([[part in p for part in LABELS] for p in parts])
print(LABELS)
print("labels of a post:", np.bincount(has.sum(axis=1)[group[:POSTS]]))
vectorise = keras.layers.TextVectorization(
    VOCABULARY, output_mode="multi_hot"
)
vectorise.adapt(posts[:POSTS], batch_size=500)
rows, test_rows = (
    np.concatenate(
        [np.asarray(vectorise(p), "uint8") for p in np.array_split(some, 20)]
    )
    for some in (posts[:POSTS], test_posts[:TEST_POSTS])
)
hot, test_hot = has[group[:POSTS]], has[test_group[:TEST_POSTS]]

# %%
# A softmax shares out a single 1 among all the labels. With one sigmoid a label, each label is a question of its own.

found, exact = {}, {}
count = test_hot.sum(axis=1)  # labels of a post
for name, build, loss in (
    ("softmax", models.dense_classifier, "categorical_crossentropy"),
    ("sigmoids", models.dense_multilabel_classifier, "binary_crossentropy"),
):
    keras.utils.set_random_seed(SEED)
    network = build(VOCABULARY, len(LABELS), hidden=(32,))
    adam = keras.optimizers.Adam(0.002)
    fit(network, loss, rows, hot.astype("float32"), 10, adam)
    said = network(test_rows.astype("float32")).numpy() > 0.5
    found[name] = [
        said[count == n][test_hot[count == n]].mean() for n in (1, 2, 3)
    ]
    exact[name] = np.mean((said == test_hot).all(axis=1))
    print(
        f"{name:9} all labels right: {exact[name]:.2f}, found of posts ",
        end="",
    )
    print("with 1, 2, 3:", *np.round(found[name], 2))

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.4))
ax.plot((1, 2, 3), found["sigmoids"], marker="o", label="sigmoids")
ax.plot((1, 2, 3), found["softmax"], marker="s", label="softmax")
ax.plot(
    (1, 2, 3),
    (1, 1 / 2, 1 / 3),
    color="C2",
    ls=":",
    label="most that softmax can",
)
ax.set(
    title="More labels than one",
    xlabel="Labels of the post",
    ylabel="Share of them that is found",
    xticks=(1, 2, 3),
    ylim=(0, 1.03),
)
fig.legend(loc="outside lower center", ncols=3)
fig.set_label(
    "Share of the labels found, for posts with one, two and three labels. The "
    "sigmoids stay above one half; softmax lies below them everywhere and "
    "below a dotted line that falls from one to one third."
)

# %%
# Only one probability of a softmax can be above one half, so of three labels it finds one at most.
# In truth it finds less, because the loss tells it to give each of three labels a third, and a third is a no.
# Of posts with three labels the sigmoids find more than twice as many, and they name exactly the right set for more than half of all posts.
#
# The table
# ---------
# These are the pairs that fit. Each builder of the library ends in its activation; the loss is chosen in ``compile``.

for row in (
    ("question", "units", "activation", "loss", "builder"),
    ("yes or no", "1", "sigmoid", "binary CE", "dense_binary_classifier"),
    ("one of N", "N", "softmax", "categorical CE", "dense_classifier"),
    ("some of N", "N", "sigmoid", "binary CE", "dense_multilabel_classifier"),
    ("any number", "1", "none", "mse or mae", "dense_regressor"),
):
    print("{:11} {:6} {:11} {:15} {}".format(*row))

# %%
# CE is short for cross-entropy. A number that lies between 0 and 1, a share for example, may have a sigmoid with binary cross-entropy.
#
# What to take away
# -----------------
# The last activation says which answers are possible; the loss says what they cost; together they make the slope that everything learns from.
# In the pairs that fit, this slope is the answer less the truth, which is largest where the network is most wrong.
# A wrong pair may run without a warning and with a falling loss, so look at the answers, not only at the curve.
#
# Check the claims
# ----------------

measured = {
    "mse_accuracy": curves["mse"][-1],
    "cross_entropy_accuracy": curves["binary_crossentropy"][-1],
    "one_unit_first_loss": one_unit["bare"][0][0],
    "one_unit_last_loss": one_unit["bare"][0][-1],
    "one_unit_hidden_change": abs(np.ptp(one_unit["hidden"][0])),
    "one_unit_lowest_answer": min(low for _, low, _ in one_unit.values()),
    "ten_softmax_accuracy": ten["softmax", False, 0][1],
    "ten_logits_accuracy": ten[None, True, 0][1],
    "ten_loss_difference": abs(
        ten["softmax", False, 0][0] - ten[None, True, 0][0]
    ),
    "ten_forgotten_accuracy": ten[None, False, 0][1],
    "ten_twice_accuracy": ten["softmax", True, 1][1],
    "ten_twice_loss": ten["softmax", True, 1][0],
    "explained_linear": explained[None],
    "explained_relu": explained["relu"],
    "explained_sigmoid": explained["sigmoid"],
    "softmax_exact": exact["softmax"],
    "sigmoids_exact": exact["sigmoids"],
    "softmax_found_of_3": found["softmax"][2],
    "sigmoids_found_of_3": found["sigmoids"][2],
    "sigmoids_found_of_2": found["sigmoids"][1],
    "softmax_found_of_2": found["softmax"][1],
}
for name, value in measured.items():
    print(f"{name:24} {value:.4g}")

# With the squared error not one answer changes; with cross-entropy more than
# nine in ten are right (.941 to .948 over five seeds).
assert np.allclose(curves["mse"], np.mean(odd == 0))
assert measured["cross_entropy_accuracy"] > 0.9
# A softmax over one unit answers 1, whatever its loss does.
assert softmax_warned
assert measured["one_unit_lowest_answer"] > 0.9999
assert measured["one_unit_last_loss"] < 0.8 * measured["one_unit_first_loss"]
assert measured["one_unit_hidden_change"] < 1e-4
# Softmax and bare scores are the same network; forgotten logits learn slowly
# (.13 to .60 right); the other mistake does no harm while Keras sees it.
assert measured["ten_loss_difference"] < 0.01
assert measured["ten_softmax_accuracy"] > 0.88
assert measured["ten_forgotten_accuracy"] < 0.78
assert abs(ten["softmax", True, 0][1] - ten["softmax", False, 0][1]) < 0.02
# Where it does not, the loss has a floor (1.565 to 1.640), though most answers
# are right (.83 to .90).
assert measured["ten_twice_loss"] > np.log(np.e + 9) - 1
assert measured["ten_twice_accuracy"] > 0.7
# What cannot be said is not said: .67 to .69, against .00 to .45 and .33.
assert 0 <= answer.min() <= answer.max() <= 1
assert np.mean(price < 0) > 0.5
assert said_by["relu"].min() == 0
assert explained["relu"] < explained[None] - 0.12
assert explained["sigmoid"] < explained[None] - 0.2
# Of three labels the softmax finds one at most (.12 to .24 of them), the
# sigmoids .58 to .60; they get .58 to .59 of the posts exactly right.
assert found["softmax"][2] <= 1 / 3
assert found["sigmoids"][2] > 2 * found["softmax"][2]
assert all(b > a for a, b in zip(*found.values(), strict=True))
assert min(found["sigmoids"]) > 0.5
assert exact["sigmoids"] > 0.5 > exact["softmax"] + 0.1

# %%
# Try it
# ------
# 1. Start the first experiment at a bias of -3 instead of -10. The squared error learns now, only later than cross-entropy: the sigmoid is not flat there.
# 2. Give the network for digits a sigmoid in the place of the softmax, with the same loss, ``from_logits=False``.
#    It learns as well as before, because Keras takes the scores below the sigmoid for those of a softmax.
#    But its answers no longer sum to 1, and are not the probabilities of ten digits.

# sphinx_gallery_topics = ["4.5"]
# sphinx_gallery_keywords = ["images", "tables", "text", "loss", "activations"]
