"""How often a request asks the database (architecture: the hot paths; rules P1 and P4). Counted, not timed."""

import re

import pytest

from tests.protocol.conftest import refused
from tests.support.statements import watched

OFFLINE = "openid profile offline_access"


def test_a_silent_authorization_is_one_select_and_one_insert(tax, visitor, services, clock):
    visitor.tokens(tax)
    with watched(services.database) as seen:
        assert "code" in tax.authorize(visitor.browser).answer
    assert seen.kinds == ["SELECT", "INSERT"]
    assert seen.commits == 0, "the code is inserted by the autocommitting engine that waits for no disk"

    clock.advance(61)
    with watched(services.database) as seen:
        assert "code" in tax.authorize(visitor.browser).answer
    assert seen.kinds == ["SELECT", "UPDATE", "INSERT"], "once a minute the session is noted as in use"


def test_a_request_without_a_session_asks_nothing(tax, browser, services):
    tax.authorize(browser, prompt="none")
    with watched(services.database) as seen:
        assert tax.authorize(browser, prompt="none").answer["error"] == "login_required"
    assert seen.kinds == []


def test_a_code_is_redeemed_by_one_select_and_one_write(tax, visitor, services):
    """Rule P1, decision 0008: the claim, the audit event and the family commit together."""
    code = visitor.code(tax)
    with watched(services.database) as seen:
        assert tax.redeem(code).status_code == 200
    assert seen.texts.pop(0).startswith("SELECT")
    _is_one_write(services, seen, ["UPDATE", "INSERT", "INSERT"])


def test_a_refresh_is_one_write(tax, visitor, services):
    """Rule P2, decisions 0008 and 0017: the token itself says what was granted."""
    token = visitor.tokens(tax)["refresh_token"]
    with watched(services.database) as seen:
        assert tax.refresh(token).status_code == 200
    _is_one_write(services, seen, ["UPDATE", "INSERT"])


def test_an_honest_retry_asks_how_far_the_family_has_come(tax, visitor, services):
    token = visitor.tokens(tax)["refresh_token"]
    following = tax.refresh(token).get_json()["refresh_token"]
    with watched(services.database) as seen:
        assert tax.refresh(token).get_json()["refresh_token"] == following
    assert seen.kinds == (
        ["WITH", "SELECT", "WITH"]
        if services.database.dialect == "postgresql"
        else ["UPDATE", "SELECT", "UPDATE", "INSERT"]
    )


def test_a_forged_refresh_token_asks_nothing(tax, visitor, services):
    token = visitor.tokens(tax)["refresh_token"]
    forged = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    with watched(services.database) as seen:
        assert refused(tax.refresh(forged), "invalid_grant")
        assert not tax.post("/introspect", token=forged).get_json()["active"]
        assert tax.post("/revoke", token=forged).status_code == 200
    assert seen.kinds == []


def _is_one_write(services, seen, parts):
    """All that is written: one statement on PostgreSQL, one transaction on SQLite."""
    if services.database.dialect == "postgresql":
        assert seen.kinds == ["WITH"]
        assert seen.commits == 0, "the statement commits by itself"
        assert [seen.texts[0].count(f"({part} ") for part in ("UPDATE", "INSERT")] == [1, len(parts) - 1]
    else:
        assert seen.kinds == parts
        assert seen.commits == 1


def test_userinfo_and_introspection_ask_once(tax, visitor, services):
    """Rule P5: the token is verified here, only the grant is looked up."""
    token = visitor.tokens(tax)["access_token"]
    with watched(services.database) as seen:
        assert tax.userinfo(token).status_code == 200
    assert seen.kinds == ["SELECT"]
    with watched(services.database) as seen:
        assert tax.post("/introspect", token=token).get_json()["active"]
    assert seen.kinds == ["SELECT"]


@pytest.mark.only_on("postgresql")
def test_what_is_read_by_the_thousand_is_found_by_its_index(tax, visitor, services):
    """Plans are kept while tables grow: each of them can do without reading a table through."""
    token = visitor.tokens(tax)["access_token"]
    with watched(services.database) as seen:
        tax.authorize(visitor.browser)
        tax.userinfo(token)
        tax.post("/introspect", token=token)
    read = [text for text in seen.texts if text.startswith("SELECT")]
    assert len(read) == 3
    with services.database.transaction() as connection:
        # The tables here have a few rows, which nobody would look for by an index.
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for number, text in enumerate(read):
            connection.exec_driver_sql(f"PREPARE probe_{number} AS {text}")
            nothing = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", text))))
            plan = connection.exec_driver_sql(f"EXPLAIN EXECUTE probe_{number}({nothing})").scalars().all()
            assert not any("Seq Scan" in line for line in plan), "\n".join(plan)


def test_client_credentials_documents_and_garbage_ask_nothing(tax, client, services):
    """Rule A3: such calls are counted in memory, one audit event a client and minute."""
    assert tax.token(grant_type="client_credentials").status_code == 200
    with watched(services.database) as seen:
        assert tax.token(grant_type="client_credentials").status_code == 200
        assert client.get("/.well-known/openid-configuration").status_code == 200
        assert client.get("/.well-known/oauth-authorization-server").status_code == 200
        assert client.get("/jwks.json").status_code == 200
        assert tax.userinfo("a.b.c").status_code == 401
        assert not tax.post("/introspect", token="a.b.c").get_json()["active"]
        assert refused(tax.token(grant_type="password"), "unsupported_grant_type")
    assert seen.kinds == []
    assert seen.commits == 0


def test_a_wrong_secret_opens_no_transaction(tax, visitor, services):
    """A flood of wrong secrets holds up nobody who writes."""
    code = visitor.code(tax)
    right, tax.client_secret = tax.client_secret, "wrong"
    with watched(services.database) as seen:
        assert refused(tax.redeem(code), "invalid_client", 401)
        assert refused(tax.refresh("x" * 80), "invalid_client", 401)
    assert (seen.kinds, seen.commits) == ([], 0)
    tax.client_secret = right
    assert tax.redeem(code).status_code == 200, "and burns no code"


def test_a_minute_of_calls_becomes_one_event_for_each_client(tax, welfare, services, clock):
    """Rule A3."""
    for site in (tax, tax, welfare):
        assert site.token(grant_type="client_credentials").status_code == 200
    assert not _counted(services)
    clock.advance(60)
    tax.token(grant_type="client_credentials")
    assert _counted(services) == [("tax", "client_credentials", 2), ("welfare", "client_credentials", 1)]
    services.protocol.tally.flush()
    assert len(_counted(services)) == 3


def _counted(services):
    records = [record for record in services.audit.export() if record.action == "client.calls"]
    return [(record.client_id, record.detail["call"], record.detail["count"]) for record in records]
