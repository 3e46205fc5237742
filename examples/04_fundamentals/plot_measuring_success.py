"""
Which number says that a model is good?
=======================================

A model that is right about ninety-seven answers in a hundred sounds excellent.
It may also be a machine that always says no.
Whether *accuracy* means anything depends on how many of the answers are yes, and that is a property of the data, not of the model.

This page asks the same wires two questions. Nearly half of them are about a company's earnings; a few in a hundred are about interest rates.
On the first question accuracy is all we need. On the second it hides everything, and *precision*, *recall* and the *threshold* bring it to light.
Then we compare two curves that look at all thresholds at once, see what class weights do and what they do not,
and end with a number for rankings: the *mean average precision*.

It assumes the pages on movie reviews and newswires; the section on measuring success in the fourth chapter has the arithmetic.
"""

# %%
# Setup
# -----
# Five thousand words are enough for these questions, and every network stays small.
# The validation wires are the last ones of the training set, so they were sent after the others, as the test wires were after them.

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn import metrics

from dlguide import datasets, models, plots

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 5_000
TOPICS = 52
VALIDATION = 1_500  # of 6,449 training wires
EPOCHS = 10
BATCH = 128

# %%
# Look at the data
# ----------------
# Each wire has one of 52 topics. From the topic we make two questions that are answered by yes or no.

(x_train, y_train), (x_test, y_test) = datasets.newswires()
names = np.array(datasets.card("newswires").class_names)
earn, interest = np.searchsorted(names, ["earn", "interest"])
for topic in (earn, interest):
    yes = [100 * np.mean(y == topic) for y in (y_train, y_test)]
    print(
        f"{names[topic]:9} yes: {yes[0]:.1f} % of the training wires, ",
        end="",
    )
    print(f"{yes[1]:.1f} % of the test wires")

# %%
datasets.card("newswires")

# %%
# The rows are multi-hot, as on the earlier pages.

vectorise = keras.layers.TextVectorization(
    max_tokens=VOCABULARY, output_mode="multi_hot"
)
vectorise.adapt(x_train[:-VALIDATION], batch_size=BATCH)


def encode(texts):
    """Turn texts into rows of zeros and ones, (texts, VOCABULARY)."""
    pieces = [vectorise(piece) for piece in np.array_split(texts, 20)]
    return np.concatenate([np.asarray(p, dtype="uint8") for p in pieces])


rows_train, rows_test = encode(x_train), encode(x_test)
fit_rows, val_rows = rows_train[:-VALIDATION], rows_train[-VALIDATION:]

# %%
# What must we beat?
# ------------------
# A machine that gives the more frequent answer every time, without reading a word.

lazy = {}
for topic in (earn, interest):
    lazy[topic] = np.mean(y_test != topic)
    print(f"{names[topic]:9} always no: accuracy {lazy[topic]:.3f}")

# %%
# On the rare question it is hard to be wrong.
#
# The model, and how it is trained
# --------------------------------
# One small network answers both questions; only the targets differ.


def answers(network, rows):
    """Return what a network says to all rows, (rows, outputs)."""
    return keras.ops.convert_to_numpy(network(rows.astype("float32")))


def trained(topic, class_weight=None):
    """Return the probability of yes, for validation and test wires."""
    target = (y_train == topic).astype("float32")
    keras.utils.set_random_seed(SEED)
    network = models.dense_binary_classifier(VOCABULARY, hidden=(16,))
    network.compile(optimizer="rmsprop", loss="binary_crossentropy")
    network.fit(
        fit_rows,
        target[:-VALIDATION],
        epochs=EPOCHS,
        batch_size=BATCH,
        class_weight=class_weight,
        verbose=0,
    )
    return [answers(network, rows)[:, 0] for rows in (val_rows, rows_test)]


accuracy = {}
probability = {}
for topic in (earn, interest):
    probability[topic] = trained(topic)
    said = probability[topic][1] > 0.5
    accuracy[topic] = np.mean(said == (y_test == topic))
    print(f"{names[topic]:9} accuracy {accuracy[topic]:.3f}, ", end="")
    print(f"always no {lazy[topic]:.3f}")

# %%
# Side by side the two networks look equally good: about ninety-eight right in a hundred.
# For *earn* that is a long way above the lazy machine. For *interest* it is one step above it,
# and we cannot tell from the number whether the network finds the wires that we want.
#
# Four counts instead of one
# --------------------------
# An answer can be right in two ways and wrong in two ways.
# *Recall* is the share of the true yes that is found, *precision* the share of the said yes that is true,
# and F1 is high only if both are.

