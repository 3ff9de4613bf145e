"""The cache rule (rule 6): trusted while one counter stands still, read at most every half second, void after one."""

import pytest
from sqlalchemy.exc import OperationalError

from idp.registry.cache import VersionedCache
from idp.registry.errors import RegistryUnavailable

pytestmark = pytest.mark.unit


class Source:
    """A database of one value, with a counter, a clock and a plug."""

    def __init__(self) -> None:
        self.version, self.value, self.now = 1, "old", 0.0
        self.counted = self.loaded = 0
        self.is_down = False
        self.cache: VersionedCache[str] = VersionedCache(self.read_version, timer=lambda: self.now)

    def read_version(self) -> int:
        self.counted += 1
        self._answer()
        return self.version

    def load(self, key: str) -> str | None:
        self.loaded += 1
        self._answer()
        return self.value if key == "known" else None

    def _answer(self) -> None:
        if self.is_down:
            raise OperationalError("SELECT", {}, Exception("down"))

    def get(self, key: str = "known") -> str | None:
        return self.cache.get(key, self.load)


@pytest.fixture
def source() -> Source:
    return Source()


def test_counter_is_read_at_most_every_half_second(source: Source):
    for _ in range(100):
        source.get()
    source.now = 0.49
    source.get()
    assert (source.counted, source.loaded) == (1, 1)
    source.now = 0.5
    source.get()
    assert (source.counted, source.loaded) == (2, 1)


def test_moved_counter_makes_everything_forgotten(source: Source):
    source.get()
    source.version, source.value, source.now = 2, "new", 0.5
    assert source.get() == "new"


def test_what_is_unknown_is_not_remembered(source: Source):
    """Such keys come from strangers, who could fill the memory with them."""
    assert [source.get("stranger") for _ in range(3)] == [None, None, None]
    assert source.loaded == 3


def test_value_loaded_before_a_change_does_not_outlive_it(source: Source):
    """Another thread sees the counter move while this one is still loading the old value."""

    def load_slowly(_key: str) -> str:
        old = source.value
        source.version, source.value, source.now = 2, "new", source.now + 0.5
        source.get("stranger")
        return old

    assert source.cache.get("known", load_slowly) == "old"
    assert source.get() == "new"


def test_cache_outlives_a_short_failure_and_is_void_after_a_second(source: Source):
    source.get()
    source.is_down, source.now = True, 0.9
    assert source.get() == "old"
    source.now = 1.0
    with pytest.raises(RegistryUnavailable):
        source.get()
    source.is_down, source.value = False, "new"
    assert source.get() == "new"


def test_uncached_value_of_a_database_that_is_down_is_unavailable(source: Source):
    source.get()
    source.is_down, source.now = True, 0.1
    with pytest.raises(RegistryUnavailable):
        source.get("other")


def test_own_change_is_seen_at_once(source: Source):
    source.get()
    source.version, source.value = 2, "new"
    source.cache.forget()
    assert source.get() == "new"
