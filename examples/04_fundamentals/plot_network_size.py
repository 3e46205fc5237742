"""
How large should a network be?
==============================

A network with more weights can fit more, and what it can fit includes accidents:
a rare word that happens to stand in two positive reviews and in no negative one.
One with fewer weights has to choose what matters most. One with too few, or one that has trained too briefly, misses what matters as well.

On this page three networks that differ in nothing but their width learn from the same reviews.
We watch when each of them begins to overfit, how far that goes, and what becomes of their answers.
Then we keep the network and vary the other side of the balance, the number of reviews.

It assumes the page on movie reviews in the third chapter, where the reference network comes from;
the section on overfitting in the fourth chapter explains the rest.
"""

# %%
# Setup
# -----
# We take 8,000 reviews of the 20,000, so that overfitting comes soon, and the 5,000 most frequent words, so that an epoch takes a moment.
# The last 4,000 reviews are for validation: they speak of other films.
# The test set stays closed, since nothing here is decided for good.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, models, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

VOCABULARY = 5_000
REVIEWS = 8_000
VALIDATION = 4_000
EPOCHS = 24  # six times what the reference needs: we want to see the climb
BATCH = 256  # 32 steps an epoch
WIDTHS = {"4-4": (4, 4), "16-16": (16, 16), "128-128": (128, 128)}

# %%
# Look at the data
# ----------------
# Every review is a row of zeros and ones that says which words occur.
# The words are chosen from the 8,000 reviews alone.

(texts, labels), _ = datasets.movie_reviews()
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
held_out = (rows[-VALIDATION:], labels[-VALIDATION:])
print(f"rows {rows.shape}, {rows.sum(axis=1).mean():.0f} ones in each")

# %%
datasets.card("movie_reviews")

# %%
# How many of the words are rare, and how far can one trust a rare word?
# We count in how many of the 8,000 reviews each word stands, and in which share of them the verdict is positive.

present = rows[:REVIEWS].astype("float32")
reviews_with = present.sum(axis=0)
positive = labels[:REVIEWS] @ present / np.maximum(reviews_with, 1)
known = reviews_with > 0
fig, ax = plt.subplots()
ax.plot(reviews_with[known], 100 * positive[known], ".", ms=3, alpha=0.4)
count = np.geomspace(reviews_with[known].min(), REVIEWS, 200)
for sign in (-1, 1):
    chance = 50 + sign * 2 * 50 / np.sqrt(count)
    ax.plot(count, chance, "--", color="C1", lw=1.5)
ax.set(
    title="The rarer a word, the less its share means",
    xlabel="Reviews with the word, of 8,000",
    ylabel="Positive among them (%)",
    xscale="log",
)
ax.xaxis.set_major_formatter("{x:,.0f}")
fig.set_label(
    "One dot for each word: reviews with the word against the positive share "
    "among them. On the left, at about ten reviews, the dots spread from 0 to "
    "100 per cent; on the right they close in on 50. Two dashed curves show "
    "the range of chance, a funnel of the same shape; many lie outside it."
)
rare = np.mean(reviews_with[known] < 50)
by_chance = np.abs(positive - 0.5) < 1 / np.sqrt(np.maximum(reviews_with, 1))
innocent = np.mean(by_chance[known])
print(f"words in fewer than 50 reviews  {rare:.2f}")
print(f"words inside the dashed funnel  {innocent:.2f}")

# %%
# Between the dashed lines lies what chance alone does to nineteen in twenty words that mean nothing, two standard deviations to each side.
# Most words lie there. Some of them have a meaning all the same, but their share cannot prove it,
# and a network that fits its 8,000 reviews exactly has to use such accidents.
#
# What must we beat?
# ------------------
# An answer of one half to every review costs the logarithm of 2, about 0.69. The dotted line in the next figure marks it.
#
# The models
# ----------
# Three networks with two hidden layers each. Only the width differs.

print(f"{'':10} {'weights':>9} {'per review':>11}")
per_review = {}
for name, hidden in WIDTHS.items():
    network = models.dense_binary_classifier(VOCABULARY, hidden)
    weights = network.count_params()
    per_review[name] = weights / REVIEWS
    print(f"{name:10} {weights:9,} {per_review[name]:11.1f}")

# %%
# Even the smallest has more weights than there are reviews.
# Nearly all of them are in the first layer, one for each word and unit.
#
# Train
# -----
# Each network starts from the same seed and trains for the same number of epochs.


def trained(hidden=WIDTHS["16-16"], reviews=REVIEWS, epochs=EPOCHS):
    """Return a network trained on the first reviews, and its history."""
    keras.utils.set_random_seed(SEED)
    network = models.dense_binary_classifier(VOCABULARY, hidden)
    network.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    run = network.fit(
        rows[:reviews],
        labels[:reviews],
        epochs=epochs,
        batch_size=BATCH,
        validation_data=held_out,
        verbose=0,
    )
    return network, run.history


networks, runs = {}, {}
for name, hidden in WIDTHS.items():
    networks[name], runs[name] = trained(hidden)
    losses = runs[name]["val_loss"]
    print(
        f"{name:8} lowest {min(losses):.3f} in epoch "
        f"{training.best_epoch(runs[name]):2}, at the end {losses[-1]:.3f}"
    )