truth = y_test == interest


def judge(said, truth):
    """Return precision, recall and F1 of a list of yes and no."""
    return metrics.precision_recall_fscore_support(
        truth, said, average="binary", zero_division=0
    )[:3]


at_half = judge(probability[interest][1] > 0.5, truth)
earn_at_half = judge(probability[earn][1] > 0.5, y_test == earn)
matrix = metrics.confusion_matrix(truth, probability[interest][1] > 0.5)
print("           precision  recall  F1")
for name, scores in (("earn", earn_at_half), ("interest", at_half)):
    print(f"{name:12}" + "".join(f"{score:8.2f}" for score in scores))
plots.confusion(
    matrix,
    ["no", "yes"],
    title="Is the wire about interest rates?",
)

# %%
# Nearly all of the weight lies in one corner, the easy no, and it is this corner that accuracy counts.
# Of the wires on interest rates the network finds a good half. What it calls a yes is mostly one.
#
# The threshold is a choice
# -------------------------
# Nothing forces us to call yes what has a probability above one half.
# A lower threshold finds more and errs more. We look at every threshold on the validation wires, and take the one with the best F1.

val_truth = y_train[-VALIDATION:] == interest
val_p, test_p = probability[interest]
precision, recall, cuts = metrics.precision_recall_curve(val_truth, val_p)
f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
threshold = cuts[f1[:-1].argmax()]
fig, ax = plt.subplots()
ax.plot(cuts, precision[:-1], label="precision")
ax.plot(cuts, recall[:-1], label="recall")
ax.plot(cuts, f1[:-1], label="F1")
ax.axvline(threshold, color="C5", ls="-", lw=1, label="best F1")
ax.set(
    title="What the threshold does, on the validation wires",
    xlabel="Threshold: a yes above this probability",
    ylabel="Share",
    xscale="log",
    xlim=(1e-3, 1),
)
fig.legend(loc="outside lower center", ncols=4)
fig.set_label(
    "Over the threshold, on a logarithmic scale, recall falls from near one "
    "and precision rises from near zero, with jags; they cross, and F1 is "
    "highest around the crossing, at a threshold below one half."
)

# %%
# Each choice of a threshold buys one thing with another. Whoever must not miss a wire goes left, whoever must not waste time goes right.
# F1 takes the middle. The choice has been made without the test wires, so they can judge it.

tuned = judge(test_p > threshold, truth)
print(f"threshold {threshold:.2f}")
print("            precision  recall   F1")
print("at one half" + "".join(f"{score:8.2f}" for score in at_half))
print("chosen     " + "".join(f"{score:8.2f}" for score in tuned))

# %%
# The recall rises by more than precision falls, and F1 gains. The network has not learned anything new; it is read in another way.
#
# Two curves that need no threshold
# ---------------------------------
# The *ROC* curve shows recall over the false alarms, as a share of all wires that are a no.
# The area under it, the AUC, is the chance that a random yes gets a higher probability than a random no.
# The *precision-recall* curve has precision in the place of false alarms, and its area is the *average precision*, AP.
# We draw both twice: for the test as it is, and with the no-wires weighted down so that yes and no count the same.

balance = np.where(truth, 1, truth.sum() / (~truth).sum())
area = {}
fig, (roc, pr) = plt.subplots(1, 2, figsize=(6.4, 3.7))
for name, w in (("as they are", None), ("balanced", balance)):
    false_alarm, found, _ = metrics.roc_curve(truth, test_p, sample_weight=w)
    p, r, _ = metrics.precision_recall_curve(truth, test_p, sample_weight=w)
    area[name] = (
        metrics.roc_auc_score(truth, test_p, sample_weight=w),
        metrics.average_precision_score(truth, test_p, sample_weight=w),
    )
    style = {"lw": 4, "alpha": 0.5} if w is None else {}
    roc.plot(false_alarm, found, label=name, **style)
    pr.plot(r, p, label=name, **style)
    print(f"{name:12} AUC {area[name][0]:.3f}  AP {area[name][1]:.3f}")
roc.set(title="ROC", xlabel="False alarms / all no", ylabel="Recall")
pr.set(title="Precision and recall", xlabel="Recall", ylabel="Precision")
pr.set_ylim(0, 1.03)
fig.legend(
    *roc.get_legend_handles_labels(), loc="outside lower center", ncols=2
)
fig.set_label(
    "Left, two ROC curves that coincide and rise steeply into the upper left "
    "corner. Right, precision over recall: with balanced weights the curve "
    "stays near one almost to the end, with the wires as they are it falls "
    "steadily from one towards zero."
)

