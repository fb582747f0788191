"""What ranking reads of the rows of a scope, as parallel arrays that grow.

What lives here: the layout, the conversion from `Item`, growth and renumbering.
What does not: which rows live (`scope`), terms (`postings`), scores (`signals`).

Vectors are kept as whole numbers in float32: components of a unit vector times `VECTOR_SCALE`, rounded. A dot product of two such
vectors then has partial sums below 2**24, which float32 adds without rounding, so it is the same number whatever the order
of addition, the row's place in the matrix or the library's kernel. Equal texts get equal scores, and a scope ranks the same
whether it was kept warm or loaded again. Rounding moves a cosine by about 1e-4; the int8 model itself by 7e-3.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.domain.columns import ItemColumns
from service.domain.kinds import PASSAGE, MemoryType
from service.retrieval.links import Links
from service.retrieval.sources import excerpts_in, place_of, successor_in

DIMENSIONS = 384
VECTOR_SCALE = 4080.0
"""(4080 + sqrt(384) / 2) squared is below 2**24, also for vectors whose length float16 rounded up a little."""
NEVER = np.iinfo(np.int64).max
ALWAYS = np.iinfo(np.int64).min
KINDS = (PASSAGE, *(str(kind) for kind in MemoryType))
"""A row's `kind` is an index into this tuple."""
USER, ASSISTANT, NOBODY = 1, 2, 0
"""Codes of `role`."""
LOG_SCALE = 1024
"""Logarithms of lengths are kept as whole numbers of this fraction, so that sums of them are exact."""

_LOG_LENGTHS = np.array([round(LOG_SCALE * math.log1p(words)) for words in range(4096)], np.float32)
_ROLES = {"user": USER, "assistant": ASSISTANT}
_KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
_ENDS_ASKING = re.compile(r"[?\uff1f\u061f]\W{0,8}(?:[\[(][^\])]{0,1000}[\])]\s*)?\Z")
"""A question mark, then at most closing marks and one remark in brackets."""
_ENDS_TELLING = frozenset(".!,")
"""How most texts end: spares them the search."""
_FIRST_CAPACITY = 64

_LAYOUT = {
    "length": np.int32,
    "log_words": np.float32,
    "kind": np.int8,
    "role": np.int8,
    "speaker": np.int32,
    "session": np.int32,
    "conversation": np.int32,
    "number": np.int32,
    "place": np.int32,
    "metadata": np.int32,
    "has_time_word": np.float32,
    "said_time": np.int64,
    "event_time": np.int64,
    "valid_from": np.int64,
    "valid_until": np.int64,
    "confidence": np.float32,
    "is_live": np.bool_,
    "is_chunk": np.bool_,
    "asks": np.bool_,
}


class Codes:
    """Strings as small numbers, in order of first use."""

    def __init__(self) -> None:
        """Start empty."""
        self.numbers: dict[str, int] = {}

    def of(self, names: Iterable[str]) -> list[int]:
        """The numbers of strings, new ones where they were not seen before."""
        numbers = self.numbers
        return [numbers.setdefault(name, len(numbers)) for name in names]

    def one(self, name: str) -> int:
        """The number of one string."""
        return self.numbers.setdefault(name, len(self.numbers))

    def keep(self, numbers: list[int]) -> None:
        """Renumber: the string of `numbers[i]` gets number i, all others go."""
        names = self.names
        self.numbers = {names[old]: new for new, old in enumerate(numbers)}

    @property
    def names(self) -> list[str]:
        """All strings, by number."""
        return list(self.numbers)


