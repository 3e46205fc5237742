"""
What to do with a gap?
======================

Real tables have gaps. A sensor was off, a question was not answered, a report came too late.
A network cannot compute with a gap, so something has to be done: leave the row out, fill the gap, or fill it and say so in an extra column, a *mask*.

Which of these is best depends on why the value is missing.
On this page the same network meets the same table with gaps of three kinds:
gaps by pure chance, gaps that hide just the large values, and gaps that came with the data and know something about the answer.

It assumes the page on house prices in the third chapter; the section on preparing data in the fourth chapter explains the rest.
"""

# %%
# Setup
# -----

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import average_precision_score

from dlguide import datasets, models

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)
random = np.random.default_rng(SEED)

DISTRICTS = 6_000
JUDGED = 2_000
SHARE = 0.3  # of the incomes, knocked out
EPOCHS = 20
BATCH = 128

# %%
# Look at the data
# ----------------
# Two tables. The first, of house prices, has hardly a gap, so we make some: in the income, the column that says most about the price.

(x_train, y_train), _ = datasets.house_prices()
some = random.permutation(len(y_train))[:DISTRICTS]
plain = "longitude", "latitude", "housing_median_age"
house_columns = [
    *(x_train[name][some] for name in plain),
    *(np.log(x_train[n][some]) for n in ("total_rooms", "population")),
    x_train["ocean_proximity"][some] == "INLAND",
    x_train["median_income"][some],
]
houses = np.column_stack(house_columns).astype("float64")
INCOME = houses.shape[1] - 1
prices = y_train[some]
print(f"{len(houses):,} districts, {houses.shape[1]} columns")

# %%
datasets.card("house_prices")

# %%
# The second is a year of weather, and its gaps are real. The question: did it rain in this hour?
# The network is told the temperature, the wind speed and the air pressure. (Humidity would give the answer away, gap or no gap.)

times, values = datasets.weather("JFK")
names = list(datasets.card("weather").feature_names)
told = ~np.isnan(values[:, [0, 1, 2, 4, 5, 7]]).all(axis=1)
rain = values[told, 5] > 0
weather = values[told][:, [0, 4, 6]].astype("float64")
weather_weeks = (times[told] - times[0]).astype(int) // (7 * 24)
PRESSURE = 2
gone = np.isnan(weather[:, PRESSURE])
print(f"{len(weather):,} hours, rain in {rain.mean():.3f} of them")
print(f"no pressure when it is dry  {gone[~rain].mean():.3f}")
print(f"no pressure when it rains   {gone[rain].mean():.3f}")

# %%
datasets.card("weather")

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.2))
bins = np.arange(980, 1046, 3)
for chosen, label, style in ((~rain, "dry", "-"), (rain, "rain", "--")):
    known = weather[chosen, PRESSURE]
    ax.hist(
        known[~np.isnan(known)], bins, density=True, histtype="step",
        ls=style, lw=2, label=f"{label}, {np.isnan(known).mean():.0%} missing",
    )  # fmt: skip
ax.set(title="Air pressure, where it was recorded")
ax.set(xlabel="Pressure (hPa)", ylabel="Density")
ax.legend()
fig.set_label(
    "Two histograms of air pressure, for dry hours and for hours with rain. "
    "That of rain lies lower. The legend says that a few per cent are missing "
    "in dry hours and about half in hours with rain."
)

# %%
# The pressure is low when it rains; but about half of the rainy hours have no pressure at all. Here the gap itself is a report of rain.
#
# Four remedies
# -------------
# - *drop*: leave out every row that has a gap, in training. Where a gap must be answered all the same, it is filled;
# - *mean*: fill with the mean of the known values;
# - *median*: the same with the median;
# - *mean and mask*: fill, and add a column that is 1 where there was a gap.


def prepared(rows, learn, remedy):
    """Return rows without gaps, and which of `learn` may be used."""
    gap = np.isnan(rows)
    seen = rows[learn]
    typical = np.nanmedian if remedy == "median" else np.nanmean
    full = np.where(gap, typical(seen, axis=0), rows)
    mean, spread = full[learn].mean(axis=0), full[learn].std(axis=0)
    full = (full - mean) / spread
    if remedy == "mean and mask":
        full = np.column_stack([full, gap[:, gap.any(axis=0)]])
    usable = learn[~gap[learn].any(axis=1)] if remedy == "drop" else learn
    return full.astype("float32"), usable