# %%
# The ROC curves lie on each other. It does not matter to them how many no-wires there are for each yes, since both axes are shares within a class.
# To somebody who has to read what the network calls a yes, it matters a great deal: even a small share of a large crowd is a crowd.
# That is what the right panel shows. Where the yes are rare, look at precision and recall.
#
# One thing varied: class weights
# -------------------------------
# With ``class_weight`` every yes counts as much in the loss as all the no-wires that stand against it.

share = np.mean(y_train[:-VALIDATION] == interest)
weights = {0: 1.0, 1: (1 - share) / share}
_, weighted_p = trained(interest, class_weight=weights)
weighted = judge(weighted_p > 0.5, truth)
fig, ax = plt.subplots()
ap = {}
for name, q in (("plain", test_p), ("weighted", weighted_p)):
    p, r, _ = metrics.precision_recall_curve(truth, q)
    (line,) = ax.plot(r, p, label=name)
    half = judge(q > 0.5, truth)
    ax.plot(half[1], half[0], "o", ms=11, color=line.get_color())
    ap[name] = metrics.average_precision_score(truth, q)
    print(f"{name:9} precision {half[0]:.2f}  recall {half[1]:.2f}", end="")
    print(f"  AP {ap[name]:.3f}  mean probability {q.mean():.3f}")
ax.set(
    title="Class weights move the point, not the curve",
    xlabel="Recall",
    ylabel="Precision",
    ylim=(0, 1.03),
)
ax.legend(loc="lower left", title="dot: threshold one half")
fig.set_label(
    "Two precision-recall curves run close together. The dot for the plain "
    "network lies at high precision and middling recall, the dot for the "
    "weighted one further right and lower."
)

# %%
# The dot moves: at one half the weighted network finds more and errs more. The curve does not rise.
# The weights have done what a lower threshold does, and taught the network no better order.
# They have cost something, too: its answers are no longer probabilities.
# The mean answer of the plain network is near the share of yes among the wires that it learned from; the mean of the weighted one is much larger.
#
# A number for rankings
# ---------------------
# Suppose that an editor for each of the 52 topics reads the wires from the top of a list, the most likely first.
# Average precision judges such a list; the mean over the topics, *mAP*, judges all lists, large topic or small.
# The network has a sigmoid for each topic: fifty-two yes-or-no questions at once.

keras.utils.set_random_seed(SEED)
many = models.dense_multilabel_classifier(VOCABULARY, TOPICS, hidden=(64,))
many.compile(
    optimizer=keras.optimizers.RMSprop(0.003), loss="binary_crossentropy"
)
many.fit(
    rows_train,
    keras.utils.to_categorical(y_train, TOPICS),
    epochs=2 * EPOCHS,
    batch_size=BATCH,
    verbose=0,
)
score = answers(many, rows_test)
hot = keras.utils.to_categorical(y_test, TOPICS)
ap_topic = metrics.average_precision_score(hot, score, average=None)
mean_ap = ap_topic.mean()
chance = hot.mean()
found = np.array(
    [judge(s > 0.5, h)[1] for s, h in zip(score.T, hot.T, strict=True)]
)
silent = found == 0
print(f"mean average precision        {mean_ap:.3f}")
print(f"a list in random order, about {chance:.3f}")
print(f"topics without a hit          {silent.sum()}")
print(f"their mean average precision  {ap_topic[silent].mean():.3f}")

# %%
size = np.bincount(y_train, minlength=TOPICS)
fig, ax = plt.subplots()
ax.plot(size[~silent], ap_topic[~silent], "o", label="found at one half")
ax.plot(
    size[silent], ap_topic[silent], "s", mfc="none", label="none found there"
)
ax.set(
    title="Silent topics are not all lost",
    xlabel="Training wires of the topic",
    ylabel="Average precision",
    xscale="log",
    ylim=(-0.03, 1.03),
)
ax.xaxis.set_major_formatter("{x:,.0f}")
fig.legend(loc="outside lower center", ncols=2)
fig.set_label(
    "Average precision of each topic over its number of training wires rises "
    "from near zero for topics with a few wires to near one for the largest. "
    "Topics of which no wire passes the threshold, marked by empty squares, "
    "have few wires; most of them lie low, some as high as others."
)

