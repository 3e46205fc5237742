"""
Many workers, one search, and one of them dies
==============================================

A search for hyper-parameters is easily shared out: its trainings do not wait for each other.
What the workers need is a place where they write down what they have tried, and read what others have.
If that place is a file, a search needs no server, it goes on after an interruption, and a worker may join or leave when it likes.

On this page two processes search together, and we pull the plug on one of them in the middle of a training.
What was finished must be kept, and what was not must be tried again.

It assumes the example that compares ways to search; the section on searching for hyper-parameters in the seventh chapter explains the rest.
"""

# %%
# Setup
# -----
# Optuna can keep a search in a database or in a *journal*, a file to which each worker appends a line for whatever it does.
# Nothing in it is ever changed, so a process that dies can spoil no more than its own last line, and a lock beside the file keeps two from writing at once.
# A journal works on the shared disks of a cluster too, where SQLite's locks often do not.

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

from dlguide import datasets

plt.style.use("dlguide.guide")
SEED = 0
keras.utils.set_random_seed(SEED)
optuna.logging.set_verbosity(optuna.logging.WARNING)

TRIALS = 8  # to be finished in all
PATIENCE = 600  # seconds to wait for a worker before giving up

scratch = tempfile.TemporaryDirectory()  # a folder that goes in the end
folder = Path(scratch.name)
journal = str(folder / "search.log")

# %%
# Look at the data
# ----------------
# A thousand of the handwritten digits, and five hundred others to validate.
# Each worker loads them for itself, and all have to draw the same ones, so they are saved once.

(images, labels), (test_images, test_labels) = datasets.digits()
chosen = np.random.default_rng(SEED).permutation(len(labels))[:1_500]
rows = images[chosen].reshape(-1, 784).astype("float32") / 255
np.savez(folder / "digits.npz", rows=rows, labels=labels[chosen])
print(f"{rows.shape[0]:,} digits of {rows.shape[1]} pixels")

# %%
datasets.card("digits")

# %%
# A worker
# --------
# A worker is a program of three parts, and the same program runs on any number of machines.
# It begins with what it needs to know: its name, the seed of its choices, and how many trials there should be in the end.

BEGINNING = """
import sys, time

import keras
import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

name, seed, enough = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
optuna.logging.set_verbosity(optuna.logging.WARNING)
data = np.load("digits.npz")
x, y = data["rows"], data["labels"].astype("int64")
"""

# %%
# The objective is plain Keras. With each trial it notes the worker's name, which will be of use.
#
# One line is there for this page alone: a worker that is called the victim trains one network, begins with a second, says so and waits.
# In that way the plug is pulled in the middle of a training on every machine.

OBJECTIVE = """
def objective(trial):
    trial.set_user_attr("worker", name)
    rate = trial.suggest_float("rate", 0.01, 1.0, log=True)
    units = trial.suggest_int("units", 8, 128, log=True)
    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("sgd", "sparse_categorical_crossentropy")
    network.optimizer.learning_rate = rate
    for epoch in (1, 2, 3):
        network.fit(x[:1000], y[:1000], batch_size=50, verbose=0)
        right = network(x[1000:]).numpy().argmax(axis=1) == y[1000:]
        trial.report(float(right.mean()), epoch)
        if name == "victim" and finished(name):
            time.sleep(3600)  # here the plug is pulled
    return float(right.mean())
"""

# %%
# At last it opens the journal, and asks for trials until enough are finished or on their way.
# Its sampler is random.
# (``TPESampler(constant_liar=True)`` would take its place in a longer search; it counts what others are just trying as tried.)

LOOP = """
def finished(worker):
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return sum(trial.user_attrs["worker"] == worker for trial in done)


backend = JournalFileBackend("search.log", JournalFileOpenLock("search.log"))
study = optuna.load_study(
    study_name="digits",
    storage=JournalStorage(backend),
    sampler=optuna.samplers.RandomSampler(seed=seed),
)
while True:
    count = {state: 0 for state in TrialState}
    for trial in study.get_trials(deepcopy=False):
        count[trial.state] += 1
    begun = count[TrialState.COMPLETE] + count[TrialState.RUNNING]
    if begun < enough:
        study.optimize(objective, n_trials=1)
    elif count[TrialState.RUNNING]:
        time.sleep(0.2)  # somebody may still fail
    else:
        break
"""
program = BEGINNING + OBJECTIVE + LOOP
(folder / "worker.py").write_text(program, encoding="utf-8")
print(f"worker.py: {len(program.splitlines())} lines")

