"""Where a token request came from: a site's server is nobody's secret, a person's device is (rule A6)."""

from sqlalchemy import func, select

from idp.audit.models import AuditDetail, AuditEvent
from idp.audit.searching import EventFilter

TOKENS = ("token.issued", "token.refreshed")
HERE = "127.0.0.0/24"


def test_the_network_of_a_sites_server_stands_in_the_event(tax, visitor, services):
    tax.refresh(visitor.tokens(tax)["refresh_token"])
    assert _kept_beside(services) == 0
    for action in TOKENS:
        (record,) = services.event_search.page(EventFilter(action=action))
        assert record.network == HERE
        assert "network" not in record.detail, "it is shown once"


def test_the_network_of_a_persons_device_is_kept_beside_the_event(new_relying_party, visitor, services):
    app = new_relying_party("app", token_endpoint_auth_method="none")
    app.refresh(visitor.tokens(app)["refresh_token"])
    assert _kept_beside(services) == len(TOKENS)
    with services.database.read() as connection:
        events = connection.execute(select(AuditEvent.network_commitment, AuditEvent.detail).where(_IS_TOKENS)).all()
    assert all(commitment is not None and "network" not in detail for commitment, detail in events)
    for action in TOKENS:
        (record,) = services.event_search.page(EventFilter(action=action, network=HERE))
        assert record.network == HERE


_IS_TOKENS = AuditEvent.action.in_(TOKENS)


def _kept_beside(services):
    statement = select(func.count()).join_from(AuditDetail, AuditEvent, AuditEvent.id == AuditDetail.event_id)
    with services.database.read() as connection:
        return connection.scalar(statement.where(_IS_TOKENS))
