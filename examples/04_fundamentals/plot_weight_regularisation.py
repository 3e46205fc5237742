"""
What does a price on weights buy?
=================================

A network that may use any weights will use large ones to be sure about its training reviews.
*Weight regularisation* puts a price on them: the loss is no longer the errors alone, but the errors plus a little for every weight.
A weight then has to earn its price.

On this page we work the two usual prices out by hand, the square (L2) and the absolute value (L1), and find them again in Keras.
We train the same network without a price, with the one, with the other, and with one that is far too high.
At the end we look at the weights: L1 brings most of them to almost nothing, and we take those out to see whether anybody misses them.

It assumes the page on movie reviews in the third chapter; the section on overfitting in the fourth chapter explains the rest.
"""

# %%
# Setup
# -----
# The data and the network are those of the page on the size of a network: 8,000 reviews, 5,000 words, two layers of 16 units.
# The prices have been tried out: these let the network learn and yet keep it from climbing far.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, plots, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 5_000
REVIEWS = 8_000
VALIDATION = 4_000  # the last ones: other films
EPOCHS = 24
BATCH = 256
L2 = 0.005  # for each square of a weight
L1 = 0.0002  # for each absolute value: a tenth of a weight costs 2 in 100,000
TOO_MUCH = 0.1  # twenty times L2

# %%
# Look at the data
# ----------------
# Every review is a row of zeros and ones that says which words occur.
# The labels form a column, because the metric that we shall need wants them in the shape of the answers.

(texts, labels), _ = datasets.movie_reviews()
texts = np.concatenate([texts[:REVIEWS], texts[-VALIDATION:]])
labels = np.concatenate([labels[:REVIEWS], labels[-VALIDATION:]])[:, None]
vectorise = keras.layers.TextVectorization(
    max_tokens=VOCABULARY, output_mode="multi_hot"
)
vectorise.adapt(texts[:REVIEWS], batch_size=BATCH)
rows = np.concatenate(
    [
        np.asarray(vectorise(piece), dtype="uint8")
        for piece in np.array_split(texts, 50)
    ]
)
seen = (rows[:REVIEWS], labels[:REVIEWS])
held_out = (rows[REVIEWS:], labels[REVIEWS:])
print(f"training {seen[0].shape}, validation {held_out[0].shape}")

# %%
datasets.card("movie_reviews")

# %%
# The model
# ---------
# A *regulariser* belongs to a layer and looks at one of its tensors.
# Here it is the matrix of weights, which Keras calls the kernel. The biases stay free: they cannot memorise a review.