# %%
# Two workers begin
# -----------------
# They are started as one would start them by hand, ``python worker.py victim 1 8``, each in a process of its own.


def start(name, seed):
    """Start a worker; what it complains of goes to a file."""
    with (folder / f"{name}.txt").open("w") as complaints:
        return subprocess.Popen(  # noqa: S603  # a program of our own
            [sys.executable, "worker.py", name, str(seed), str(TRIALS)],
            cwd=folder,
            stderr=complaints,
            env=os.environ | {"KERAS_BACKEND": "tensorflow"},
        )


lock = JournalFileOpenLock(journal)
storage = JournalStorage(JournalFileBackend(journal, lock))
study = optuna.create_study(
    study_name="digits", storage=storage, direction="maximize"
)
workers = {
    "victim": start("victim", 10 * SEED + 1),
    "survivor": start("survivor", 10 * SEED + 2),
}

# %%
# From here on we only watch the journal.


def wait_until(ready):
    """Wait for something to become true, or stop everybody."""
    for _ in range(10 * PATIENCE):
        if ready():
            return
        if any(process.poll() for process in workers.values()):
            break  # an exit code other than 0
        time.sleep(0.1)
    for process in workers.values():
        process.kill()
    said = "".join(path.read_text() for path in folder.glob("*.txt"))
    raise RuntimeError(f"A worker has failed. {said[-2_000:]}")


def trials_of(name, *states):
    """Return the trials of one worker that are in one of some states."""
    trials = study.get_trials(deepcopy=False, states=states)
    return [t for t in trials if t.user_attrs.get("worker") == name]


# %%
# The plug is pulled
# ------------------
# We wait until the victim has finished one trial and is in the middle of its second, then kill it.
# On Linux and macOS this is the signal ``SIGKILL``, and on Windows its counterpart: the process gets no chance to tidy up, just as when the power fails.
# (We also wait until nobody is writing. A worker that dies while it writes leaves the lock behind; the others wait for half a minute, then break it.)


def in_the_middle():
    """Say whether the victim is training, with one trial behind it."""
    running = trials_of("victim", TrialState.RUNNING)
    done = trials_of("victim", TrialState.COMPLETE)
    return bool(done) and any(t.intermediate_values for t in running)


wait_until(in_the_middle)
wait_until(lambda: not Path(f"{journal}.lock").exists())
workers["victim"].kill()
exit_code = workers["victim"].wait()
killed_at = Counter(t.state.name for t in trials_of("victim", *TrialState))
(lost,) = trials_of("victim", TrialState.RUNNING)
print("the victim's trials:", dict(killed_at))
print("it was trying", {k: round(v, 3) for k, v in lost.params.items()})

# %%
# The finished trial is in the journal.
# The other is there too, and still counts as running, for a dead worker can tell nobody.
# Left like this it would stay so for ever, and the survivor would wait for it.
#
# Who may call a trial dead? Whoever knows that its worker is: here the parent, which holds the process.
# On a cluster it is the scheduler, or a rule such as "begun more than a day ago".
# (On a database, Optuna can let workers send a heartbeat and do this by itself; the journal has none, and the feature is still marked as experimental.)
# Two calls set it right: the settings are queued again, to be taken next, and the old trial is told that it has failed.

study.enqueue_trial(lost.params, user_attrs={"again": lost.number})
study.tell(lost.number, state=TrialState.FAIL)
workers.pop("victim")
wait_until(lambda: workers["survivor"].poll() is not None)
waiting = study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
if waiting:  # the survivor was done before: somebody else joins
    workers["third"] = start("third", 10 * SEED + 3)
    wait_until(lambda: workers["third"].poll() is not None)

# %%
# What is left
# ------------
# We open the journal anew, as somebody would who comes back the next day and knows nothing but the file.

again = JournalStorage(JournalFileBackend(journal, lock))
found = optuna.load_study(study_name="digits", storage=again)
states = Counter(trial.state.name for trial in found.trials)
(retried,) = (t for t in found.trials if "again" in t.user_attrs)
lines = Path(journal).read_text(encoding="utf-8").splitlines()
print(dict(sorted(states.items())))
print("the lost settings came back:", retried.params == lost.params)
print("a line of the journal holds:", ", ".join(json.loads(lines[-1])))
broken = sum(not isinstance(json.loads(line), dict) for line in lines)

