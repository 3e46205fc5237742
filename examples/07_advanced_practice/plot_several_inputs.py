"""
Will this flight leave late? A question with three kinds of input
=================================================================

An airline, a destination and an hour are names. A distance is a number. The weather of the last hours is a series.
All of them have something to say about whether a flight will leave late, and no single layer can read all three.

On this page each kind of input gets a branch of its own: tables for the names, a dense layer for the numbers, a convolution for the weather.
Each branch ends in a row of 32 numbers, and the rows are merged.
We ask what each input is worth alone, what all of them are worth together, and whether it matters if the rows are added or laid end to end.
Then we look at what the network knows, by the hour and by the day, and at the day that it underrated most.

It assumes the pages on embeddings and on one-dimensional convolutions; the section on several inputs and outputs in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# A tenth of the year's flights and more is enough to see what we want to see.

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from dlguide import datasets, models, plots, series

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)

FLIGHTS = 50_000  # of the year's 336,776
LATE = 15  # minutes; above that a departure counts as late
STEPS = 12  # hours of weather
CYCLE, LEARN, VALID = (
    35,
    21,
    7,
)  # days: three weeks, one, and one for the test
WIDTH = 32  # of each branch's row
EPOCHS = 4
BATCH = 512
RATE = 0.002

# %%
# Look at the data
# ----------------
# The timetable of a year, from New York's three airports, and how many minutes after it the flights left.
# Flights that were cancelled did not leave, so we set them aside.

flights, delay = datasets.flights()
late = delay > LATE
hour = flights["clock"].astype("datetime64[h]").astype(int) % 24
date = flights["clock"].astype("datetime64[D]")
day = (date - date[0]).astype(int)
print(f"{len(delay):,} flights, {np.isnan(delay).sum():,} cancelled")
print(
    f"late by more than {LATE} minutes: {late[np.isfinite(delay)].mean():.3f}"
)

# %%
datasets.card("flights")

# %%
# The weather was written down every hour at each airport. The wind becomes two numbers, one to the east and one to the north,
# and the rain its logarithm, since most hours have none. What is missing takes the last known value.

AIRPORTS = ["EWR", "JFK", "LGA"]


def hourly(airport):
    """Return times and nine numbers for every hour at an airport."""
    times, values = datasets.weather(airport)
    warm, dew, humid, origin, wind, rain, pressure, clear = (
        series.fill_forward(values).T
    )
    east, north = -np.sin(np.radians(origin)), -np.cos(np.radians(origin))
    rows = [warm, dew, humid, wind * east, wind * north, wind]
    rows += [np.log1p(rain), pressure, clear]
    return times, np.column_stack(rows)


skies = [hourly(airport) for airport in AIRPORTS]
times = skies[0][0]
sky = np.stack([values for _, values in skies])  # (airport, hour, number)
print(f"weather {sky.shape}")

# %%
datasets.card("weather")

# %%
# Now the three inputs of a flight. Both records keep the same clock, so airport and hour are all that is needed to join them.
# What is measured within an hour may come after the departure. So the last hour that we look at is the one before.
#
# The numbers are all known from the timetable: the distance, the minute, how many departures are planned at that airport
# in the same hour, and how many in the three before it.
# The date is not among the inputs. With it, a network could learn by heart which weeks of the year were bad ones.

airport = np.searchsorted(AIRPORTS, flights["origin"].astype(str))
since = (flights["time"].astype("datetime64[h]") - times[0]).astype(int)
last = since - 1  # the last hour of weather that is known
usable = np.isfinite(delay) & (last >= STEPS) & (last < len(times))
random = np.random.default_rng(SEED)
rows = random.choice(np.flatnonzero(usable), FLIGHTS, replace=False)
rows.sort()
late, day, hour = late[rows], day[rows], hour[rows]

NAMES = {
    "carrier": flights["carrier"][rows].astype(str),
    "destination": flights["destination"][rows].astype(str),
    "airport": flights["origin"][rows].astype(str),
    "weekday": (day + 1) % 7,  # the year began on a Tuesday
    "hour": hour,
}
ids = {key: np.unique(v, return_inverse=True)[1] for key, v in NAMES.items()}
SIZES = {key: int(values.max()) + 1 for key, values in ids.items()}
print("different names:", SIZES)

# %%

planned = np.zeros((len(AIRPORTS), len(times) + 99), int)
np.add.at(planned, (airport, since), 1)
here = airport[rows], since[rows]
before = [planned[here[0], here[1] - back] for back in (1, 2, 3)]
numbers = np.column_stack(
    [
        flights["distance"][rows],
        flights["time"][rows].astype(int) % 60,
        planned[here],
        np.sum(before, axis=0),
    ]
)

# %%

back = np.arange(STEPS - 1, -1, -1)
weather = sky[airport[rows, None], last[rows, None] - back]
parts = np.digitize(day % CYCLE, [LEARN, LEARN + VALID])
train, valid, test = (np.flatnonzero(parts == part) for part in range(3))


def scaled(values):
    """Return numbers with mean 0 and deviation 1 on the training flights."""
    known = values[train].reshape(-1, values.shape[-1])
    return ((values - known.mean(axis=0)) / known.std(axis=0)).astype("f4")


inputs = {
    "categories": np.column_stack(list(ids.values())).astype("int32"),
    "numbers": scaled(numbers),
    "weather": scaled(weather),
}
for key, values in inputs.items():
    print(f"{key:10} {values.shape[1:]}")
print(
    f"flights: {len(train):,} to train, {len(valid):,} to validate,", end=""
)
print(f" {len(test):,} to test")

# %%
# Flights of the same morning are late together. If some of them were for training and others for the test, the network could look up the answer.
# So whole weeks are set aside: of every five weeks three are for training, the fourth is for validation and the fifth for the test, through all seasons.


def share_late(bins, flights):
    """Return the share of late flights in each bin, for flights chosen."""
    return np.bincount(bins[flights], late[flights]) / np.maximum(
        1, np.bincount(bins[flights])
    )


sight = np.digitize(sky[here[0], last[rows], -1], [2, 5, 10, 16])
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.2), sharey=True)
clock = np.arange(5, 24)
axes[0].plot(clock, share_late(hour, train)[5:], "o-")
axes[0].set(title="By the hour", xlabel="Hour of planned departure (clock)")
axes[0].set(ylabel="Share of late flights", ylim=(0, None))
seen = ["< 2", "2 to 5", "5 to 10", "10 to 16", "more"]
axes[1].bar(seen, share_late(sight, train), hatch="//", fill=False)
axes[1].set(title="By the visibility", xlabel="An hour earlier (km)")
axes[1].tick_params(axis="x", labelsize=8)
fig.set_label(
    "Two panels. The share of late flights grows from the early morning, "
    "where it is less than a tenth, to the evening, where it is about a "
    "third. And it is higher in poor visibility than in clear air."
)

# %%
# In the morning few are late. Then the delays of the day pile up, since an aircraft that comes late leaves late.
# And when one cannot see far, lateness is about half as frequent again.
#
# What must we beat?
# ------------------
# Fewer than one flight in four is late, so whoever always says "on time" is right three times in four and no use to anybody.
# We measure the order instead: the AUC is the chance that of a late flight and a punctual one, the late one gets the higher probability.
# The average precision asks how pure the upper end of the list is; for a list in random order it is the share of late flights.
#
# A strong opponent is a table: the share of late training flights for each airline and hour, with the general share mixed in where there are few.
# The second opponent is a logistic regression. It gets everything that the network will get, but of the weather only the last hour.


def judged(probability, flights):
    """Return AUC and average precision."""
    return {
        "auc": roc_auc_score(late[flights], probability),
        "precision": average_precision_score(late[flights], probability),
    }


entry = ids["carrier"] * SIZES["hour"] + ids["hour"]
count = np.bincount(entry[train], minlength=entry.max() + 1)
hits = np.bincount(entry[train], late[train], minlength=entry.max() + 1)
table = (hits + 20 * late[train].mean()) / (count + 20)
scores = {"table": judged(table[entry[test]], test)}

one_hot = [np.eye(SIZES[key], dtype="f4")[ids[key]] for key in SIZES]
flat = np.hstack([*one_hot, inputs["numbers"], inputs["weather"][:, -1]])
regression = LogisticRegression(C=0.1, max_iter=200)
regression.fit(flat[train], late[train])
chance = regression.predict_proba(flat[test])[:, 1]
scores["regression"] = judged(chance, test)
for name, score in scores.items():
    print(f"{name:11} AUC {score['auc']:.3f},", end=" ")
    print(f"average precision {score['precision']:.3f}")
print(f"random      AUC 0.500, average precision {late[test].mean():.3f}")

# %%
# The branches
# ------------
# Each is a small model with one input. What it looks like inside is decided by the kind of input.
# A name has no size, so it is looked up in a table, a few numbers for each name.


def categories_branch():
    """Return a branch that looks up names, each kind in its own table."""
    names = keras.Input((len(SIZES),), dtype="int32")
    looked_up = []
    for column, (name, size) in enumerate(SIZES.items()):
        table = keras.layers.Embedding(size, 4, name=f"{name}_table")
        looked_up.append(table(names[:, column]))
    x = keras.layers.Concatenate()(looked_up)
    return keras.Model(names, keras.layers.Dense(WIDTH, "relu")(x))


def numbers_branch():
    """Return a branch for a row of numbers."""
    row = keras.Input((4,))
    return keras.Model(row, keras.layers.Dense(WIDTH, "relu")(row))


def weather_branch():
    """Return a branch that slides a window along the hours."""
    hours = keras.Input((STEPS, 9))
    x = keras.layers.Conv1D(16, 3, strides=2, activation="relu")(hours)
    x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))
    return keras.Model(hours, keras.layers.Dense(WIDTH, "relu")(x))


# %%
# The model
# ---------
# An input has a name, and so the data can come as a dictionary. Branches are called like layers.


def build_network():
    """Return a network with three inputs, the rows laid end to end."""
    branches = {
        "categories": categories_branch(),
        "numbers": numbers_branch(),
        "weather": weather_branch(),
    }
    inputs, rows = {}, []
    for name, branch in branches.items():
        shape, dtype = branch.input_shape[1:], branch.inputs[0].dtype
        inputs[name] = keras.Input(shape, dtype=dtype, name=name)
        rows.append(branch(inputs[name]))
    x = keras.layers.Concatenate()(rows)
    x = keras.layers.Dense(WIDTH, "relu")(x)
    return keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(x))


# %%
# From here on the library's builder does the same: it takes branches by the names of their inputs, and merges by either way.
# With a single branch there is nothing to merge, so that an input can be tried alone.

BRANCHES = {
    "categories": categories_branch,
    "numbers": numbers_branch,
    "weather": weather_branch,
}


def merged(*names, merge="concatenate"):
    """Return a network that gets the inputs named."""
    return models.several_inputs_network(
        {name: BRANCHES[name]() for name in names},
        hidden=(WIDTH,),
        merge=merge,
    )


networks = {
    "categories": merged("categories"),
    "numbers": merged("numbers"),
    "weather": merged("weather"),
    "all, concatenated": build_network(),
    "all, added": merged(*BRANCHES, merge="add"),
}
weights = {name: network.count_params() for name, network in networks.items()}
for name, number in weights.items():
    print(f"{name:18}{number:6,} weights")

# %%
# Train
# -----


def probabilities(network, flights):
    """Return the probability of being late."""
    given = {name: inputs[name][flights] for name in network.input}
    return network.predict(given, batch_size=4096, verbose=0)[:, 0]


for name, network in networks.items():
    network.compile(keras.optimizers.Adam(RATE), "binary_crossentropy")
    given = {key: inputs[key][train] for key in network.input}
    network.fit(
        given, late[train], epochs=EPOCHS, batch_size=BATCH, verbose=0
    )
    scores[name] = judged(probabilities(network, test), test)
together = networks["all, concatenated"]
probability = probabilities(together, test)
validated = judged(probabilities(together, valid), valid)["auc"]
learned = judged(probabilities(together, train[::3]), train[::3])["auc"]
print(f"all, concatenated, AUC: {learned:.3f} on training flights,", end=" ")
print(f"{validated:.3f} on those for validation")

# %%
# Judge
# -----

labels = {
    "table": "table: airline and hour",
    "regression": "logistic regression",
}
plots.bars(
    [score["auc"] - 0.5 for score in scores.values()],
    [labels.get(name, name) for name in scores],
    xlabel="AUC on the test flights, above the 0.5 of guessing",
    title="What each input is worth",
    fmt=".3f",
)

# %%
# The names alone do about as well as the table of airlines and hours, and the twelve hours of weather nearly as well, though they do not know which flight is meant.
# The numbers say less. Together the three are better than any of them, and better than the table by far.
#
# The logistic regression comes close. It adds up what each number says, so most of what the inputs say does add up;
# what the network has to itself are the earlier hours of the weather, and that one input may change what another means.
#
# Adding the rows instead of laying them end to end saves weights, and makes hardly any difference.
#
# Where does the order come from?
# -------------------------------
# We let the finished network judge the test flights again, with one of its inputs taken from another flight, chosen at random.
# What the AUC loses by that is what the network draws from the input.

swapped = random.permutation(test)
loss = {}
for name in BRANCHES:
    given = {key: values[test] for key, values in inputs.items()}
    given[name] = inputs[name][swapped]
    guess = together.predict(given, batch_size=4096, verbose=0)[:, 0]
    loss[name] = (
        scores["all, concatenated"]["auc"] - judged(guess, test)["auc"]
    )
    print(f"{name:10} of another flight: AUC falls by {loss[name]:.3f}")

# %%
# The network has use for all three. Most comes from the names, among which is the hour, and from the weather.
# The numbers are worth less here than alone: a crowded hour is a late hour, and the hour is known already.
#
# By the hour and by the day
# --------------------------
# A probability can also be held against what happened. On the left, all test flights of an hour; on the right, all those of a day.

test_days, which = np.unique(day[test], return_inverse=True)
many = np.bincount(which)
true_day = np.bincount(which, late[test]) / many
said_day = np.bincount(which, probability) / many
clock = np.arange(6, 22)  # the hours with many flights
true_hour = share_late(hour, test)[clock]
said_hour = np.array([probability[hour[test] == h].mean() for h in clock])
fig, axes = plt.subplots(1, 2, figsize=(6.4, 3.4))
axes[0].plot(clock, true_hour, "o", label="happened")
axes[0].plot(clock, said_hour, "s--", mfc="none", label="predicted")
axes[0].set(title="By the hour", ylabel="Share of late flights")
axes[0].set(xlabel="Hour of planned departure", ylim=(0, None))
axes[0].legend()
axes[1].plot(said_day, true_day, "o", ms=4)
axes[1].axline((0, 0), slope=1, color="0.5", ls="--", lw=1)
axes[1].set(title="By the day", xlabel="Predicted share")
axes[1].set(ylabel="Share that happened", xlim=(0, 0.8), ylim=(0, 0.8))
fig.set_label(
    "Left: the share of late flights rises with the hour, and so does the "
    "prediction. Right: a point for each test day. Where more lateness is "
    "predicted more happens, but many days lie far from the diagonal."
)

# %%

by_hour = np.abs(true_hour - said_hour).mean()
by_day = np.abs(true_day - said_day).mean()
alike = np.corrcoef(true_day, said_day)[0, 1]
rises = np.corrcoef(true_hour, said_hour)[0, 1]
worst = np.argmax(np.where(many >= 20, true_day - said_day, -1))
print(f"mean gap by the hour {by_hour:.3f}, by the day {by_day:.3f}")
print(f"correlation over the hours {rises:.2f}, over the days {alike:.2f}")
print(f"most underrated: {date[0] + test_days[worst]},", end=" ")
print(f"{said_day[worst]:.2f} predicted, {true_day[worst]:.2f} happened")

# %%
# The network knows the shape of a day, and which days are likely to be bad ones. How bad a day becomes it does not know well.
# Much of that is not in our inputs. Most of all, an aircraft that arrives late will leave late, and where it comes from and what the weather is there, nobody has told the network.
# Nor does it know the holidays, or that a runway is closed. Before adding layers to such a network one would look for another input.
#
# What to take away
# -----------------
# Each kind of input gets a branch that suits it, and all branches end in rows of numbers that can be merged.
# Measure what each input is worth alone, and what is lost when it is exchanged: together they are worth more than any one, but less than the sum.
# Laid end to end or added is a small question here; which inputs there are is a large one.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

auc = {name: score["auc"] for name, score in scores.items()}
measured = {
    "table_auc": auc["table"],
    "regression_auc": auc["regression"],
    "categories_auc": auc["categories"],
    "numbers_auc": auc["numbers"],
    "weather_auc": auc["weather"],
    "concatenated_auc": auc["all, concatenated"],
    "added_auc": auc["all, added"],
    "training_auc": learned,
    "validation_auc": validated,
    "table_precision": scores["table"]["precision"],
    "regression_precision": scores["regression"]["precision"],
    "concatenated_precision": scores["all, concatenated"]["precision"],
    "share_late": late[test].mean(),
    "without_categories": loss["categories"],
    "without_numbers": loss["numbers"],
    "without_weather": loss["weather"],
    "gap_by_hour": by_hour,
    "gap_by_day": by_day,
    "correlation_of_hours": rises,
    "correlation_of_days": alike,
}
for name, value in measured.items():
    print(f"{name:24} {value:.4g}")

# %%

# (Ranges are those of five seeds.)
# Late flights: fewer than one in four (.225 to .239); few in the morning, many
# at night, and half as many again in poor sight.
assert 0.18 < late[test].mean() < 0.25
morning, evening = share_late(hour, train)[[6, 20]]
assert morning < 0.1
assert 0.25 < evening < 0.45
foggy, fair = late[train][sight[train] < 2], late[train][sight[train] == 4]
assert foggy.mean() > 1.35 * fair.mean()
# Names do about as well as the table (.694 to .703, .689 to .699), weather
# nearly (.662 to .683), numbers less (.624 to .633).
best, added = auc["all, concatenated"], auc["all, added"]
assert abs(auc["categories"] - auc["table"]) < 0.025
assert auc["weather"] > auc["table"] - 0.05
assert auc["numbers"] < min(auc["weather"], auc["categories"])
# Together they are better than any, and better than the table by far (.736 to
# .750).
assert best > max(auc[name] for name in BRANCHES) + 0.025
assert best > auc["table"] + 0.03
# Logistic regression comes close (.722 to .735); adding makes hardly any
# difference (.736 to .747).
assert auc["regression"] - 0.01 < best < auc["regression"] + 0.04
assert abs(best - added) < 0.02

# %%

# All three inputs are of use, most of all the names (.111 to .130 lost without
# them) and the weather (.065 to .083; numbers .029 to .038).
assert 0 < loss["numbers"] < min(loss["categories"], loss["weather"])
assert loss["numbers"] < auc["numbers"] - 0.5
assert loss["weather"] > 0.04
# Hours are predicted well (a correlation of .98 to .99), days less so (.64 to
# .75).
assert rises > 0.9
assert 0.4 < alike < rises
assert by_hour < by_day

# %%
# Try it
# ------
# 1. Let a recurrent layer read the weather, ``keras.layers.GRU(16)(hours)``, in the place of the convolution.
#    Prediction: a little better, and twice the time. (With 80,000 flights we got .743 instead of .738.)
# 2. Set ``STEPS = 3``. Prediction: hardly worse. (With the last hour alone and 80,000 flights we got .734 instead of .738.)

# sphinx_gallery_topics = ["7.1.2"]
# sphinx_gallery_keywords = ["tables", "several inputs", "embeddings", "one-dimensional convolution"]
# sphinx_gallery_thumbnail_number = 2
