"""What is refused in a client's name stands in the log, for whoever runs the site; its library may say nothing."""

import pytest
from structlog.testing import capture_logs

pytestmark = pytest.mark.only_on("sqlite")


@pytest.fixture
def refused_in():
    """Do something; return the refusals that were logged meanwhile."""

    def run(*acts):
        with capture_logs() as lines:
            for act in acts:
                act()
        return [
            (line["client_id"], line["path"], line["error_code"], line["reason"])
            for line in lines
            if line["event"] == "refused"
        ]

    return run


def test_what_is_sent_back_to_the_site(tax, visitor, refused_in):
    [line] = refused_in(lambda: tax.authorize(visitor.browser, code_challenge=None, code_challenge_method=None))
    assert line == (
        "tax",
        "/authorize",
        "invalid_request",
        "The code_challenge is missing: this client must use PKCE with S256.",
    )


def test_what_a_machine_endpoint_answers(tax, refused_in):
    [line] = refused_in(lambda: tax.redeem("no-code-of-ours"))
    assert line[:3] == ("tax", "/token", "invalid_grant")


def test_where_a_site_would_send_people_who_have_signed_out(tax, visitor, refused_in):
    hint = visitor.tokens(tax)["id_token"]
    elsewhere = "http://localhost:8002/"
    [line] = refused_in(
        lambda: visitor.browser.get("/end_session", id_token_hint=hint, post_logout_redirect_uri=elsewhere)
    )
    assert line[:3] == ("tax", "/end_session", "invalid_request")
    assert elsewhere not in line[3]


def test_the_same_again_is_written_once_a_minute(tax, clock, refused_in):
    def redeem():
        tax.redeem("no-code-of-ours")

    assert len(refused_in(redeem, redeem, lambda: clock.advance(61), redeem)) == 2


def test_many_different_refusals_do_not_fill_the_log(services, refused_in):
    from idp.foundation.errors import ProtocolError

    def note(number):
        services.protocol.refusals.note("tax", "/token", ProtocolError("invalid_request", f"Number {number}."))

    assert len(refused_in(*(lambda number=number: note(number) for number in range(1000)))) == 200


def test_answers_to_a_client_without_fault_and_to_strangers_are_not_written(
    tax, new_browser, client, issuer, refused_in
):
    assert not refused_in(
        lambda: tax.authorize(new_browser(), prompt="none"),
        lambda: client.post("/token", base_url=issuer, data={"client_id": "nobody", "client_secret": "x"}),
    )