REMEDIES = ("drop", "mean", "median", "mean and mask")

# %%
# Gaps by chance, and gaps that hide something
# --------------------------------------------
# From the houses, three incomes in ten are taken away: once by lot, and once the highest three tenths, as if the rich had not answered.
# The error is that on all districts held out, gaps among them.

learn, judge = np.arange(DISTRICTS - JUDGED), np.arange(DISTRICTS)[-JUDGED:]
income = houses[:, INCOME]
hidden = {
    "by lot": random.random(DISTRICTS) < SHARE,
    "the highest": income > np.quantile(income, 1 - SHARE),
}


def price_error(rows, remedy):
    """Return the MAE of a network on the held-out districts."""
    ready, usable = prepared(rows, learn, remedy)
    keras.utils.set_random_seed(SEED)
    network = models.dense_regressor(ready.shape[1], (32, 32))
    network.compile(
        keras.optimizers.Adam(0.005), loss="mse", steps_per_execution=16
    )
    network.fit(
        ready[usable],
        prices[usable],
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=0,
    )
    said = np.asarray(network(ready[judge]))[:, 0]
    return np.abs(said - prices[judge]).mean()


# %%

complete = price_error(houses, "mean")
mae = {}
for kind, mask in hidden.items():
    rows = houses.copy()
    rows[mask, INCOME] = np.nan
    mae[kind] = {remedy: price_error(rows, remedy) for remedy in REMEDIES}
median_mae = np.abs(prices[judge] - np.median(prices[learn])).mean()
print(f"always the median {median_mae:.3f}, without gaps {complete:.3f}")
for kind, row in mae.items():
    print(kind + ": " + ", ".join(f"{r} {m:.3f}" for r, m in row.items()))

# %%
# The real gaps
# -------------
# Rain is rare, so accuracy would be high for saying "dry" all the time; we judge by the *average precision*, which is 1 if all rainy hours are ranked first, and the share of rain for guessing.
# Whole weeks are held out.

judged_weeks = random.permutation(weather_weeks.max() + 1)[:16]
in_judged = np.isin(weather_weeks, judged_weeks)
hours_learn, hours_judge = (
    np.flatnonzero(~in_judged),
    np.flatnonzero(in_judged),
)


def rain_ranking(remedy, hidden):
    """Return the average precision on the held-out weeks."""
    ready, usable = prepared(weather, hours_learn, remedy)
    keras.utils.set_random_seed(SEED)
    network = models.dense_binary_classifier(ready.shape[1], hidden)
    network.compile(
        keras.optimizers.Adam(0.005),
        loss="binary_crossentropy",
        steps_per_execution=16,
    )
    network.fit(
        ready[usable], rain[usable], batch_size=BATCH, epochs=12, verbose=0
    )
    said = np.asarray(network(ready[hours_judge]))[:, 0]
    return average_precision_score(rain[hours_judge], said)


precision = {
    name: {remedy: rain_ranking(remedy, hidden) for remedy in REMEDIES}
    for name, hidden in (("weighted sum", ()), ("network", (16, 16)))
}
guess = rain[hours_judge].mean()
print(f"guessing {guess:.3f}")
for name, row in precision.items():
    print(name + ": " + ", ".join(f"{r} {p:.3f}" for r, p in row.items()))

# %%
# All three side by side:

panels = {
    "Houses: by lot": (mae["by lot"], "MAE ($100,000)", complete),
    "Houses: the highest": (mae["the highest"], "MAE ($100,000)", complete),
    "Rain: real gaps": (precision, "Average precision", guess),
}
fig, axes = plt.subplots(1, 3, figsize=(6.4, 3), sharey=True)
for ax, (title, (scores, xlabel, mark)) in zip(
    axes, panels.items(), strict=True
):
    several = scores if title.startswith("Rain") else {"network": scores}
    for name, row in several.items():
        style = ("D", "C1") if name == "weighted sum" else ("o", "C0")
        ax.plot(
            list(row.values()), range(4), style[0], color=style[1], ms=7,
            label=name,
        )  # fmt: skip
    ax.axvline(mark, color="C4", ls=":")
    ax.set(xlabel=xlabel, ylim=(3.5, -0.5))
    ax.set_title(title, fontsize=9)
