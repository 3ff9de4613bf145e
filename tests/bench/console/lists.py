"""What officers look at: every list of the console with every filter, near the front and far back, and every search.

Values are drawn from the crowd: common ones and rare ones, because a plan that is good for one may be bad for the
other.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from idp.factors.assurance import ACR_VALUES
from idp.sessions.rating import ANY_SIGN, SIGN_NAMES
from tests.bench.console.browsing import Look
from tests.bench.crowd import accounts
from tests.bench.crowd.draws import KIOSK, network_of, site
from tests.bench.crowd.sessions import RARE_SITE
from tests.bench.crowd.sizes import SITES, Sizes

Filters = dict[str, str]
Query = Callable[[str], list[str]]
"""Answers a statement with its rows, each as text."""

SESSIONS, EVENTS, CLIENTS = "/console/sessions", "/console/events", "/console/clients"
ACCOUNTS: Final = "/console/accounts"
GRANTS: Final = "/console/grants"
_SPREAD: Final = (0.1, 0.5, 0.9, 0.999)
_SOME: Final = 4


@dataclass(frozen=True, slots=True)
class Case:
    """Looks that are timed together. ``table`` is where a list's lines come from; ``by`` is which of the officers
    looks.
    """

    name: str
    looks: list[Look]
    table: str = ""
    by: int = 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """A crowd that is there, to draw values from."""

    sizes: Sizes
    query: Query
    # The ids in the order of the lists, at these places from the front.
    _ids: dict[str, list[str]] = field(default_factory=dict)

    def cases(self) -> Iterator[Case]:
        """Yield everything that is to be timed."""
        yield from self._session_cases()
        yield from self._event_cases()
        yield from self._grant_cases()
        yield from self._search_cases()
        yield from self._other_cases()

    def places(self, table: str) -> list[str]:
        """Return ids of a table, from near the front to the very end."""
        if table not in self._ids:
            total = int(self.query(f"SELECT count(*) FROM {table}")[0])
            offsets = [int(share * total) for share in _SPREAD]
            self._ids[table] = [
                self.query(f"SELECT id FROM {table} ORDER BY id DESC OFFSET {offset} LIMIT 1")[0] for offset in offsets
            ]
        return self._ids[table]

    def usernames(self) -> list[str]:
        """Return usernames of a few accounts."""
        return [accounts.username(number) for number in self.numbers()]

    def numbers(self) -> list[int]:
        """Return the numbers of a few accounts, among them the busiest."""
        return [KIOSK, *(self.sizes.accounts * place // _SOME for place in range(1, _SOME))]

    def _session_cases(self) -> Iterator[Case]:
        filters: dict[str, list[dict[str, str]]] = {
            "live": [{}],
            "ended": [{"state": "ended"}],
            "all": [{"state": "all"}],
            "of an account": [{"account": name, "state": "all"} for name in self.usernames()],
            "live, of an account": [{"account": name} for name in self.usernames()],
            "at a common site": [{"client": site(0)}, {"client": site(0), "state": "all"}],
            "at other sites": [{"client": site(SITES * place // 4), "state": "all"} for place in range(1, 4)],
            "at the rarest site": [{"client": RARE_SITE, "state": "all"}, {"client": RARE_SITE}],
            "from a network": [{"network": network_of(share), "state": "all"} for share in (0, 0.1, 0.5, 0.9, 0.99)],
            "from a wide network": [{"network": text, "state": "all"} for text in ("36.0.0.0/8", "40.110.0.0/16")],
            "from a region": [{"region": "Region 96", "state": "all"}, {"region": "Region 125"}],
            "of an operator": [{"operator": "AS361", "state": "all"}, {"operator": "Operator AS366"}],
            "from nowhere": [{"region": "nowhere", "state": "all"}],
            "live, from a network": [{"network": network_of(share)} for share in (0, 0.5, 0.99)],
            "by method": [{"method": kind} for kind in ("password", "passkey", "totp", "recovery_code")],
            "by method, all": [{"method": kind, "state": "all"} for kind in ("password", "passkey", "recovery_code")],
            "by level": [{"acr": acr} for acr in ACR_VALUES],
            "by level, all": [{"acr": acr, "state": "all"} for acr in ACR_VALUES],
            "of a device": [{"device": one, "state": "all"} for one in (self._sample("id", "device"), self._counter())],
            "live, of a device": [{"device": self._counter()}],
            "by risk": [{"risk": sign} for sign in (ANY_SIGN, *SIGN_NAMES)],
            "by risk, all": [{"risk": sign, "state": "all"} for sign in (ANY_SIGN, *SIGN_NAMES)],
            "risk and site": [{"risk": "after_failures", "client": site(0), "state": "all"}],
            "by age": [{"age": age, "state": "all"} for age in ("1h", "24h", "30d")],
            "site, method and age": [{"client": site(9), "method": "passkey", "age": "24h", "state": "all"}],
            "network and site": [{"network": network_of(0.2), "client": site(0), "state": "all"}],
        }
        return self._pages("sessions", SESSIONS, "op_session", filters)

    def _grant_cases(self) -> Iterator[Case]:
        offline, everything = {"use": "offline"}, {"state": "all"}
        filters: dict[str, list[dict[str, str]]] = {
            "in force": [{}],
            "all": [everything],
            "also after signing out": [offline, offline | everything],
            "while signed in": [{"use": "session"}],
            "of an account": [{"account": name} | everything for name in self.usernames()],
            "in force, of an account": [{"account": name} for name in self.usernames()],
            "of an account at a site": [{"account": accounts.username(KIOSK), "client": RARE_SITE} | everything],
            "at a common site": [{"client": site(0)}, {"client": site(0)} | everything, {"client": site(0)} | offline],
            "at other sites": [{"client": site(SITES * place // 4)} | everything for place in range(1, 4)],
            "at the rarest site": [{"client": RARE_SITE} | everything, {"client": RARE_SITE}],
            "by age": [{"age": age} | everything for age in ("1h", "24h", "30d", "older")],
            "site and age": [{"client": site(9), "age": "older"} | everything],
        }
        yield from self._pages("grants", GRANTS, "authorization_grant", filters)
        scope = {"client": site(0), "scope": "phone"}
        yield Case(
            "grants: a scope that nobody has", [_look(GRANTS, scope | more) for more in ({}, everything, offline)]
        )

    def _event_cases(self) -> Iterator[Case]:
        common, rare = "session.opened", "token.refresh_replayed"
        old = {"since": "2020-01-01 00:00", "until": self._long_ago()}
        filters: dict[str, list[dict[str, str]]] = {
            "all": [{}],
            "of an account": [{"account": name} for name in self.usernames()],
            "of a site": [{"client": site(0)}, {"client": site(SITES // 2)}, {"client": RARE_SITE}],
            "by action": [{"action": common}, {"action": rare}, {"action": "audit.erased"}],
            "by an officer": [{"actor": self._officer()}],
            "by nobody": [{"actor": "system"}],
            "without what monitors do": [{"hide": common}],
            "from a region": [{"region": "Region 96"}, {"region": "CN Region 125"}, {"region": "nowhere"}],
            "of an operator": [{"operator": "AS361"}, {"operator": "366"}],
            "of a request": [{"request": self._sample("request_id", "audit_event")}],
            "long ago": [old, old | {"action": rare}, old | {"client": site(SITES // 2)}],
            "action of an account": [{"account": accounts.username(KIOSK), "action": rare}],
            "action at a site": [{"client": site(SITES // 2), "action": rare}, {"client": site(0), "action": rare}],
        }
        return self._pages("events", EVENTS, "audit_event", filters)

    def _pages(self, name: str, path: str, table: str, filters: dict[str, list[dict[str, str]]]) -> Iterator[Case]:
        for label, given in filters.items():
            yield Case(f"{name}: {label}", [_look(path, one) for one in given], table)
            back = [_look(path, one | {"before": row}) for one in given for row in self.places(table)]
            forward = [_look(path, one | {"after": row}) for one in given for row in self.places(table)[2:]]
            yield Case(f"{name}: {label}, far back", back + forward, table)

    def _search_cases(self) -> Iterator[Case]:
        numbers = self.numbers()
        found = {
            "username": [accounts.username(one) for one in numbers],
            "phone number": [accounts.phone(one) for one in numbers],
            "e-mail address": [accounts.email(one) for one in numbers],
            "ID number": [accounts.id_number(one) for one in numbers],
            "account id": [self._sample("id", "account")],
            "sub": [self._sample("sub", "subject")],
            "session id": self.places("op_session"),
            "sid": [self._sample("sid", "client_session")],
            "event id": self.places("audit_event"),
            "request id": [self._sample("request_id", "audit_event")],
            "what is not there": ["nobody", "ABCDEFGH", "+8613700000000", "00000000-0000-7000-8000-000000000000"],
        }
        for label, texts in found.items():
            yield Case(f"search: {label}", [Look("/console/search", (("q", text),)) for text in texts])

    def _other_cases(self) -> Iterator[Case]:
        people = [self._account_id(number) for number in self.numbers()]
        lists: list[Filters] = [
            {},
            {"kind": "staff"},
            *({"state": state} for state in ("open", "locked")),
            *({"level": level} for level in ("1", "2")),
            *({"factor": kind} for kind in ("password", "totp", "passkey")),
            {"agency": "bench"},
        ]
        seen = [{"seen": span} for span in ("1h", "24h", "7d")]
        risk = [{"risk": sign} for sign in (ANY_SIGN, *SIGN_NAMES)]
        yield from self._pages(
            "accounts", ACCOUNTS, "account", {"all": lists, "by last sign-in": seen, "by risk": risk}
        )
        yield Case("account", [Look(f"/console/accounts/{one}") for one in people])
        yield Case("session", [Look(f"{SESSIONS}/{one}") for one in self.places("op_session")])
        yield Case("event", [Look(f"{EVENTS}/{one}") for one in self.places("audit_event")])
        yield Case("clients", [_look(CLIENTS, one) for one in ({}, {"text": "199"}, {"agency": "bench"})])
        yield Case("clients, far back", [_look(CLIENTS, {"after": site(150)})])
        yield Case("client", [Look(f"{CLIENTS}/{site(0)}")])
        yield Case("deliveries", [Look("/console/deliveries")])
        yield Case("requests", [Look("/console/requests")])
        for window in ("1h", "6h", "24h"):
            yield Case(f"hunts: {window}", [_look("/console/hunts", {"window": window})])
        spans: list[Filters] = [{}, *({"window": "30d", "speed": speed} for speed in ("900", "3000", "100"))]
        yield from self._pages("travels", "/console/hunts/travels", "travel", {"all": spans})
        yield Case("overview", [_look("/console", {"window": window}) for window in ("1h", "6h", "24h")])
        yield Case("health", [Look("/console/health")], by=2)
        yield Case("keys", [Look("/console/keys")], by=1)
        yield Case("staff", [Look("/console/staff")])

    def _sample(self, column: str, table: str) -> str:
        return self.query(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL OFFSET 1000 LIMIT 1")[0]

    def _account_id(self, number: int) -> str:
        return self.query(f"SELECT id FROM account WHERE username = '{accounts.username(number)}'")[0]

    def _counter(self) -> str:
        return self.query("SELECT min(id::text) FROM device WHERE digest = sha256('counter')")[0]

    def _officer(self) -> str:
        return self.query(
            "SELECT actor FROM audit_event WHERE actor LIKE 'account:%' GROUP BY 1 HAVING count(*) > 99"
            " ORDER BY count(*) DESC LIMIT 1"
        )[0]

    def _long_ago(self) -> str:
        moment = "to_timestamp(min(occurred_at) / 1000000 + 86400) AT TIME ZONE 'Asia/Shanghai'"
        return self.query(f"SELECT to_char({moment}, 'YYYY-MM-DD HH24:MI') FROM audit_event")[0]


def _look(path: str, given: dict[str, str]) -> Look:
    return Look(f"{path}?{urlencode(given)}" if given else path)