# %%
MARKS = {"victim": "s", "survivor": "o", "third": "^"}
fig, ax = plt.subplots(figsize=(6.4, 3.8))
done = [t for t in found.trials if t.state == TrialState.COMPLETE]
for name, mark in MARKS.items():
    mine = [
        t for t in done if t.user_attrs["worker"] == name and t != retried
    ]
    if mine:
        rates = [t.params["rate"] for t in mine]
        right = [100 * t.value for t in mine]
        ax.plot(rates, right, mark, ms=8, label=f"the {name}")
ax.axvline(
    lost.params["rate"], color="C4", ls=":", label="lost by the victim"
)
ax.plot(
    retried.params["rate"], 100 * retried.value, "C1*", ms=14, label="retried"
)
ax.set(
    title="Nothing is missing",
    xlabel="Learning rate",
    ylabel="Validation digits read (%)",
    xscale="log",
)
fig.legend(loc="outside lower center", ncols=4, handlelength=1.5)
fig.set_label(
    "Share of validation digits that are read over the learning rate, a mark "
    "for each finished trial: one of the victim, the others of the survivor. "
    "A dotted line stands at the rate of the trial that was lost, and on it "
    "a star, the same settings tried again."
)

# %%
# Each mark is a finished trial, whoever has trained it.
# The star lies on the dotted line: where the killed worker had left off, the survivor has taken over.
# By its place we see what a search in a journal is: a list of trials to which anybody adds, and in which none is anybody's own.
#
# Judge
# -----
# The best settings train a network a last time, on all digits that the search has used, and it reads the test digits, once.

best = found.best_trial
final = keras.Sequential(
    [
        keras.Input((784,)),
        keras.layers.Dense(best.params["units"], activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
rate = keras.optimizers.SGD(best.params["rate"])
final.compile(rate, "sparse_categorical_crossentropy")
final.fit(rows, labels[chosen], batch_size=50, epochs=3, verbose=0)
test_rows = test_images.reshape(-1, 784).astype("float32") / 255
given = final.predict(test_rows, batch_size=500, verbose=0)
accuracy = np.mean(given.argmax(axis=1) == test_labels)
print(f"best rate {best.params['rate']:.2f}, {best.params['units']} units")
print(f"validation {best.value:.3f}, test {accuracy:.3f}")

# %%
# What to take away
# -----------------
# A search that is kept in a file can be shared by any number of processes, and outlives each of them.
# A worker that is killed loses the training that it was at, and nothing else; the trial stays marked as running until somebody who knows better says that it has failed.
# Queueing its settings again, and telling that it has failed, are two calls.
#
# Check the claims
# ----------------
# Every sentence above that reports a result is asserted here, with room for other seeds and processors.

measured = {
    "finished_trials": states["COMPLETE"],
    "failed_trials": states["FAIL"],
    "unfinished_trials": states["RUNNING"] + states["WAITING"],
    "finished_by_victim": len(trials_of("victim", TrialState.COMPLETE)),
    "retried": retried.state == TrialState.COMPLETE,
    "best_validation": best.value,
    "test_accuracy": accuracy,
}
for name, value in measured.items():
    print(f"{name:20} {value:.4g}")

# %%

# The victim was killed with one trial finished and one running.
assert exit_code != 0
assert killed_at == {"COMPLETE": 1, "RUNNING": 1}
# Nothing is lost: as many trials are finished as were asked for, none hangs,
# the victim's finished one is among them, and the lost settings were tried.
assert states["COMPLETE"] == TRIALS
assert states["FAIL"] == 1
assert states["RUNNING"] == states["WAITING"] == 0
assert measured["finished_by_victim"] == 1
assert retried.params == lost.params
assert retried.state == TrialState.COMPLETE
assert retried.user_attrs["worker"] != "victim"
assert retried.user_attrs["again"] == lost.number
assert broken == 0
# The best network reads most digits.
assert accuracy > 0.7

# %%
# Try it
# ------
# 1. Leave out the two calls that set the lost trial right. Prediction: the survivor finishes its own trials and then waits for the dead, until ``PATIENCE`` ends.
# 2. Start ``worker.py`` in a second terminal, in the folder that ``folder`` names, while the script runs, and give it a larger number of trials.
#    Prediction: it joins, and the survivor stops when there are enough.

# sphinx_gallery_topics = ["7.3.2"]
# sphinx_gallery_keywords = ["images", "hyper-parameters", "several processes", "Optuna"]
# sphinx_gallery_thumbnail_number = 1
