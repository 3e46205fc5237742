"""Loaders for short recordings: spoken vowels, and the movements of a wrist."""

from __future__ import annotations

import operator
import pickle
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dlguide.datasets import _store
from dlguide.datasets._cards import card

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]
    Bytes: TypeAlias = NDArray[np.uint8]

_FRAMES, _COEFFICIENTS = 29, 12  # of the longest recording of a vowel; of a frame
_TEST_PEOPLE = (8, 9, 10)
_SHORTEST_RECORDING = 947  # steps, of the recordings of the watch


def spoken_vowels() -> tuple[tuple[Floats, Bytes], tuple[Floats, Bytes]]:
    """Load recordings of two Japanese vowels, spoken by nine people.

    The task is to tell who speaks. All say the same, the vowels a and e in a row,
    so that only the voice tells them apart.

    Returns
    -------
    (x_train, y_train) : tuple of numpy.ndarray
        270 recordings for training: a float32 array of shape (270, 29, 12), twelve
        cepstral coefficients (pure numbers, -1.9 to 2.2) for each of at most 29
        frames, and a uint8 array of shape (270,), the speaker, 0 to 8. A recording
        of 7 to 29 frames is followed by frames of zeros, which no real frame
        consists of, so ``keras.layers.Masking(0.0)`` finds them.
    (x_test, y_test) : tuple of numpy.ndarray
        370 recordings for the test, in the same form.

    Raises
    ------
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* The machine-learning repository of the University of
    California, Irvine, CC BY 4.0; `card` has the details.

    *Classes.* 30 recordings of each speaker to train on, in the order of the speakers:
    shuffle them before a part is held out. In the test set 24 to 88.

    *Split.* That of the data's authors. The test recordings are of the same nine people.

    References
    ----------
    .. [1] Kudo, M., Toyama, J. and Shimbo, M. (1999). "Multidimensional curve
       classification using passing-through regions." *Pattern Recognition Letters*
       20(11-13), pages 1103-1111.

    Examples
    --------
    >>> from dlguide import datasets
    >>> (x_train, y_train), (x_test, y_test) = datasets.spoken_vowels()
    >>> x_train.shape, x_train.dtype, x_test.shape
    ((270, 29, 12), dtype('float32'), (370, 29, 12))
    """
    train, test = (_vowels(path) for path in _store.paths(card("spoken_vowels")))
    return train, test