axes[0].set_yticks(range(4), list(REMEDIES))
for ax in axes[:2]:
    ax.set_xlim(0.38, 0.64)
axes[2].set_xlim(0, 1)
axes[2].legend(fontsize=7.5, loc="upper right", handlelength=0.8)
fig.set_label(
    "Three panels with four remedies each. By lot, all lie close together. "
    "With the highest hidden, dropping has by far the largest error, and the "
    "others are alike. For rain, the mask is best, and the weighted sum gains "
    "most from it. Dotted lines: the error without gaps, and guessing."
)

# %%
# Where chance made the gaps, the remedies differ little; dropping does a little worse, because it throws three districts in ten away. The mask column is noise, which the network learns to leave alone.
#
# Where the highest incomes are hidden, dropping is a disaster: the network never sees a rich district, and then meets them.
# Filling with the mean or the median tells it something false, that the rich are average; yet it does nearly as well as the mask.
# All filled gaps lie at one and the same income, which no other district has, and a hidden layer can learn what that place stands for.
#
# For rain the mask is worth more than everything else. Dropped, the rainy hours with a gap are gone from the training set, and with them what their gaps say.
# To the weighted sum a filled value is a value like any other, so filling leaves it about where guessing and dropping do.
# With some seeds the network again finds part of the mask by itself. But recorded pressures lie close to the mean on both sides, so the place is hard to tell, and the open mask does better with all of them.
# Is that fair? If the network is to answer in the same station's practice, yes: the gap will be there tomorrow as well.
# If somebody repairs the instrument, what the mask has learned will be wrong from that day on.
#
# What to take away
# -----------------
# Ask first why a value is missing. Only gaps by pure chance are harmless, and they are rare.
# Filling with a mask is the safe habit: it costs a column, keeps what dropping would throw away, and says openly what filling leaves to be found out.
# A mask learns the habits of those who wrote the table, and these can change.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

short = {"mean and mask": "mask"}
measured = {
    "complete_mae": complete,
    **{
        f"{kind.replace('by ', '').replace('the ', '')}_{short.get(r, r)}": m
        for kind, row in mae.items()
        for r, m in row.items()
    },
    **{
        f"{key}_{short.get(r, r)}": p
        for key, name in (("rain", "network"), ("line", "weighted sum"))
        for r, p in precision[name].items()
    },
    "rain_guess": guess,
    "gone_dry": gone[~rain].mean(),
    "gone_rain": gone[rain].mean(),
}
for name, value in measured.items():
    print(f"{name:16} {value:.4g}")

# (All ranges are those of five seeds; what is gone needs no seed.)
assert gone[~rain].mean() < 0.1
assert 0.4 < gone[rain].mean() < 0.55
# By lot, the remedies differ little (by .01 to .04), and dropping is not best.
lot = mae["by lot"]
assert np.ptp(list(lot.values())) < 0.08
assert lot["drop"] > min(lot.values())
assert max(lot.values()) < 0.75 * median_mae
# With the highest hidden, dropping is far worst (.58 to .60), and the mask
# (.45 to .47) and filling (.46 to .48) stay near no gaps (.42 to .43).
high = mae["the highest"]
assert high["drop"] > high["mean"] + 0.05
filled = (high["mean"], high["median"])
assert complete < high["mean and mask"] < max(filled) + 0.02
assert max(filled) < complete + 0.1
# Rain: the mask is best for both (.22 to .40; all else .10 to .24).
for row in precision.values():
    others = [row[r] for r in REMEDIES[:3]]
    assert row["mean and mask"] > 1.15 * max(others)
assert precision["weighted sum"]["mean"] < 4.5 * guess

# %%
# Try it
# ------
# 1. Hide the lowest incomes instead of the highest. Prediction: dropping costs less, since cheap districts lie closer together; the mask still helps.
# 2. Take the visibility into the table on rain as well. Prediction: every remedy gets better, and the mask keeps its lead, though a smaller one.

# sphinx_gallery_topics = ["4.3.1"]
# sphinx_gallery_keywords = ["tables", "time series", "missing values"]
# sphinx_gallery_thumbnail_number = 2