def build_network():
    """Return the network with a price on squares, spelled out."""
    price = keras.regularizers.L2(L2)
    return keras.Sequential(
        [
            keras.Input((VOCABULARY,)),
            keras.layers.Dense(16, "relu", kernel_regularizer=price),
            keras.layers.Dense(16, "relu", kernel_regularizer=price),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )


# %%
# The price by hand
# -----------------
# The sum of all squares, times 0.005, is the price of a layer; the loss of the network gets the prices of both layers on top.
# Keras keeps them in ``losses``. Some books put a factor of one half before the square. Keras does not, as we can check.

keras.utils.set_random_seed(SEED)
network = build_network()
by_keras = [float(price) for price in network.losses]
by_hand = [
    L2 * np.sum(layer.kernel.numpy() ** 2) for layer in network.layers[:2]
]
print("by Keras", *(f"{price:.6f}" for price in by_keras))
print("by hand ", *(f"{price:.6f}" for price in by_hand))

# %%
# What an untrained network pays is not small: the square of a first weight is tiny, but there are 80,000 of them.
#
# Two losses
# ----------
# From now on there are two numbers. What the optimiser makes small is the sum, errors and price, and Keras calls it ``loss``.
# What we want to know is the part that comes from the data. So we measure that part as a metric, ``data_loss``.


def compiled(model):
    """Return the model, with the errors measured on their own."""
    errors = keras.metrics.BinaryCrossentropy(name="data_loss")
    model.compile(
        "rmsprop", "binary_crossentropy", metrics=["accuracy", errors]
    )
    return model


def parts(model, rows, labels):
    """Return the whole loss and the part that comes from the data."""
    scores = model.evaluate(
        rows, labels, batch_size=BATCH, verbose=0, return_dict=True
    )
    return scores["loss"], scores["data_loss"]


first_loss, first_errors = parts(compiled(network), *seen)
price = sum(by_hand)
print(f"loss {first_loss:.5f} = data {first_errors:.5f} + price {price:.5f}")

# %%
# Train
# -----
# The reference has no price. The others come from the library's builder, which makes the network that is spelled out above from ``l2=0.005``.
# All of them start from the same weights and see the same batches.

networks = {
    "no price": {},
    "L1": {"l1": L1},
    "L2": {"l2": L2},
    "L2, too much": {"l2": TOO_MUCH},
}
runs = {}
for name, price in networks.items():
    keras.utils.set_random_seed(SEED)
    network = compiled(models.dense_binary_classifier(VOCABULARY, **price))
    runs[name] = network.fit(
        *seen,
        epochs=EPOCHS,
        batch_size=BATCH,
        validation_data=held_out,
        verbose=0,
    ).history
    networks[name] = network
    losses = runs[name]["val_data_loss"]
    print(
        f"{name:13} lowest {min(losses):.3f} in epoch "
        f"{training.best_epoch(runs[name], 'val_data_loss'):2}, "
        f"at the end {losses[-1]:.3f}"
    )

# %%
plots.compare_histories(
    {name: {"val_loss": run["val_data_loss"]} for name, run in runs.items()},
    title="Errors on the validation set, without the price",
)

# %%
# Without a price the loss turns after a few epochs and climbs to more than twice its lowest value.
# With L1 it climbs by less than half, with L2 by about a fifth or less.
# Yet the lowest values of the first three are nearly the same.
# The price has not made the best network better. It has made it hard to go wrong: nobody has to stop at the third epoch.
# The price that is too high keeps the loss from climbing by keeping it from falling: the network underfits.
#
# What the reported loss hides
# ----------------------------
# Keras adds the price to the validation loss as well. That is easy to overlook, and it spoils a comparison.

run = runs["L2"]
epochs = np.arange(1, EPOCHS + 1)
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.6), sharey=True)
for ax, prefix, where in zip(
    axes, ("", "val_"), ("training", "validation"), strict=True
):
    errors = np.array(run[prefix + "data_loss"])
    whole = np.array(run[prefix + "loss"])
    ax.plot(epochs, whole, "--", color="C1", label="loss, as reported")
    ax.plot(epochs, errors, "-", color="C0", label="errors")
    ax.fill_between(
        epochs, errors, whole, color="C1", alpha=0.25, lw=0, label="price"
    )
    ax.set(title=f"L2: {where}", xlabel="Epoch", xticks=(1, 8, 16, 24))
axes[0].set(ylabel="Loss (nats)", ylim=(0, None))
axes[1].legend(loc="lower left")
fig.set_label(
    "Two panels for the network with L2, training and validation. In both a "
    "band lies between the errors, below, and the reported loss, above: the "
    "price. In training it makes up about half of the loss at the end."
)

# %%
# The band is the price. In training it grows until it is about half of what is reported, while the errors still fall.
# A reader of ``val_loss`` alone would think that this network does much worse than it does.
# For a network without a price the two curves are one. So networks with different prices are compared by their errors.
#
# Look inside
# -----------
# What has become of the weights of the first layer? They span several powers of ten, so the histogram counts on a logarithmic scale.

weights = {
    name: networks[name].get_layer("hidden_1").kernel.numpy()
    for name in ("no price", "L2", "L1")
}
fig, axes = plt.subplots(3, sharex=True, sharey=True, figsize=(6.4, 5.2))
for ax, (name, w) in zip(axes, weights.items(), strict=True):
    size = np.maximum(np.abs(w).ravel(), 1e-7)
    ax.hist(size, np.geomspace(1e-7, 10, 81), color="C0")
    ax.axvline(0.001, color="C1", ls="--")
    ax.set(title=name, xscale="log", ylabel="Weights")