class Columns:
    """Parallel arrays of `rows` rows; each attribute of the layout is a view of exactly that length."""

    __slots__ = ("_arrays", "_vectors", "codes", "excerpts", "rows", "successors")

    def __init__(self) -> None:
        """Start empty."""
        self.rows = 0
        self.codes = {name: Codes() for name in ("speaker", "session", "conversation", "place", "metadata")}
        self.excerpts = Links()
        """From memories to the excerpts they came from."""
        self.successors = Links()
        """From superseded memories to what superseded them."""
        self._vectors: NDArray[np.float32] = np.zeros((0, DIMENSIONS), np.float32)
        self._arrays: dict[str, NDArray[np.generic]] = {name: np.zeros(0, kind) for name, kind in _LAYOUT.items()}

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(rows, 384), whole numbers: see the top of the file."""
        return self._vectors[: self.rows]

    def floats(self, name: str) -> NDArray[np.float32]:
        """A column of float32: `log_words` (in 1/LOG_SCALE), `has_time_word` (0 or 1), `confidence`."""
        return self._arrays[name][: self.rows]  # type: ignore[return-value]

    def times(self, name: str) -> NDArray[np.int64]:
        """A column of microseconds since 1970: `said_time`, `event_time`, `valid_from`, `valid_until`."""
        return self._arrays[name][: self.rows]  # type: ignore[return-value]

    def numbers(self, name: str) -> NDArray[np.int32]:
        """A column of codes or whole numbers: `length`, `kind`, `role`, `speaker`, `session`, `conversation`, ..."""
        return self._arrays[name][: self.rows]  # type: ignore[return-value]

    def flags(self, name: str) -> NDArray[np.bool_]:
        """A column of booleans: `is_live`, `is_chunk`, `asks` (the text ends with a question)."""
        return self._arrays[name][: self.rows]  # type: ignore[return-value]

    @property
    def size_bytes(self) -> int:
        """Memory held by the arrays, spare capacity included."""
        links = self.excerpts.size_bytes + self.successors.size_bytes
        return links + self._vectors.nbytes + sum(array.nbytes for array in self._arrays.values())

    def append(self, added: ItemColumns, lengths: NDArray[np.int32]) -> None:
        """Add rows at the end, live.

        Args:
            added: the rows.
            lengths: the number of terms of each.
        """
        first, self.rows = self.rows, self.rows + len(added)
        self._reserve(first)
        self._set_vectors(first, widen(added["vector"]))
        for name, values in self._values(added).items():
            self._arrays[name][first : self.rows] = values
        self._arrays["length"][first : self.rows] = lengths
        self._arrays["log_words"][first : self.rows] = _LOG_LENGTHS[np.clip(added["words"], 0, len(_LOG_LENGTHS) - 1)]
        self._arrays["is_live"][first : self.rows] = True
        self._link(first, added)

    def _link(self, first: int, added: ItemColumns) -> None:
        place, details, until = self.codes["place"].one, added["details"], added["valid_until"]
        memories = [at for at, kind in enumerate(added["kind"]) if kind != PASSAGE]
        ended = [at for at in memories if until[at] is not None]
        self.excerpts.add([(first + at, place(excerpt)) for at in memories for excerpt in excerpts_in(details[at])])
        self.successors.add([(first + at, place(successor)) for at in ended for successor in successor_in(details[at])])

    def keep(self, kept: NDArray[np.int32]) -> None:
        """Renumber: row `kept[i]` becomes row i, all others go, with the strings that only they used."""
        self._vectors = self.vectors[kept]
        for name, array in self._arrays.items():
            self._arrays[name] = array[: self.rows][kept]
        self.rows = len(kept)
        self.excerpts.keep(kept)
        self.successors.keep(kept)
        for name in self.codes:
            self._keep_codes(name)

    def _keep_codes(self, name: str) -> None:
        links = (self.excerpts, self.successors) if name == "place" else ()
        numbers = np.concatenate((self.numbers(name), *(pointing.places for pointing in links)))
        used, renumbered = np.unique(numbers, return_inverse=True)
        self.codes[name].keep(used.tolist())
        ends = np.cumsum([self.rows, *(len(pointing.places) for pointing in links)])
        self._arrays[name], *others, _ = np.split(renumbered.astype(np.int32), ends)
        for pointing, places in zip(links, others, strict=True):
            pointing.rename(places)

    def _values(self, added: ItemColumns) -> dict[str, Sequence[int] | Sequence[float] | Sequence[bool]]:
        codes = self.codes
        return {
            "kind": [_KIND_CODES.get(kind, 0) for kind in added["kind"]],
            "role": list(map(_role_of, added["role"], added["kind"], added["speaker"])),
            "speaker": codes["speaker"].of(map(str.casefold, added["speaker"])),
            "session": codes["session"].of(added["session"]),
            "conversation": codes["conversation"].of(added["conversation"]),
            "number": added["number"],
            "place": codes["place"].of(map(place_of, added["item_id"], added["parent"])),
            "metadata": codes["metadata"].of(added["metadata"]),
            "has_time_word": added["has_time_word"],
            "said_time": added["said_time"],
            "event_time": [NEVER if time is None else time for time in added["event_time"]],
            "valid_from": [ALWAYS if time is None else time for time in added["valid_from"]],
            "valid_until": [NEVER if time is None else time for time in added["valid_until"]],
            "confidence": added["confidence"],
            "is_chunk": [parent != "" for parent in added["parent"]],
            "asks": list(map(_ends_asking, added["text"])),
        }

    def _set_vectors(self, held: int, added: NDArray[np.float32]) -> None:
        """Put vectors behind the first `held`. The first ones are taken as they are: copying a loaded scope would cost a third of it."""
        if held == 0:
            self._vectors = added
            return
        if self.rows > len(self._vectors):
            self._vectors = _grown(self._vectors, held, self.rows)
        self._vectors[held : self.rows] = added

    def _reserve(self, held: int) -> None:
        """Make room for `rows` rows in all other columns, of which `held` are filled."""
        for name, array in self._arrays.items():
            if self.rows > len(array):
                self._arrays[name] = _grown(array, held, self.rows)


def _ends_asking(text: str) -> bool:
    return text.endswith("?") or (text[-1:] not in _ENDS_TELLING and _ENDS_ASKING.search(text) is not None)


def _grown(array: NDArray[Any], held: int, rows: int) -> NDArray[Any]:
    """A copy of the first `held` rows with room for `rows` and, where it has grown before, for half as many again."""
    capacity = max(_FIRST_CAPACITY, rows, held + held // 2)
    copy = np.empty((capacity, *array.shape[1:]), array.dtype)
    copy[:held] = array[:held]
    return copy


def _role_of(role: str, kind: str, speaker: str) -> int:
    """Whose words it is; a memory about the user counts as the user's."""
    if not role and kind != PASSAGE and speaker.casefold() == "user":
        return USER
    return _ROLES.get(role, NOBODY)


def widen(vectors: Sequence[bytes]) -> NDArray[np.float32]:
    """Stored vectors (384 little-endian float16 each) as whole numbers in float32, (n, 384).

    A vector of another length or with values that are no number counts as all zero: it is found by its words only.
    """
    size = 2 * DIMENSIONS
    joined = b"".join(vector if len(vector) == size else bytes(size) for vector in vectors)
    return _rounded(np.frombuffer(joined, "<f2").reshape(len(vectors), DIMENSIONS).astype(np.float32))


def whole(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors as whole numbers in float32: see the top of the file."""
    return _rounded(vectors.astype(np.float32))


def _rounded(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same array, scaled and rounded in place."""
    vectors *= np.float32(VECTOR_SCALE)
    np.rint(vectors, out=vectors)
    if not np.isfinite(vectors.sum()):
        vectors[~np.isfinite(vectors).all(axis=1)] = 0
    return vectors
