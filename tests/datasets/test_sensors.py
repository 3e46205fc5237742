from __future__ import annotations

import pickle

import numpy as np
import pytest

from dlguide import datasets
from dlguide.datasets import sensors

from .fingerprint import fingerprint

# Spoken vowels


@pytest.fixture(scope="module")
def vowels():
    return datasets.spoken_vowels()


def test_vowels_have_the_documented_shapes_and_ranges(vowels):
    for (x, y), count in zip(vowels, (270, 370), strict=True):
        assert x.shape == (count, 29, 12)
        assert y.shape == (count,)
        assert (x.dtype, y.dtype) == (np.float32, np.uint8)
        assert -1.9 < x.min() < -1.5
        assert 1.9 < x.max() < 2.25


def test_the_speakers_are_counted(vowels):
    (_, y_train), (_, y_test) = vowels
    assert np.bincount(y_train).tolist() == [30] * 9
    assert np.bincount(y_test).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]


def test_frames_of_zeros_only_follow_the_recording(vowels):
    for x, _ in vowels:
        real = (x != 0).any(-1)
        lengths = real.sum(1)
        assert (real == (np.arange(29) < lengths[:, None])).all()
        assert lengths.min() >= 7
        assert lengths.max() <= 29
    assert min((x != 0).any(-1).sum(1).min() for x, _ in vowels) == 7
    assert max((x != 0).any(-1).sum(1).max() for x, _ in vowels) == 29


def test_the_first_frame_is_that_of_the_file(vowels):
    (x, _), _ = vowels
    np.testing.assert_allclose(x[0, 0, :4], [1.860936, -0.207383, 0.261557, -0.214562])
    np.testing.assert_allclose(x[0, 1, :3], [1.891651, -0.193249, 0.235363])


def test_no_recording_occurs_twice(vowels):
    (x_train, _), (x_test, _) = vowels
    seen = {recording.tobytes() for recording in [*x_train, *x_test]}
    assert len(seen) == 640


def test_the_vowels_are_the_same_for_ever(vowels):
    (x_train, y_train), (x_test, y_test) = vowels
    assert fingerprint(x_train, y_train, x_test, y_test) == "f20648e30de8b488"


# Wrist motion


@pytest.fixture(scope="module")
def motion():
    return datasets.wrist_motion()


def test_windows_have_the_documented_shapes_and_ranges(motion):
    for (x, y), windows in zip(motion, (1068, 492), strict=True):
        assert list(x) == ["motion", "person", "recording"]
        assert x["motion"].shape == (windows, 150, 6)
        assert x["motion"].dtype == np.float32
        assert np.isfinite(x["motion"]).all()
        for column in (x["person"], x["recording"], y):
            assert column.shape == (windows,)
            assert column.dtype == np.uint8
    both = np.concatenate([x["motion"] for x, _ in motion])
    assert 5.8 < np.abs(both[..., :3]).max() < 5.9
    assert 28.9 < np.abs(both[..., 3:]).max() < 29


def test_nobody_is_on_both_sides(motion):
    (x_train, _), (x_test, _) = motion
    assert set(x_train["person"]) == {1, 2, 3, 4, 5, 6, 7}
    assert set(x_test["person"]) == {8, 9, 10}
    assert not set(x_train["recording"]) & set(x_test["recording"])


def test_everybody_did_every_exercise_twice(motion):
    for x, y in motion:
        for person in set(x["person"]):
            for exercise in range(7):
                chosen = (x["person"] == person) & (y == exercise)
                assert len(set(x["recording"][chosen])) == 2


def test_the_seven_exercises_have_names_and_the_six_columns_too():
    card = datasets.card("wrist_motion")
    assert len(card.class_names) == 7
    assert len(card.feature_names) == 6


def test_a_recording_is_cut_one_window_after_the_other(motion):
    (short, _), _ = datasets.wrist_motion(50)
    (long, _), _ = motion
    first = long["recording"][0]
    pieces = short["motion"][short["recording"] == first]
    windows = long["motion"][long["recording"] == first]
    np.testing.assert_array_equal(pieces.reshape(-1, 6)[: 150 * len(windows)], np.vstack(windows))
    assert 0 <= len(pieces) - 3 * len(windows) < 3


def test_gravity_is_measured(motion):
    # A watch at rest measures 1 g, in whatever direction up is; one that moves mostly more.
    (x, _), _ = motion
    length = np.linalg.norm(x["motion"][..., :3], axis=-1)
    assert 1.0 < np.median(length) < 1.15


@pytest.mark.parametrize("steps", [0, 948, -5, 2.5, True, None])
def test_windows_of_another_length_are_refused(steps):
    with pytest.raises(ValueError, match=r"steps must be an integer from 1 to 947"):
        datasets.wrist_motion(steps)


def test_the_longest_window_leaves_a_window_of_every_recording():
    windows = [set(x["recording"]) for x, _ in datasets.wrist_motion(947)]
    assert len(windows[0] | windows[1]) == 140


def test_the_motion_is_the_same_for_ever(motion):
    (x_train, y_train), (x_test, y_test) = motion
    arrays = [*x_train.values(), y_train, *x_test.values(), y_test]
    assert fingerprint(*arrays) == "b6ea75627ea0a249"


class Attack:
    def __reduce__(self):
        return print, ("this must not be printed",)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"X": [Attack()]}, "asks for builtins.print"),
        ({"X": np.random.default_rng}, "asks for numpy"),
    ],
)
def test_a_file_that_asks_for_more_than_arrays_is_refused(tmp_path, capsys, stored, message):
    with (tmp_path / "evil.npy").open("wb") as stream:
        about = {"descr": "|O", "fortran_order": False, "shape": ()}
        np.lib.format.write_array_header_1_0(stream, about)
        pickle.dump(stored, stream)
    with pytest.raises(pickle.UnpicklingError, match=message):
        sensors._recordings(tmp_path / "evil.npy")
    assert capsys.readouterr().out == ""


def test_a_file_of_another_kind_is_refused(tmp_path):
    np.save(tmp_path / "numbers.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"numbers.npy holds float64 of shape \(3,\)"):
        sensors._recordings(tmp_path / "numbers.npy")
    with (tmp_path / "newer.npy").open("wb") as stream:
        np.lib.format.write_array(stream, np.zeros(3), version=(2, 0))
    with pytest.raises(ValueError, match=r"newer.npy is not a NumPy file of version 1.0"):
        sensors._recordings(tmp_path / "newer.npy")


def test_only_the_encoding_of_old_bytes_is_known():
    assert sensors._latin("\xe9", "latin1") == b"\xe9"
    with pytest.raises(pickle.UnpicklingError, match="asks for the encoding 'rot13'"):
        sensors._latin("a", "rot13")