axes[-1].set_xlabel("Size of the weight, its absolute value")
fig.set_label(
    "Three histograms of the sizes of the first layer's weights on a "
    "logarithmic scale. Without a price most lie between a hundredth and one. "
    "With L2 the hump has moved to the left. With L1 it is split: most "
    "weights lie below a thousandth, and a separate group remains far above."
)

# %%
small = {name: np.mean(np.abs(w) < 0.001) for name, w in weights.items()}
for name, w in weights.items():
    print(
        f"{name:9} below 0.001: {small[name]:.2f}, exactly 0: "
        f"{np.sum(w == 0)}, largest: {np.abs(w).max():.2f}"
    )

# %%
# Without a price, next to no weight is small. L2 moves the whole hump to the left: the larger a weight, the harder it is pulled, so the large ones shrink most, and none is pulled all the way.
# L1 pulls large and small ones equally hard. What the errors do not hold, it pulls towards zero until the weight jumps back and forth around it:
# a step of RMSprop is about a thousandth long, and no weight can come closer than its steps. Hence the first hump below the dashed line, and hardly a zero that is exact.
# Where a bar stands at the left edge under L2, it is made of whole units. Their relu stays silent for every review,
# so the errors have no hold on their weights, and the price takes them all.
#
# Would anybody miss them?
# ------------------------
# We set the smallest weights of the first layer to zero, more and more of them, and count the validation reviews whose verdict changes.

SHARES = (0.25, 0.5, 0.75, 0.9, 0.95)


def changed_verdicts(network):
    """Return which share of verdicts changes, for each share removed."""
    kernel = network.get_layer("hidden_1").kernel
    full = kernel.numpy()
    before = network.predict(held_out[0], verbose=0) > 0.5
    changed = []
    for limit in np.quantile(np.abs(full), SHARES):
        kernel.assign(np.where(np.abs(full) < limit, 0, full))
        after = network.predict(held_out[0], verbose=0) > 0.5
        changed.append(np.mean(before != after))
    kernel.assign(full)
    return changed


# %%

changed = {name: changed_verdicts(networks[name]) for name in weights}
fig, ax = plt.subplots(figsize=(6.4, 3.6))
for marker, (name, shares) in zip("osD", changed.items(), strict=True):
    ax.plot(100 * np.array(SHARES), 100 * np.array(shares), marker=marker)
    ax.annotate(
        name,
        (95, 100 * shares[-1]),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
    )
ax.set(
    title="What the small weights were good for",
    xlabel="Weights of the first layer set to zero (%), smallest first",
    ylabel="Verdicts that change (%)",
    xlim=(20, 107),
)
fig.set_label(
    "Share of verdicts that change against the share of weights set to zero, "
    "25 to 95 per cent. All three curves start near zero and rise. The one "
    "without a price rises first and highest, then L2, and L1 is the lowest."
)

# %%
# The network trained with L1 can do without three quarters of the weights of its first layer, and hardly a verdict changes.
# At nine tenths it still changes far fewer than the others. It has chosen which words to use; without a price, the network uses a little of everything.
#
# What to take away
# -----------------
# A price on weights lets the validation loss climb far less, and leaves its lowest value about where it was: it forgives training for too long.
# L2 shrinks all weights, most of all the large ones; L1 brings most of them to almost nothing, and those can be taken out.
# The price is part of the reported loss, in validation too, so compare networks by their errors.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

