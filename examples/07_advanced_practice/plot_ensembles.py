"""
Does it take unlike models to make a good average?
==================================================

Ask several models and average what they say: the average is nearly always better than most of those that were asked.
It is often said that for this the models should be as different as possible, and that being different matters more than how good the best of them is.

On this page we let copies of the same network, and models of five different kinds, read the same digits.
We average copies, and we average kinds; we see what each average gains, and from what.
Then we find weights on validation data, and put the saying to the test: is it better to be unlike than to be good?

It assumes the pages on dense networks and on convnets; the section on ensembles in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# Two thousand digits are few enough for the models to err.
# The weights of an ensemble are found on a thousand others, and the test digits judge.

import itertools

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.neighbors import KNeighborsClassifier

from dlguide import datasets, models, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

TRAIN, VALID = 2_000, 1_000
COPIES = {"dense": 5, "convnet": 3}  # convnets take longest
FILTERS = (8, 16)
BATCH = 64

# %%
# Look at the data
# ----------------

(images, labels), (test_images, test_labels) = datasets.digits()
order = np.random.default_rng(SEED).permutation(len(labels))


def scaled(pictures):
    """Return pictures with numbers from 0 to 1, (n, 28, 28, 1)."""
    return pictures[..., None].astype("float32") / 255


x_train, y_train = scaled(images[order[:TRAIN]]), labels[order[:TRAIN]]
valid = order[TRAIN : TRAIN + VALID]
x_valid, y_valid = scaled(images[valid]), labels[valid].astype("int64")
x_test, y_test = scaled(test_images), test_labels.astype("int64")
print(f"{TRAIN:,} to train, {VALID:,} to validate, {len(y_test):,} to test")

# %%
datasets.card("digits")

# %%
# The models
# ----------
# Five kinds. Three are networks: without a hidden layer, with one, and with convolutions.
# One looks for the nearest training digits and lets them vote, and one lets a hundred decision trees vote, each of which asks about a few pixels.
# All of them answer with ten probabilities.


def network_answers(network, epochs, rate):
    """Train a network and return what it says, for both sets."""
    network.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss="sparse_categorical_crossentropy",
    )
    network.optimizer.build(network.trainable_variables)
    shape = (-1, *network.input_shape[1:])
    network.fit(
        x_train.reshape(shape),
        y_train,
        epochs=epochs,
        batch_size=BATCH,
        verbose=0,
    )
    both = (x_valid.reshape(shape), x_test.reshape(shape))
    return [network.predict(x, batch_size=500, verbose=0) for x in both]


def classic_answers(model):
    """Fit a model of scikit-learn and return what it says."""
    model.fit(x_train.reshape(TRAIN, -1), y_train)
    both = (x_valid.reshape(VALID, -1), x_test.reshape(len(y_test), -1))
    return [model.predict_proba(x) for x in both]


def dense():
    """Return answers of a network with one hidden layer."""
    network = models.dense_classifier(784, 10, hidden=(64,))
    return network_answers(network, epochs=8, rate=0.002)


def convnet():
    """Return answers of a small convnet."""
    network = models.convnet((28, 28, 1), 10, FILTERS, batch_norm=True)
    return network_answers(network, epochs=6, rate=0.003)


# %%
# Copies differ in nothing but their first weights and the order of their batches.

answers = {}
for copy in range(COPIES["dense"]):
    answers[f"dense {copy + 1}"] = dense()
for copy in range(COPIES["convnet"]):
    answers[f"convnet {copy + 1}"] = convnet()
linear = models.dense_classifier(784, 10, hidden=())
answers["linear"] = network_answers(linear, epochs=8, rate=0.003)
answers["neighbours"] = classic_answers(
    KNeighborsClassifier(4, weights="distance")
)
answers["trees"] = classic_answers(
    ExtraTreesClassifier(100, random_state=SEED)
)
names = list(answers)
on_valid, on_test = (
    np.array(said) for said in zip(*answers.values(), strict=True)
)


def accuracy(given, truth=y_test):
    """Return the share of digits that are read rightly."""
    return float(np.mean(given.argmax(axis=1) == truth))


alone = {
    name: accuracy(given) for name, given in zip(names, on_test, strict=True)
}
for name, share in alone.items():
    print(f"{name:11} {share:.4f}")

# %%
# The five kinds are not equally good. The convnets are ahead of all others, and the network without a hidden layer is last.
# The copies of a kind are close to each other.
#
# What must we beat?
# ------------------
# An average has to be better than its members are on average, or there is no point in it; better, it should beat the best of them.
# We begin with pairs. For each pair we count the digits on which the two disagree, and what the average of their probabilities gains.

differ = training.disagreement(on_test)
kind = [name.split()[0] for name in names]
firsts = {kind.index(each) for each in kind}  # each stands for its kind


def gain(one, other):
    """Return how often two models disagree, and what averaging gains."""
    apart = (alone[names[one]] + alone[names[other]]) / 2
    both = accuracy((on_test[one] + on_test[other]) / 2)
    return differ[one, other], both - apart


pairs = {"two copies of a kind": [], "two kinds": []}
for one, other in itertools.combinations(range(len(names)), 2):
    if kind[one] == kind[other]:
        pairs["two copies of a kind"].append(gain(one, other))
    elif {one, other} <= firsts:
        pairs["two kinds"].append(gain(one, other))

# %%
copies, kinds = (np.array(pair).T for pair in pairs.values())
fig, ax = plt.subplots(figsize=(6.4, 3.8))
for (name, points), mark in zip(pairs.items(), "os", strict=True):
    apart, more = 100 * np.array(points).T
    ax.plot(apart, more, mark, ms=7, alpha=0.8, label=name)
ax.axhline(0, color="0.5", lw=0.8, ls="-")
ax.set(
    title="Who never disagrees has nothing to correct",
    xlabel="Test digits on which the two disagree (%)",
    ylabel="Gain of the average (points)",
)
ax.legend()
fig.set_label(
    "Gain in accuracy of the average of two models over the mean of the "
    "two, against how often they disagree. Copies of a kind disagree little "
    "and gain little. Pairs of unlike kinds disagree more, and most of them "
    "gain more."
)

# %%
# Copies are in the lower left corner: they disagree on few digits, and so there is little to gain.
# Two kinds disagree on more, and most of these pairs gain more than any two copies of the dense network.
# But the points scatter, and of two kinds some gain nothing. How often two models disagree does not say how sure each of them is,
# and in an average of probabilities, those who are sure outvote those who doubt.
#
# Where the gain comes from
# -------------------------
# For the squared error there is no scatter, because there is a law.
# The error of an average is the average of the errors, less the *ambiguity*: how far the members lie from their average.

groups = {
    "5 dense": [n for n in names if n.startswith("dense")],
    "3 convnets": [n for n in names if n.startswith("convnet")],
    "4 kinds": ["dense 1", "linear", "neighbours", "trees"],
    "5 kinds": ["dense 1", "linear", "neighbours", "trees", "convnet 1"],
}


def members(group, said=on_test):
    """Return what the members of a group say."""
    return said[[names.index(name) for name in group]]


truth = np.eye(10)[y_test]
parts = {
    name: np.array(training.ambiguity(members(group), truth)) * 10
    for name, group in groups.items()
}  # times 10: summed over the digits instead of averaged
print("            average error - ambiguity = error of the average")
for name, (error, average, spread) in parts.items():
    print(f"{name:12}{average:13.4f} - {spread:9.4f} = {error:.4f}")

# %%
fig, ax = plt.subplots(figsize=(6.4, 3))
rows = np.arange(len(parts))
error, _, spread = np.array(list(parts.values())).T
ax.barh(rows, error, label="error of the average")
ax.barh(rows, spread, left=error, color="C1", hatch="//", label="ambiguity")
ax.set(
    title="The average error, in two parts",
    xlabel="Squared error of the probabilities",
    yticks=rows,
    yticklabels=list(parts),
)
ax.invert_yaxis()
ax.grid(axis="y", visible=False)
fig.legend(loc="outside lower center", ncols=2)
fig.set_label(
    "Horizontal bars for four ensembles, each the average error of its "
    "members, cut into the error of their average and the ambiguity. The "
    "ambiguity is a thin slice for five dense networks and a large one for "
    "unlike kinds. The shortest error is that of three convnets."
)

# %%
# The law holds for every line of the table, to the last digit.
# Among the five dense networks there is hardly any ambiguity: their average is as good as they are.
# The four kinds without the convnet are worse on average than the dense networks, and about a fifth of their error goes away because they are unlike.
#
# And the three convnets are the best, with little ambiguity: they begin with so small an error that no other group can catch up.
#
# Weights
# -------
# Members that are worse need not be left out; they can count for less.
# We look for the weights with the lowest log loss on the validation digits, for all the models together.

weights = training.ensemble_weights(on_valid, y_valid, loss="log_loss")
kept = {
    name: round(float(w), 2)
    for name, w in zip(names, weights, strict=True)
    if w > 0.005
}
print(kept)


def log_loss(given):
    """Return the mean surprise at the truth (nats)."""
    at_truth = given[np.arange(len(y_test)), y_test]
    return float(-np.log(np.maximum(at_truth, 1e-7)).mean())


best = names[int(np.argmax([accuracy(p, y_valid) for p in on_valid]))]
ensembles = {
    "the best alone": on_test[names.index(best)],
    "5 dense": members(groups["5 dense"]).mean(axis=0),
    "4 kinds": members(groups["4 kinds"]).mean(axis=0),
    "5 kinds": members(groups["5 kinds"]).mean(axis=0),
    "3 convnets": members(groups["3 convnets"]).mean(axis=0),
    "all, equally": on_test.mean(axis=0),
    "all, weighted": training.weighted_average(on_test, weights),
}
print(f"the best on validation digits: {best}")
print(f"{'':15} accuracy  log loss")
score = {}
for name, given in ensembles.items():
    score[name] = (accuracy(given), log_loss(given))
    print(f"{name:15} {score[name][0]:8.4f}  {score[name][1]:8.3f}")

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.4))
reading, surprise = np.array(list(score.values())).T
places = np.arange(len(score))
ax.plot(surprise, places, "o", ms=9)
for place, (loss, share) in enumerate(zip(surprise, reading, strict=True)):
    text = f"{share:.1%} read"
    ax.annotate(text, (loss, place), (9, -4), textcoords="offset points")
ax.set(
    title="What the averages are worth",
    xlabel="Log loss on the test digits (nats), lower is better",
    yticks=places,
    yticklabels=list(score),
    xlim=(0, 1.3 * surprise.max()),
)
ax.invert_yaxis()
fig.set_label(
    "Log loss and share of digits read on the test, for the best model alone "
    "and six averages. The averages without a convnet are worse than the "
    "best alone. The average of three convnets and the weighted average of "
    "all have the lowest log loss."
)

# %%
# So is it better to be unlike than to be good?
# Not here. The four kinds without a convnet are better together than one by one, and still far behind a single convnet.
# With the convnet among them, but all counting the same, four weaker voices hold back the one that knows: the truth gets less probability than from the convnet alone.
# What does help the convnet is two copies of itself.
#
# With weights it is another matter. Most of the weight goes to the convnets, a little to the others,
# and the log loss is as low as that of the three convnets or lower.
# Unlike members pay when they are nearly as good as the best, or when their weight says how good they are.
#
# What to take away
# -----------------
# An average gains as much as its members lie apart; copies of one network lie close together.
# But being apart is worth only what it adds to being good: members much worse than the best cost more than they bring, unless they are weighted.
# Weights are found on validation data; the test data judge, once.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

own = {k: [a for n, a in alone.items() if n.startswith(k)] for k in COPIES}
of_convnets = sum(w for n, w in kept.items() if n.startswith("convnet"))


def key(name):
    """Return the name of an average as the record writes it."""
    return name.replace("the ", "").replace(",", "").replace(" ", "_")


measured = {
    **{f"test_{key(n)}_accuracy": share for n, (share, _) in score.items()},
    **{f"test_{key(n)}_log_loss": loss for n, (_, loss) in score.items()},
    **{
        f"test_{key(n)}_ambiguity_share": p[2] / p[1]
        for n, p in parts.items()
    },
    "dense_alone": np.mean(own["dense"]),
    "convnet_alone": np.mean(own["convnet"]),
    "linear_alone": alone["linear"],
    "neighbours_alone": alone["neighbours"],
    "trees_alone": alone["trees"],
    "copies_disagree": copies[0].mean(),
    "kinds_disagree": kinds[0].mean(),
    "copies_gain": copies[1].mean(),
    "kinds_gain": kinds[1].mean(),
    "weight_of_convnets": of_convnets,
}
for name, value in measured.items():
    print(f"{name:32} {value:.4g}")

# %%

# (Ranges are those of five seeds.)
# The convnets (means .943 to .951) are ahead of all others (trees .927 to
# .933), the linear network is last (.893 to .898); copies are close.
others = [a for n, a in alone.items() if not n.startswith("convnet")]
assert min(own["convnet"]) > max(others)
assert alone["linear"] == min(alone.values())
assert np.ptp(own["dense"]) < 0.02
# Copies disagree little (on .034 to .041) and gain little (.0023 to .0030);
# kinds disagree more (.081 to .084) and gain more (.0096 to .0121).
assert measured["kinds_disagree"] > 1.5 * measured["copies_disagree"]
assert measured["kinds_gain"] > measured["copies_gain"]
assert measured["copies_gain"] < 0.01
dense_pairs = COPIES["dense"] * (COPIES["dense"] - 1) // 2
most_by_dense = copies[1][:dense_pairs].max()
assert np.mean(kinds[1] > most_by_dense) > 0.5
# The law holds; the dense networks are alike (ambiguity .031 to .038 of the
# average error), the kinds are not (.21 to .23).
for error, average, spread in parts.values():
    assert np.isclose(error, average - spread)
share = {name: part[2] / part[1] for name, part in parts.items()}
assert share["5 dense"] < 0.08
assert 0.1 < share["4 kinds"] < 0.35
assert share["3 convnets"] < share["5 kinds"]
assert parts["4 kinds"][1] > parts["5 dense"][1]
assert parts["3 convnets"][0] == min(part[0] for part in parts.values())

# %%

# Four kinds (.926 to .928 read) stay behind one convnet (.946 to .953); equal
# voices hold it back (log loss .27 after .18); copies help (.15 to .18).
one, four = score["the best alone"], score["4 kinds"]
five, three = score["5 kinds"], score["3 convnets"]
assert best.startswith("convnet")
assert four[0] > np.mean([alone[n] for n in groups["4 kinds"]])
assert four[0] < one[0] - 0.003
assert five[1] > one[1]
assert three[0] > one[0] - 0.002
assert three[1] < one[1]
# With weights, most of it for the convnets (.75 to .92), the loss is as low
# as theirs (.146 to .164).
weighted = score["all, weighted"]
assert of_convnets > 0.6
assert weighted[1] < three[1] + 0.01
assert weighted[1] < score["all, equally"][1]

# %%
# Try it
# ------
# 1. Take the convnets out of ``on_valid`` and ``on_test``. Prediction: the weighted average of the rest beats each of them, since they are more nearly equal.
# 2. Find the weights on the training digits instead. Prediction: all of the weight goes to the neighbours and the trees, which know these digits by heart, and the ensemble becomes worse.

# sphinx_gallery_topics = ["7.3.3"]
# sphinx_gallery_keywords = ["images", "ensemble", "convolutional network", "nearest neighbours"]
# sphinx_gallery_thumbnail_number = 1
