"""
How far can a small validation be trusted?
==========================================

With a few hundred samples, every validation set is small, and what it says is partly chance.
Three protocols are in use: hold some samples out once, cut all of them into folds that take turns, or do the latter several times over.
They differ in cost. What does the extra work buy?

To find out, we need to know what is true, and with a small data set nobody does.
So we take a large one and deal it out to eighty teams. Each has 200 districts of California, trains a small network, and estimates how well it will do elsewhere.
Elsewhere is known to us: the twenty thousand districts that the team has not seen.

We draw how far the estimates miss, find out what part of that is the luck of the split, and count how often a team chooses the worse of two networks.
It assumes the pages on dense networks; the section on judging a model in the fourth chapter does the mathematics.
"""

# %%
# Setup
# -----
# Five folds of 40 districts. Four rounds of them are the longest protocol, twenty trainings.
# A batch of 40 is a quarter of what a network learns from; sixty epochs are 240 steps.

import keras
import matplotlib.pyplot as plt
import numpy as np

from dlguide import datasets, training

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

TEAMS = 80
DISTRICTS = 200  # each team's, shared with no other
FOLDS = 5
ROUNDS = 4
SMALL, LARGE = 4, 32  # hidden units of the two networks to choose from
EPOCHS = 60
BATCH = 40
RATE = 0.04  # Adam's learning rate, high because the steps are few

# %%
# Look at the data
# ----------------
# Eight columns are enough here: place, age of the houses, income, three counts as logarithms, and whether the district is inland.

(x_train, y_train), (x_test, y_test) = datasets.house_prices()
table = {name: np.append(x_train[name], x_test[name]) for name in x_train}
columns = [
    *(table[name] for name in ("longitude", "latitude")),
    *(table[name] for name in ("housing_median_age", "median_income")),
    *(np.log(table[n]) for n in ("total_rooms", "population", "households")),
    table["ocean_proximity"] == "INLAND",
]
rows = np.column_stack(columns).astype("float32")  # (20640, 8)
prices = np.append(y_train, y_test)
FEATURES = rows.shape[1]
shuffled = np.random.default_rng(SEED).permutation(len(rows))
teams = shuffled[: TEAMS * DISTRICTS].reshape(TEAMS, DISTRICTS)
print(f"{len(rows):,} districts, {teams.size:,} of them dealt to teams")

# %%
datasets.card("house_prices")

# %%
# Here is all that the first team knows of California, with one fold held out.

learn, judge = next(training.k_fold_splits(DISTRICTS, FOLDS, seed=SEED))
fig, ax = plt.subplots(figsize=(6.4, 4.6))
ax.plot(*rows[:, :2].T, ".", color="0.72", ms=1, label="all districts")
for chosen, mark, name in (
    (learn, "o", f"{len(learn)} to learn from"),
    (judge, "^", f"{len(judge)} held out"),
):
    place = rows[teams[0, chosen], :2].T
    ax.plot(*place, mark, ms=5, mec="white", mew=0.4, label=name)
ax.set(title="What one team sees", aspect=1.25)
ax.set(xlabel="Longitude (° east)", ylabel="Latitude (° north)")
for handle in ax.legend(title="One team").legend_handles:
    handle.set_markersize(6)
fig.set_label(
    "A map of California made of small grey dots. A sprinkling of round "
    "marks, the districts that a team learns from, and fewer triangles, "
    "those that it holds out; most lie around the big cities."
)

# %%
# What must we beat?
# ------------------
# We judge by the mean absolute error (MAE), in units of $100,000. A team could always say the median of its own prices.

medians = np.median(prices[teams], axis=1)
baseline = np.abs(prices[:, None] - medians).mean()
print(f"always the median: {baseline:.3f}")

# %%
# The model: many networks in one
# -------------------------------
# A team's network has one hidden layer. Eighty teams with twenty trainings each need 1,600 of them, and ``fit`` called 1,600 times would take long.
# But they are so small that they can be trained side by side, as one Keras model with an axis for the number of the network.
# ``EinsumDense`` is a dense layer that is told which axes to multiply: sample *b* of network *n* has features *f*, and becomes units *u*.
# Each network has weights of its own, so none can learn anything from another.
#
# The loss is averaged over the networks, which makes the slopes of each smaller by their number.
# Adam divides a slope by its usual size, so that factor drops out.
# The first weights are drawn by He's recipe, spelled out, because the axis of the networks must not count as an input.