low = {name: min(run["val_data_loss"]) for name, run in runs.items()}
end = {name: run["val_data_loss"][-1] for name, run in runs.items()}
final = runs["L2"]
price_share = 1 - final["data_loss"][-1] / final["loss"][-1]
measured = {
    "plain_lowest": low["no price"],
    "l1_lowest": low["L1"],
    "l2_lowest": low["L2"],
    "too_much_lowest": low["L2, too much"],
    "plain_end": end["no price"],
    "l1_end": end["L1"],
    "l2_end": end["L2"],
    "plain_climb": end["no price"] / low["no price"],
    "l1_climb": end["L1"] / low["L1"],
    "l2_climb": end["L2"] / low["L2"],
    "too_much_climb": end["L2, too much"] / low["L2, too much"],
    "too_much_training": runs["L2, too much"]["data_loss"][-1],
    "plain_end_accuracy": runs["no price"]["val_accuracy"][-1],
    "l1_end_accuracy": runs["L1"]["val_accuracy"][-1],
    "l2_end_accuracy": runs["L2"]["val_accuracy"][-1],
    "price_share": price_share,
    "hidden_price": final["val_loss"][-1] - final["val_data_loss"][-1],
    "plain_small": small["no price"],
    "l2_small": small["L2"],
    "l1_small": small["L1"],
    "l1_exact_zeros": np.mean(weights["L1"] == 0),
    "plain_changed_at_90": changed["no price"][3],
    "l2_changed_at_90": changed["L2"][3],
    "l1_changed_at_75": changed["L1"][2],
    "l1_changed_at_90": changed["L1"][3],
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# (All ranges are those of five seeds.)
# The price by hand is the price by Keras, with no factor of one half.
np.testing.assert_allclose(by_hand, by_keras, rtol=1e-4)
assert abs(first_loss - first_errors - sum(by_hand)) < 1e-3
# Without a price the loss turns early and climbs (2.75 to 3.06 times), with L1
# less (1.32 to 1.48 times), with L2 least (1.13 to 1.21 times).
assert training.best_epoch(runs["no price"], "val_data_loss") <= 7
assert measured["plain_climb"] > 2.2
assert 1.1 < measured["l1_climb"] < 1.8
assert measured["l2_climb"] < 1.4
assert max(end["L1"], end["L2"]) < 0.65 * end["no price"]
# The lowest values differ by .006 at most, and too high a price costs .09 more.
assert np.ptp([low[name] for name in ("no price", "L1", "L2")]) < 0.03
assert measured["too_much_lowest"] > low["no price"] + 0.05
assert measured["too_much_climb"] < 1.05
assert measured["too_much_training"] > 0.3  # .40 to .42: it underfits
# About half of the reported training loss is price (.46 to .48), and the
# validation loss hides as much of it (.11).
assert 0.38 < price_share < 0.58
assert 0.07 < measured["hidden_price"] < 0.16
# Few weights are small without a price (.02), more with L2 (.21 to .32), most
# with L1 (.59 to .66), of which hardly one is exactly zero (.001 at most).
assert measured["plain_small"] < 0.05
assert 0.12 < measured["l2_small"] < 0.45
assert measured["l1_small"] > 0.5
assert measured["l1_exact_zeros"] < 0.01
# Three quarters of L1's weights go unnoticed (.003 to .005 of the verdicts
# change); of nine tenths, those of L1 are missed least (.021 to .028), then
# those of L2 (.061 to .069), then the ones without a price (.095 to .132).
assert measured["l1_changed_at_75"] < 0.015
at_90 = [measured[f"{name}_changed_at_90"] for name in ("l1", "l2", "plain")]
assert at_90[0] < 0.7 * at_90[1] < 0.7 * at_90[2]

# %%
# Try it
# ------
# 1. Set ``L1 = 0.002``, ten times as much. Prediction: nearly every weight of the first layer falls below a thousandth, and the lowest loss rises,
#    because now even words that mean something cost more than they save.
# 2. Train with plain ``"sgd"`` at a learning rate of 0.5 instead of RMSprop.
#    Prediction: the first hump under L1 lies further to the left or further to the right with the learning rate, since a weight under L1 jumps around zero by the rate times the price.

# sphinx_gallery_topics = ["4.4.2"]
# sphinx_gallery_keywords = ["text", "binary classification", "regularisation"]
# sphinx_gallery_thumbnail_number = 3