# %%

epochs = np.arange(1, EPOCHS + 1)
fig, axes = plt.subplots(1, 3, figsize=(6.4, 3.4), sharey=True)
for ax, (name, run) in zip(axes, runs.items(), strict=True):
    ax.plot(epochs, run["loss"], label="training")
    ax.plot(epochs, run["val_loss"], label="validation")
    ax.axhline(np.log(2), color="C2", ls=":", lw=1.2, label="one half")
    best = training.best_epoch(run)
    ax.plot(best, min(run["val_loss"]), "o", color="C1", ms=7)
    ax.set(title=f"{name} units", xlabel="Epoch", xticks=(1, 8, 16, 24))
axes[0].set_ylabel("Loss (nats)")
axes[0].legend(loc="upper left", handlelength=2)
axes[0].set_ylim(0, 1.42)
fig.set_label(
    "Three panels of training and validation loss, for 4, 16 and 128 units a "
    "layer. With 4 units both fall slowly and the validation loss turns late "
    "and rises little. With 16 it turns after a few epochs and climbs to more "
    "than twice its lowest. With 128 it turns as early or earlier, and climbs "
    "more steeply, with jumps."
)

# %%
# Read each panel from left to right.
# In the first epochs of the small network both curves are high and lie close together. This is *underfitting*: it has not yet learned what the reviews could teach it, so there is nothing to stop for.
# Its validation loss turns late and rises slowly.
#
# The reference has learned what it is going to learn after a few epochs. Its training loss goes on towards zero, and its validation loss climbs past the line of an answer of one half.
#
# The large network is the fastest at everything: it fits soonest and overfits soonest.
# In the end its training loss is nearly zero, and its validation loss is about where the reference's is.
# Yet its lowest point is hardly different from the reference's. Stopped in time, a network that is eight times as wide does no harm here, and no good.
#
# Look inside
# -----------
# What changes in the answers? We ask the small and the large network for the validation reviews after the last epoch.

probability = {
    name: networks[name].predict(held_out[0], verbose=0)[:, 0]
    for name in ("4-4", "128-128")
}
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.2), sharey=True)
sure = {}
for ax, (name, p) in zip(axes, probability.items(), strict=True):
    wrong = (p > 0.5) != held_out[1]
    sure[name] = np.mean(np.abs(p[wrong] - 0.5) > 0.45)
    bins = np.linspace(0, 1, 21)
    ax.hist(p, bins, color="C0", label="all")
    ax.hist(p[wrong], bins, color="C1", label="wrong")
    ax.set(title=f"{name} units", xlabel="Probability of praise")
axes[0].set_ylabel("Validation reviews")
axes[1].legend(loc="upper center")
fig.set_label(
    "Two histograms of the answers to the validation reviews. With 128 "
    "units nearly all lie in the two outermost bars, close to 0 and 1, and "
    "most of the wrong ones with them. With 4 units more of them do not."
)
for name, share in sure.items():
    print(f"{name:8} wrong answers surer than 19 in 20: {share:.2f}")

# %%
# The large network has been right about all its training reviews for so long that it hardly ever answers anything but 0 or 1.
# Most of its errors are made with a confidence of more than nineteen in twenty, and the loss charges for that. Of the small network's errors, fewer than half are.
#
# One thing varied: the number of reviews
# ---------------------------------------
# Now the network stays, 16-16, and the reviews change: 2,000, 4,000, 8,000 and 16,000.
# Each time the network takes the same number of steps, so with fewer reviews it sees each of them more often.

