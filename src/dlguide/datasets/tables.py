"""Loader for tables: districts with columns of numbers and one of text."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dlguide.datasets import _store
from dlguide.datasets._cards import card

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns: TypeAlias = dict[str, NDArray[Any]]

_N_TRAIN = 16_512  # four fifths of the 20,640 districts


def house_prices() -> tuple[
    tuple[Columns, NDArray[np.float32]], tuple[Columns, NDArray[np.float32]]
]:
    """Load districts of California and their median house values of 1990.

    The task is to predict a number, the median value of a district's houses,
    from facts about the district. One column holds text and one has missing
    values, as in most tables.

    Returns
    -------
    (x_train, y_train) : tuple of (dict of str to numpy.ndarray, numpy.ndarray)
        16,512 districts for training. The keys of ``x_train`` are
        ``card("house_prices").feature_names``, each with an array of shape
        (16512,): a dictionary that a Keras model with inputs of these names
        takes as it is. ``y_train`` is a float32 array of the same shape: the
        median house value in units of 100,000 dollars, 0.14999 to 5.00001.
    (x_test, y_test) : tuple of (dict of str to numpy.ndarray, numpy.ndarray)
        4,128 districts for the test, in the same form.

    Raises
    ------
    DataNotAvailableError
        If the data are neither in the cache nor to be fetched.

    See Also
    --------
    dlguide.datasets.card : The source, licence and checksums of the data.

    Notes
    -----
    *Source and licence.* The census of 1990, public data; `card` has the details.

    *Columns.* Each has the shape (districts,).

    ========================  =======  ========================================
    column                    dtype    meaning
    ========================  =======  ========================================
    ``longitude``             float32  degrees east, -124.35 to -114.31
    ``latitude``              float32  degrees north, 32.54 to 41.95
    ``housing_median_age``    float32  years, 1 to 52, where 52 stands for more
    ``total_rooms``           float32  rooms in the district, 2 to 39,320
    ``total_bedrooms``        float32  bedrooms, 1 to 6,445, or NaN
    ``population``            float32  people, 3 to 35,682
    ``households``            float32  households, 1 to 6,082
    ``median_income``         float32  tens of thousands of dollars, 0.5 to 15
    ``ocean_proximity``       object   one of five words, see below
    ========================  =======  ========================================

    *Limits of the data.* Values above 500,000 dollars were recorded as 500,001,
    which 965 districts have; incomes end at 0.4999 and 15.0001 in the same way.
    ``total_bedrooms`` is NaN in 207 districts, 1 in 100. ``ocean_proximity`` is
    ``"<1H OCEAN"`` (9,136 districts), ``"INLAND"`` (6,551), ``"NEAR OCEAN"``
    (2,658), ``"NEAR BAY"`` (2,290) or ``"ISLAND"`` (5).

    *Split.* A fixed random permutation. No two districts are equal, but
    neighbours are alike and fall on both sides, so the test says how well a
    model fills in California and not how well it would do in another state.

    References
    ----------
    .. [1] Pace, R. K. and Barry, R. (1997). "Sparse spatial autoregressions."
       *Statistics & Probability Letters* 33(3), pages 291-297.

    Examples
    --------
    >>> from dlguide import datasets
    >>> (x_train, y_train), (x_test, y_test) = datasets.house_prices()
    >>> x_train["median_income"].shape, y_test.shape
    ((16512,), (4128,))
    >>> x_train["ocean_proximity"][0], round(float(y_train[0]), 3)
    ('INLAND', 0.993)
    """
    (path,) = _store.paths(card("house_prices"))
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    x: Columns = {
        name: np.array([float(row[name] or "nan") for row in rows], dtype=np.float32)
        for name in card("house_prices").feature_names
        if name != "ocean_proximity"
    }
    x["ocean_proximity"] = np.array([row["ocean_proximity"] for row in rows], dtype=object)
    y = np.array([float(row["median_house_value"]) / 100_000 for row in rows], dtype=np.float32)
    # The stream of RandomState is frozen for ever; that of the newer Generator is not.
    order = np.random.RandomState(1990).permutation(len(rows))
    train, test = order[:_N_TRAIN], order[_N_TRAIN:]
    return (
        ({name: column[train] for name, column in x.items()}, y[train]),
        ({name: column[test] for name, column in x.items()}, y[test]),
    )