def wrist_motion(
    steps: int = 150,
) -> tuple[tuple[dict[str, Any], Bytes], tuple[dict[str, Any], Bytes]]:
    """Load what a watch measures at the wrist of people who exercise their shoulders.

    The task is to name the exercise, for people whom nobody has seen before. The watch
    took 50 measurements a second, of its acceleration and of its rotation.

    Parameters
    ----------
    steps : int, default 150
        Length of a window, in steps of 1/50 second: 1 to 947. Each recording is cut into as
        many windows as it holds, one after the other without overlap, and what is left at
        its end is dropped.

    Returns
    -------
    (x_train, y_train) : tuple of (dict of str to numpy.ndarray, numpy.ndarray)
        The windows of seven people, for training, and their exercises, a uint8 array
        from 0 to 6. The keys of ``x_train`` are

        - ``"motion"``: float32, shape (windows, steps, 6), the columns being
          ``card("wrist_motion").feature_names``: acceleration along three axes, in units
          of the acceleration of gravity, -5.9 to 5.9, and rotation about the same axes, in
          radians per second, -29 to 29;
        - ``"person"``: uint8, shape (windows,), 1 to 7;
        - ``"recording"``: uint8, shape (windows,), 0 to 139, the same for all windows
          of one recording.
    (x_test, y_test) : tuple of (dict of str to numpy.ndarray, numpy.ndarray)
        The windows of three other people, 8 to 10, in the same form.

    Raises
    ------
    ValueError
        If `steps` is no integer from 1 to 947, the length of the shortest recording.
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* Collected at Sunnybrook Research Institute, Toronto; BSD 3-Clause;
    `card` has the details.

    *Classes.* Ten people did each of seven exercises twice, once with each arm:
    140 recordings of 19 to 52 seconds. ``card("wrist_motion").class_names`` are the
    exercises.

    *Split.* By person. Windows of one recording are alike, and so are the ways in which
    one person moves both arms, so hold out people, never windows: ``x_train["person"]``
    says whose they are.

    References
    ----------
    .. [1] Burns, D. M., Leung, N., Hardisty, M., Whyne, C. M., Henry, P. and McLachlin, S.
       (2018). "Shoulder physiotherapy exercise recognition: machine learning the inertial
       signals from a smartwatch." *Physiological Measurement* 39(7), 075007.

    Examples
    --------
    >>> from dlguide import datasets
    >>> (x_train, y_train), (x_test, y_test) = datasets.wrist_motion()
    >>> x_train["motion"].shape[1:], sorted(set(x_test["person"].tolist()))
    ((150, 6), [8, 9, 10])
    """
    length = _steps(steps)
    (path,) = _store.paths(card("wrist_motion"))
    stored = _recordings(path)
    parts = []
    for test in (False, True):
        columns: dict[str, list[Any]] = {"motion": [], "person": [], "recording": []}
        exercises: list[int] = []
        # One person after the other, and within a person one exercise after the other.
        order = np.lexsort((stored["side"], stored["y"], stored["subject"]))
        for index in order:
            person = int(stored["subject"][index])
            if (person in _TEST_PEOPLE) != test:
                continue
            recording = np.asarray(stored["X"][index], np.float32)
            windows = len(recording) // length
            columns["motion"].append(recording[: windows * length].reshape(windows, length, -1))
            columns["person"] += [person] * windows
            columns["recording"] += [index] * windows
            exercises += [int(stored["y"][index])] * windows
        x = {
            "motion": np.concatenate(columns["motion"]),
            "person": np.array(columns["person"], np.uint8),
            "recording": np.array(columns["recording"], np.uint8),
        }
        parts.append((x, np.array(exercises, np.uint8)))
    return parts[0], parts[1]


def _vowels(path: Path) -> tuple[Floats, Bytes]:
    """Read recordings: coefficients divided by colons, frames by commas, the speaker at the end."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split(":") for line in lines[lines.index("@data") + 1 :] if line]
    x = np.zeros((len(rows), _FRAMES, _COEFFICIENTS), np.float32)
    for recording, row in zip(x, rows, strict=True):
        frames = np.array([coefficient.split(",") for coefficient in row[:-1]], np.float32).T
        recording[: len(frames)] = frames
    return x, np.array([int(row[-1]) - 1 for row in rows], np.uint8)


def _steps(steps: int) -> int:
    try:
        number = 0 if isinstance(steps, bool) else operator.index(steps)
    except TypeError:
        number = 0
    if not 1 <= number <= _SHORTEST_RECORDING:
        raise ValueError(
            f"steps must be an integer from 1 to {_SHORTEST_RECORDING}, the shortest recording. "
            f"Received: {steps!r}"
        )
    return number


def _latin(text: str, encoding: str) -> bytes:
    """Stand in for the encoder that old pickles of bytes ask for."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding!r}")
    return text.encode("latin1")


class _ArrayUnpickler(pickle.Unpickler):
    """Read a pickle that may make NumPy arrays and nothing else."""

    _ALLOWED = {  # noqa: RUF012  # a constant
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): _latin,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which arrays do not need")
        return self._ALLOWED[module, name]


def _recordings(path: Path) -> dict[str, Any]:
    """Read the one object in a NumPy file: a dictionary of lists and arrays."""
    with path.open("rb") as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"{path.name} is not a NumPy file of version 1.0")
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        if shape != () or dtype.kind != "O":
            raise ValueError(f"{path.name} holds {dtype} of shape {shape}, not one object")
        stored: dict[str, Any] = _ArrayUnpickler(stream).load().item()
    return stored