STEPS = 320
amounts = (2_000, 4_000, 8_000, 16_000)
best, last, final_accuracy = {}, {}, {}
for reviews in amounts:
    steps = -(-reviews // BATCH)  # in one epoch, the last batch included
    run = trained(reviews=reviews, epochs=STEPS // steps)[1]
    best[reviews], last[reviews] = min(run["val_loss"]), run["val_loss"][-1]
    final_accuracy[reviews] = run["val_accuracy"][-1]
    print(
        f"{reviews:6,} reviews, {STEPS // steps:2} epochs: "
        f"lowest {best[reviews]:.3f}, at the end {last[reviews]:.3f}, "
        f"accuracy {final_accuracy[reviews]:.3f}"
    )

# %%

fig, ax = plt.subplots()
ax.plot(amounts, last.values(), "s--", color="C1", label="after 320 steps")
ax.plot(amounts, best.values(), "o-", color="C0", label="at its lowest")
ax.axhline(np.log(2), color="C2", ls=":", lw=1.2, label="one half")
ax.set(
    title="More reviews, less to memorise",
    xlabel="Reviews to learn from",
    ylabel="Validation loss (nats)",
    xscale="log",
    ylim=(0.2, 0.9),
)
ax.set_xticks(amounts, [f"{amount:,}" for amount in amounts])
ax.minorticks_off()
ax.legend()
fig.set_label(
    "Validation loss against the number of training reviews, 2,000 to 16,000. "
    "The loss after 320 steps falls steeply, from above an answer of one half "
    "to less than half of that. The lowest loss falls too, less steeply, and "
    "the two approach each other."
)

# %%
# The more reviews, the lower the loss ends: with 16,000 it has hardly begun to climb. The lowest point goes down as well.
# No change of size has done the second: more data do not only hold the network back, they tell it more.
#
# What to take away
# -----------------
# A wider network fits sooner and overfits sooner; a narrow one underfits for longer and overfits more slowly.
# Where the validation loss is watched and training stops in time, the size matters less than one would think.
# More data lower both the climb and the lowest point, which nothing else on this page does.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

small, reference, large = runs.values()
best_epochs = [training.best_epoch(run) for run in runs.values()]
turn = best_epochs[1] - 1  # where the reference is best
lows = [min(run["val_loss"]) for run in runs.values()]
ends = [run["val_loss"][-1] for run in runs.values()]
measured = {
    "small_best_epoch": best_epochs[0],
    "reference_best_epoch": best_epochs[1],
    "large_best_epoch": best_epochs[2],
    "small_lowest": lows[0],
    "reference_lowest": lows[1],
    "large_lowest": lows[2],
    "small_end": ends[0],
    "reference_end": ends[1],
    "large_end": ends[2],
    "reference_climb": ends[1] / lows[1],
    "small_training_at_turn": small["loss"][turn],
    "reference_training_at_turn": reference["loss"][turn],
    "small_gap_at_turn": small["val_loss"][turn] - small["loss"][turn],
    "small_fall_after_turn": small["val_loss"][turn] - lows[0],
    "large_training_end": np.mean(large["loss"][-4:]),
    "large_at_8": large["val_loss"][7],
    "reference_at_8": reference["val_loss"][7],
    "reference_end_accuracy": reference["val_accuracy"][-1],
    "reference_best_accuracy": max(reference["val_accuracy"]),
    "small_sure": sure["4-4"],
    "large_sure": sure["128-128"],
    "lowest_2000": best[2_000],
    "lowest_4000": best[4_000],
    "lowest_8000": best[8_000],
    "lowest_16000": best[16_000],
    "end_2000": last[2_000],
    "end_4000": last[4_000],
    "end_8000": last[8_000],
    "end_16000": last[16_000],
    "accuracy_2000": final_accuracy[2_000],
    "accuracy_16000": final_accuracy[16_000],
}
for name, value in measured.items():
    print(f"{name:28} {value:.4g}")

# (All ranges are those of five seeds; no seed is involved in the words.)
# Nearly half of the words are rare, and most lie inside the funnel of chance.
assert 0.4 < rare < 0.52
assert innocent > 0.5
assert min(per_review.values()) > 1
# The small network turns late (epoch 7 to 19) and climbs least (to .50 to .64).
assert best_epochs[0] > best_epochs[1] + 1
assert ends[0] < 0.8 * min(ends[1:])
# When the reference turns, the small one has fitted less, and its two curves
# lie closer together (.04 to .08 apart; the reference's .10 to .17).
assert small["loss"][turn] > reference["loss"][turn] + 0.03
gap = lows[1] - reference["loss"][turn]
assert measured["small_gap_at_turn"] < 0.8 * gap
# The reference turns early (epoch 3 to 4) and climbs past an answer of one half.
assert best_epochs[1] <= 7
assert ends[1] > np.log(2) + 0.1
assert measured["reference_climb"] > 2.2  # 2.75 to 3.06
# The large one turns as early or earlier (epoch 2 to 3), is worse at epoch 8
# (by .05 to .15), and ends about where the reference ends (.08 away at most).
assert best_epochs[2] <= best_epochs[1]
assert measured["large_at_8"] > measured["reference_at_8"]
assert abs(ends[2] - ends[1]) < 0.12
assert measured["large_training_end"] < 0.002
# Its lowest point is hardly different from the reference's (.02 at most).
assert abs(lows[2] - lows[1]) < 0.05
# Most of its errors are sure ones (.66 to .68), fewer than half of the small
# network's (.17 to .45).
assert measured["large_sure"] > 0.58
assert measured["small_sure"] < 0.5
# More reviews end lower (.74 to .77, .64 to .71, .46 to .49, .33 to .38), and
# the lowest point falls too (.37 to .40 with 2,000, .30 to .32 with 16,000).
assert all(np.diff(list(last.values())) < 0)
assert last[2_000] > np.log(2) > 0.5 > last[16_000]
assert last[16_000] < 1.4 * best[16_000] < last[2_000]
assert best[16_000] < best[2_000] - 0.03
assert best[16_000] < min(lows) - 0.002

# %%
# Try it
# ------
# 1. Stop each network at its lowest point and compare how many reviews it gets right.
#    Prediction: the reference and the large network differ by a point or so, and by no more than two seeds of the same network do.
# 2. Give the network three hidden layers of 16 units instead of two.
#    Prediction: little changes; nearly all the weights are in the first layer, and the first layer has stayed the same.

# sphinx_gallery_topics = ["4.4.1"]
# sphinx_gallery_keywords = ["text", "binary classification", "overfitting"]
# sphinx_gallery_thumbnail_number = 2
