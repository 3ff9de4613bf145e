"""Both session stores keep the same promises, and the file keeps them over a restart and between processes."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rp_kit import SQLiteSessions
from rp_kit.sessions import SessionStore, SiteSession
from rp_kit.verification import LogoutToken

SESSION = SiteSession(
    sub="s",
    sid="1",
    claims={"name": "张三", "address": {"formatted": "北京"}},
    id_token="id",
    access_token="access",
    access_token_expires_at=700,
    refresh_token="refresh",
    issued_at=100,
    seen_at=100,
    ends_at=1000,
)


def logout(jti: str, issued_at: int = 200, sub: str | None = "s", sid: str | None = "1") -> LogoutToken:
    return LogoutToken(jti, issued_at, issued_at + 120, sub, sid)


def test_what_is_kept_is_read_back_unchanged(store: SessionStore) -> None:
    assert store.create("k", SESSION)
    assert store.load("k") == SESSION
    assert store.load("another") is None


def test_deleted_sign_in_is_gone(store: SessionStore) -> None:
    store.create("k", SESSION)
    store.delete("k")
    store.delete("never there")
    assert store.load("k") is None
    assert not store.replace("k", SESSION)


def test_note_of_use_does_not_undo_a_refresh(store: SessionStore) -> None:
    store.create("k", SESSION)
    assert store.replace("k", replace(SESSION, refresh_token="next"))
    store.touch("k", 150)
    store.touch("never there", 150)
    assert store.load("k") == replace(SESSION, refresh_token="next", seen_at=150)


def test_logout_ends_what_it_names_and_only_once(store: SessionStore) -> None:
    for key, session in {
        "mine": SESSION,
        "my other": replace(SESSION, sid="2"),
        "theirs": replace(SESSION, sub="t", sid="3"),
    }.items():
        store.create(key, session)
    assert store.end(logout("a", sid="1"), 9999)
    assert [store.load(key) is not None for key in ("mine", "my other", "theirs")] == [False, True, True]
    assert not store.end(logout("a", sid=None), 9999)
    assert store.load("my other") is not None
    assert store.end(logout("b", sid=None), 9999)
    assert [store.load(key) is not None for key in ("my other", "theirs")] == [False, True]


def test_ended_session_does_not_come_back_but_the_person_may(store: SessionStore) -> None:
    store.end(logout("a", issued_at=200), 9999)
    assert not store.create("k", replace(SESSION, issued_at=300))
    store.end(logout("b", issued_at=400, sid=None), 9999)
    assert not store.create("k", replace(SESSION, sid="2", issued_at=400))
    assert store.create("k", replace(SESSION, sid="2", issued_at=401))
    assert store.create("l", replace(SESSION, sub="t", sid="9"))


def test_what_is_over_is_dropped(store: SessionStore) -> None:
    store.create("old", SESSION)
    store.end(logout("a", sid="5"), 500)
    store.create("new", replace(SESSION, sid="2", seen_at=1000, ends_at=2000))
    assert store.load("old") is None
    assert store.end(logout("a", sid="5"), 3000)


def test_one_of_many_parallel_logouts_wins(store: SessionStore) -> None:
    together = threading.Barrier(12)

    def end(_: int) -> bool:
        together.wait()
        return store.end(logout("a"), 9999)

    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(end, range(12))) == [False] * 11 + [True]


def test_file_survives_a_restart_and_is_the_owners_alone(tmp_path) -> None:
    file = tmp_path / "folder" / "sessions.sqlite3"
    first = SQLiteSessions(file)
    first.create("k", SESSION)
    second = SQLiteSessions(file)
    assert second.load("k") == SESSION
    assert second.end(logout("a"), 9999)
    assert first.load("k") is None
    for sessions in (first, second):
        sessions.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