def build_networks(number, units):
    """Return separate networks side by side in one model."""

    def he(inputs):
        return keras.initializers.RandomNormal(stddev=(2 / inputs) ** 0.5)

    hidden = keras.layers.EinsumDense(
        "bnf,nfu->bnu",
        (number, units),
        bias_axes="nu",
        activation="relu",
        kernel_initializer=he(FEATURES),
    )
    output = keras.layers.EinsumDense(
        "bnu,nuo->bno",
        (number, 1),
        bias_axes="no",
        kernel_initializer=he(units),
    )
    return keras.Sequential([keras.Input((number, FEATURES)), hidden, output])


# %%
# Positions say which network learns from which districts, in a table with a column for each network.
# Mean and standard deviation of the features come from that column alone, as they would for a team.


def trained(learn, units):
    """Train a network for each column of `learn`; return its errors."""
    seen = rows[learn]  # (districts, networks, features)
    mean, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    networks = build_networks(learn.shape[1], units)
    networks.compile(optimizer=keras.optimizers.Adam(RATE), loss="mse")
    networks.fit(
        (seen - mean) / spread,
        prices[learn][..., None],
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=0,
    )

    def errors(judge):
        """Return the absolute errors, in the shape of `judge`."""
        parts = np.array_split(judge, max(1, len(judge) // 200))
        inputs = ((rows[part] - mean) / spread for part in parts)
        said = [np.asarray(networks(x))[..., 0] for x in inputs]
        return np.abs(np.concatenate(said) - prices[judge])

    return errors


# %%
# Train
# -----
# The protocols share their trainings. The first fold of a round is a simple hold-out; a whole round is K-fold validation;
# all four rounds, each shuffled anew, are iterated K-fold validation.
# Two folds, where a network learns from one half and is judged on the other, are added for comparison.


def validated(units, folds, rounds):
    """Return each fold's MAE, (teams, rounds, folds)."""
    pairs = [
        (team[learn], team[judge])
        for number, team in enumerate(teams)
        for learn, judge in training.iterated_k_fold_splits(
            DISTRICTS, folds, rounds, seed=SEED * TEAMS + number
        )
    ]
    learn, judge = (np.array(side).T for side in zip(*pairs, strict=True))
    mae = trained(learn, units)(judge).mean(axis=0)
    return mae.reshape(TEAMS, rounds, folds)


fold_mae = {
    units: validated(units, FOLDS, ROUNDS) for units in (SMALL, LARGE)
}
halves = validated(SMALL, folds=2, rounds=1)
print(f"{fold_mae[SMALL].size:,} networks of each size, {halves.size} more")

# %%
# What would the team use in the end? A network trained on all of its 200 districts.
# Its error on every district that is not the team's own is the truth that the estimates aim at.


def final_mae(units):
    """Return MAE elsewhere and on the team's own districts, (teams,)."""
    errors = trained(teams.T, units)
    everywhere = np.repeat(np.arange(len(rows))[:, None], TEAMS, axis=1)
    elsewhere = errors(everywhere)
    elsewhere[teams.T, np.arange(TEAMS)] = np.nan
    return elsewhere, errors(teams.T).mean(axis=0)


elsewhere, own = final_mae(SMALL)
truth = {SMALL: np.nanmean(elsewhere, axis=0)}
truth[LARGE] = np.nanmean(final_mae(LARGE)[0], axis=0)
deviation = np.nanstd(elsewhere)  # of the single errors
for units, mae in truth.items():
    print(
        f"{units:2} units  {mae.mean():.3f}, teams differ by {mae.std():.3f}"
    )
print(f"standard deviation of the error on a district {deviation:.3f}")

# %%
# Judge the judges
# ----------------
# For the small network, we subtract the truth of each team from what the team was told.
# One dot is one team; a dot at zero was told the truth.

estimates = {
    "its own\ndistricts": own,
    "hold-out": fold_mae[SMALL][:, 0, 0],
    "2 folds": halves.mean(axis=(1, 2)),
    "5 folds": fold_mae[SMALL][:, 0].mean(axis=1),
    "4 rounds": fold_mae[SMALL].mean(axis=(1, 2)),
}
misses = {name: said - truth[SMALL] for name, said in estimates.items()}
bias = {name: miss.mean() for name, miss in misses.items()}
spread = {name: miss.std() for name, miss in misses.items()}
shake = np.random.default_rng(SEED).uniform(-0.28, 0.28, TEAMS)
fig, ax = plt.subplots(figsize=(6.4, 4.2))
for row, (name, miss) in enumerate(misses.items()):
    ax.plot(miss, row + shake, "o", ms=3, color="C0", alpha=0.55)
    ax.plot(bias[name], row, "D", ms=9, color="C1", mec="white")
    label = name.replace("\n", " ")
    print(f"{label:13} {bias[name]:+.3f} ± {spread[name]:.3f}")
ax.axvline(0, color=plt.rcParams["text.color"], ls="--", lw=1)
ax.set_yticks(range(len(misses)), list(misses))
ax.set(title="What the teams were told, less the truth", ylim=(4.6, -0.6))
ax.set(xlabel="Estimated MAE less true MAE ($100,000)")
fig.set_label(
    "Five rows of dots around a dashed line at zero, a diamond at each mean. "
    "Judged on its own districts every team is told too little error; one "
    "hold-out scatters widely on both sides; two folds lie to the right; "
    "five folds lie close around the line, four rounds of them hardly closer."
)

# %%
# The first row is the error on the very districts that the network has learned from. That is not an estimate but flattery: nearly all teams are told too little.
# A single hold-out has about the right mean. But to one team it can say anything, for forty districts are few.
#
# Two folds err the other way. A network with half of the districts to learn from is worse than the final one, so its error is too high. This is *bias*, and no averaging removes it.
# With five folds a network learns from four fifths of the districts. Some bias is left, a good deal less, and the dots take up half the width of the second row.
# Four rounds cost four times as much, and look much the same as one.
#
# Why half the width? The errors on single districts differ a great deal; their standard deviation was printed above.
# A mean of *n* of them scatters by that number, divided by the square root of *n*.

for districts in (DISTRICTS // FOLDS, DISTRICTS):
    print(f"{districts:3} districts: {deviation / districts**0.5:.3f}")

# %%
# The hold-out scatters as a mean of 40 does, and five folds nearly as a mean of 200 does:
# in K folds every district judges once, so all of them count.
#
# What more rounds can do, and what they cannot
# ---------------------------------------------
# Part of a miss is the luck of the split, and of the first weights: the same team, with another seed, would be told something else.
# We know how much, because each team has shuffled four times.
# The rest has another cause: a team's 200 districts are themselves a sample, and may be easier or harder than California as a whole.


def luck(said):
    """Return how a team's own results scatter, from (teams, rounds)."""
    return np.sqrt(said.var(axis=1, ddof=1).mean())


def miss(said):
    """Return the typical distance from the truth."""
    away = said - truth[SMALL][:, None]
    return np.sqrt(np.square(away).mean())


grid = fold_mae[SMALL]  # (teams, rounds, folds)
round_mae = grid.mean(axis=2)
trainings, total, by_split = [], [], []
for folds in range(1, FOLDS + 1):
    part = grid[:, :, :folds].mean(axis=2)
    trainings.append(folds)
    total.append(miss(part))
    by_split.append(luck(part))
for rounds in range(2, ROUNDS + 1):
    trainings.append(rounds * FOLDS)
    total.append(miss(round_mae[:, :rounds].mean(axis=1, keepdims=True)))
    by_split.append(luck(round_mae) / rounds**0.5)
apart = [
    miss(grid[:, :n, 0].mean(axis=1, keepdims=True))
    for n in range(1, ROUNDS + 1)
]

# %%
# (For several rounds the luck is not measured but computed: the mean of *m* independent results scatters by a factor of one over the root of *m* less.)

fig, ax = plt.subplots()
ax.plot(trainings, total, "o-", label="miss, folds and rounds of folds")
ax.plot(range(1, ROUNDS + 1), apart, "s--", label="miss, separate hold-outs")
ax.plot(trainings, by_split, "^-.", label="luck of the split, folds")
ax.set(xscale="log", xlabel="Trainings", ylabel="MAE ($100,000)", ylim=0)
ax.set_xticks([1, 2, 3, 4, 5, 10, 15, 20], [1, 2, 3, 4, 5, 10, 15, 20])
ax.minorticks_off()
ax.set(title="What a training buys")
ax.legend()
fig.set_label(
    "Three curves over the number of trainings. The typical miss of folds "
    "falls by half until five trainings, then stays level. Separate "
    "hold-outs fall more slowly. The luck of the split falls to a fifth "
    "at five trainings and to a tenth at twenty."
)

# %%
# Five trainings halve the miss. Fifteen more halve the luck that is left, and the miss hardly moves:
# the seed matters little by then, but the two hundred districts matter as before. Two seeds that agree can be wrong together.
#
# Trainings are also better spent on folds than on separate hold-outs, which ask some districts twice and others never.
#
# Which network is better?
# ------------------------
# More often than an error, a team wants an answer: four hidden units, or thirty-two?
# Here is the difference of the two estimates, for each protocol and each team. A hold-out and five folds have four dots for a team, one for each shuffle.

gaps = {
    "hold-out": fold_mae[LARGE][:, :, 0] - grid[:, :, 0],
    "5 folds": fold_mae[LARGE].mean(axis=2) - round_mae,
    "4 rounds": (fold_mae[LARGE] - grid).mean(axis=(1, 2))[:, None],
    "the truth": (truth[LARGE] - truth[SMALL])[:, None],
}
shake = np.random.default_rng(SEED).uniform(-0.28, 0.28, TEAMS * ROUNDS)
fig, ax = plt.subplots(figsize=(6.4, 4))
for row, gap in enumerate(gaps.values()):
    places = row + shake[: gap.size]
    ax.plot(gap.ravel(), places, "o", ms=2.5, color="C0", alpha=0.5)
    ax.plot(gap.mean(), row, "D", ms=9, color="C1", mec="white")
ax.axvline(0, color=plt.rcParams["text.color"], ls="--", lw=1)
ax.text(-0.01, -0.75, "← choose large", ha="right")
ax.text(0.01, -0.75, "choose small →")
ax.set_yticks(range(len(gaps)), list(gaps))
ax.set(title="Thirty-two hidden units, or four?", ylim=(3.6, -0.95))
ax.set(xlabel="MAE of the large network less that of the small ($100,000)")
fig.set_label(
    "Four rows of dots and a dashed line at zero; every diamond, the mean, "
    "lies to the right of it, where the small network is better. The dots "
    "of the hold-out reach far to both sides, those of five folds less so, "
    "and of four rounds of five folds few or none are left of the line."
)

# %%
# The bottom row is the truth. On average the large network is worse, and for more than eight teams in ten: with eight times as many units, it overfits two hundred districts.
# All protocols agree on the average, and differ in their scatter. How often does a team choose the large network?

chosen_large = {name: np.mean(gap < 0) for name, gap in gaps.items()}
for name, share in chosen_large.items():
    print(f"{name:12} {share:.0%}")

# %%
# After one hold-out, about one team in four chooses the network that is worse on average; after five folds about one in ten, and after four rounds hardly any.
# So the rounds pay for a choice, although they did not for the error.
# Both networks are judged by the same districts. Hard ones count against both, and cancel in the difference; what is left is mostly luck, and rounds reduce luck.
#
# Not even they find out for which few teams the large network happens to be the better one. That would take the twenty thousand districts that we have and they do not.
#
# What to take away
# -----------------
# With few samples a single hold-out says little; five folds use every sample to judge, and halve the miss for five times the work.
# More rounds of folds remove the luck of the split but not that of the sample, which only more data can reduce.
# To choose between two models, compare them on the same folds; there the rounds are worth their price.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "baseline_mae": baseline,
    "true_mae_small": truth[SMALL].mean(),
    "true_mae_large": truth[LARGE].mean(),
    "own_bias": bias["its own\ndistricts"],
    "hold_out_bias": bias["hold-out"],
    "two_folds_bias": bias["2 folds"],
    "five_folds_bias": bias["5 folds"],
    "hold_out_spread": spread["hold-out"],
    "five_folds_spread": spread["5 folds"],
    "rounds_spread": spread["4 rounds"],
    "error_deviation": deviation,
    "hold_out_miss": total[0],
    "five_folds_miss": total[FOLDS - 1],
    "rounds_miss": total[-1],
    "four_folds_miss": total[3],
    "four_hold_outs_miss": apart[3],
    "hold_out_luck": by_split[0],
    "five_folds_luck": by_split[FOLDS - 1],
    "rounds_luck": by_split[-1],
    "hold_out_wrong": chosen_large["hold-out"],
    "five_folds_wrong": chosen_large["5 folds"],
    "rounds_wrong": chosen_large["4 rounds"],
    "truth_wrong": chosen_large["the truth"],
}
for name, value in measured.items():
    print(f"{name:24} {value:.4g}")

# (All ranges are those of five seeds.)
# Both networks are far better than the median; the small one (.494 to .498)
# beats the large one (.533 to .542), for more than eight teams in ten.
assert truth[LARGE].mean() < 0.7 * baseline
assert 0.02 < truth[LARGE].mean() - truth[SMALL].mean() < 0.07
assert 0.05 < measured["truth_wrong"] < 0.22
# The team's own districts flatter nearly all (bias -.073 to -.078).
assert measured["own_bias"] < -0.05
assert np.mean(misses["its own\ndistricts"] < 0) > 0.9
# A hold-out has about the right mean (.002 to .015) and scatters (.075 to .085).
assert abs(measured["hold_out_bias"]) < 0.035
assert 0.065 < measured["hold_out_spread"] < 0.1
# Two folds say too much (.043 to .048), five a good deal less (.007 to .016).
assert 0.035 < measured["two_folds_bias"] < 0.06
assert -0.005 < measured["five_folds_bias"] < 0.6 * measured["two_folds_bias"]
# Five folds scatter half as much (.44 to .55), four rounds like one.
ratio = measured["five_folds_spread"] / measured["hold_out_spread"]
assert 0.36 < ratio < 0.66
assert 0.75 < measured["rounds_spread"] / measured["five_folds_spread"] < 1.03
# The rule of the root: .076 for 40 (measured .075 to .085), .034 for 200
# (measured .036 to .043).
for districts, name in ((40, "hold_out_spread"), (200, "five_folds_spread")):
    assert 0.85 < measured[name] / (deviation / districts**0.5) < 1.45
# Five trainings halve the miss (.48 to .53); fifteen more take a tenth of it
# at most (.90 to .95), while the luck falls to a quarter (.23 to .27), then halves.
assert 0.4 < total[FOLDS - 1] / total[0] < 0.62
assert 0.82 < total[-1] / total[FOLDS - 1] < 1.02
assert 0.17 < by_split[FOLDS - 1] / by_split[0] < 0.33
# Four folds miss by less than four separate hold-outs (.81 to .89 of it).
assert total[3] < 0.97 * apart[3]
# The worse network is chosen by one in four (.23 to .32), one in ten (.075 to
# .11), hardly any (0 to .04).
assert 0.17 < measured["hold_out_wrong"] < 0.4
assert 0.04 < measured["five_folds_wrong"] < 0.17
assert measured["rounds_wrong"] < 0.09

# %%
# Try it
# ------
# 1. Set ``DISTRICTS = 400``, ``TEAMS = 40`` and ``BATCH = 80``, so that the steps stay as many.
#    Prediction: every miss shrinks by about a third, the root of two, and the small network loses most of its lead, because the large one overfits less.
#    (With two seeds five folds missed by .028 and .023, and the lead fell from about .04 to .01. Assertions in the last cell then fail, as they should.)
# 2. Let a round have ten folds: ``FOLDS = 10``, ``ROUNDS = 2``, and 40 becomes 20 and ``total[3]`` and ``apart[3]`` become ``total[1]`` and ``apart[1]`` in the last cell.
#    Prediction: folds of 20 scatter more one by one, and their mean as before: twice the work buys a little less bias.
#    (With one seed the bias fell from .016 to .010.)

# sphinx_gallery_topics = ["4.2.1"]
# sphinx_gallery_keywords = ["tables", "regression", "K-fold validation", "small data"]
# sphinx_gallery_thumbnail_number = 2