# %%
# For many small topics not a single wire passes one half, and by any measure that looks at yes and no they count as lost.
# Their lists say otherwise: average precision is low, but some ten times that of a list in random order, and for some of the topics it is as good as for large ones.
# A threshold throws the order away, and average precision looks at nothing else.
#
# What to take away
# -----------------
# Accuracy is worth what it adds to the share of the most frequent answer: much on a balanced question, next to nothing on a rare one.
# For a rare yes look at precision and recall, choose the threshold on validation data, and compare models by average precision, not by the AUC.
# Class weights shift the answers along the curve; a better curve takes a better model or more data.
#
# Check the claims
# ----------------

measured = {
    "earn_accuracy": accuracy[earn],
    "interest_accuracy": accuracy[interest],
    "interest_always_no": lazy[interest],
    "precision_at_half": at_half[0],
    "recall_at_half": at_half[1],
    "f1_at_half": at_half[2],
    "threshold": threshold,
    "precision_chosen": tuned[0],
    "recall_chosen": tuned[1],
    "f1_chosen": tuned[2],
    "auc": area["as they are"][0],
    "average_precision": area["as they are"][1],
    "auc_balanced": area["balanced"][0],
    "average_precision_balanced": area["balanced"][1],
    "weighted_precision": weighted[0],
    "weighted_recall": weighted[1],
    "weighted_average_precision": ap["weighted"],
    "mean_probability": test_p.mean(),
    "weighted_mean_probability": weighted_p.mean(),
    "mean_average_precision": mean_ap,
    "silent_topics": silent.sum(),
    "silent_average_precision": ap_topic[silent].mean(),
}
for name, value in measured.items():
    print(f"{name:27} {value:.4g}")

# On the balanced question the network is far above the lazy machine (.988 to
# .990 over five seeds), on the rare one (.985 to .987) only one step.
assert measured["earn_accuracy"] > 0.975
assert measured["earn_accuracy"] - lazy[earn] > 0.35
assert 0.97 < lazy[interest] < 0.975
assert 0.005 < measured["interest_accuracy"] - lazy[interest] < 0.025
assert min(earn_at_half) > 0.96
# At one half it finds a good half (.56 to .60) and is mostly right about it
# (.86 to .95).
assert 0.45 < at_half[1] < 0.72
assert at_half[0] > 0.75
# The chosen threshold (.17 to .20) is lower. The recall gains (.12 to .19) more
# than precision loses (.02 to .13), and F1 gains (.06 to .08).
assert 0.05 < threshold < 0.4
assert tuned[1] - at_half[1] > 0.05
assert tuned[1] - at_half[1] > at_half[0] - tuned[0]
assert tuned[2] - at_half[2] > 0.02
# The AUC (.974 to .981) does not see the balance; average precision does: .77
# to .79 as it is, .976 to .980 balanced.
assert measured["auc"] > 0.95
assert abs(measured["auc"] - measured["auc_balanced"]) < 1e-6
assert 0.68 < measured["average_precision"] < 0.86
assert measured["average_precision_balanced"] > 0.95
# Class weights raise recall (by .14 to .18) and lower precision (by .11 to
# .21), but the curve does not rise (.02 to .04 lower).
assert weighted[1] - at_half[1] > 0.05
assert at_half[0] - weighted[0] > 0.03
assert -0.1 < ap["weighted"] - ap["plain"] < 0.01
# The mean answer grows (1.70 to 1.80 times).
assert abs(test_p.mean() - share) < 0.008
assert weighted_p.mean() > 1.4 * test_p.mean()
# Mean average precision: .44 to .49; 28 to 32 topics are silent, and their
# lists (.19 to .26) are far better than random ones.
assert 0.36 < mean_ap < 0.56
assert 22 <= silent.sum() <= 38
assert ap_topic[silent].mean() > 5 * chance

# %%
# Try it
# ------
# 1. Ask about *ship* instead of *interest*. It is half as frequent: always-no becomes still better, the step of the network above it smaller.
# 2. Choose the threshold so that nine in ten of the validation wires are found, ``cuts[recall[:-1] >= 0.9].max()``.
#    It lies lower than the one that F1 chose; more of the test wires are found, and precision falls.

# sphinx_gallery_topics = ["4.5"]
# sphinx_gallery_keywords = ["text", "metrics", "unbalanced classes"]
# sphinx_gallery_thumbnail_number = 3
