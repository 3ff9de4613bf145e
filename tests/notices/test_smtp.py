"""Handing notices to a real mail server, on a good day and on bad ones (RFC 5321, RFC 3207)."""

import time

import pytest

from idp.foundation.mail_route import MailRoute
from idp.foundation.settings import Settings
from idp.notices.smtp import SMTPSender
from tests.notices.conftest import LETTER
from tests.support.mail_server import HOST, MailServer, make_context

ADDRESS = "zhang.san@example.gov.cn"


def sender(settings: Settings, address: str) -> SMTPSender:
    return SMTPSender(MailRoute.parse(address), settings)


def test_a_notice_arrives_whole_over_tls(write, attempt, mail_server):
    write(ADDRESS)
    assert [one.result for one in attempt()] == ["delivered"]
    (letter,) = mail_server.letters
    assert mail_server.commands[:3] == ["EHLO", "STARTTLS", "EHLO"]
    assert mail_server.recipients == [ADDRESS]
    assert letter["To"] == ADDRESS
    assert letter["From"].addresses[0].addr_spec == "no-reply@localhost"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "http://localhost:8000/account" in letter.get_content()


@pytest.mark.parametrize(("locale", "words"), [("zh-Hans", "您"), ("en", "A way to sign in was added")])
def test_a_notice_is_in_the_language_of_its_recipient(write, attempt, mail_server, locale, words):
    write(ADDRESS, locale=locale)
    attempt()
    assert words in mail_server.letters[0].get_content()
    assert mail_server.letters[0]["Content-Language"] == locale


def test_a_user_and_a_password_are_sent_after_tls_only(settings, mail_server):
    mail_server.user = ("idp@example", "s3cret/+")
    address = f"smtp://idp%40example:s3cret%2F%2B@{HOST}:{mail_server.port}"
    assert sender(settings, address).examine().result == "delivered"
    assert mail_server.commands.index("AUTH") > mail_server.commands.index("STARTTLS")
    refused = sender(settings, address.replace("s3cret", "wrong")).examine()
    assert refused.result == "retry"
    assert "did not accept the user and password of IDP_SMTP_URL (535)" in refused.error
    assert "idp@example" not in refused.error


def test_tls_from_the_first_byte(settings, certificate):
    server = MailServer(certificate[0], tls_from_the_start=True)
    assert sender(settings, f"smtps://{HOST}:{server.port}").examine().result == "delivered"
    assert "STARTTLS" not in server.commands
    server.close()


def test_nothing_is_said_to_a_server_without_starttls(write, attempt, mail_server):
    """RFC 8314 §3: whoever takes STARTTLS out of the offers gets nothing."""
    mail_server.tls = None
    write(ADDRESS)
    (ended,) = attempt()
    assert (ended.result, mail_server.letters) == ("retry", [])
    assert "STARTTLS" in ended.error
    assert "MAIL" not in mail_server.commands


def test_a_server_of_another_name_or_authority_gets_nothing(settings, certificate, tmp_path):
    other = MailServer(make_context(tmp_path / "other", "mail.elsewhere.example")[0])
    refused = sender(settings, f"smtp://{HOST}:{other.port}").examine()
    assert "certificate that is not trusted" in refused.error
    other.close()
    by_address = MailServer(certificate[0])
    refused = sender(settings, f"smtp://127.0.0.1:{by_address.port}").examine()
    assert "certificate that is not trusted" in refused.error
    by_address.close()


@pytest.mark.parametrize(
    ("verb", "answer", "result", "words"),
    [
        ("BANNER", "421 4.3.2 busy", "retry", "is not ready (421)"),
        ("BANNER", "554 5.3.2 closed", "retry", "is not ready (554)"),
        ("MAIL", "451 4.1.0 later", "retry", "refused the sender of IDP_SMTP_FROM (451)"),
        ("MAIL", "550 5.7.1 not you", "retry", "refused the sender of IDP_SMTP_FROM (550)"),
        ("RCPT", "450 4.2.1 zhang.san later", "retry", "does not take the recipient now (450)"),
        ("RCPT", "550 5.1.1 zhang.san unknown", "hopeless", "refused the recipient (550)"),
        ("DATA", "451 4.3.0 later", "retry", "does not take the letter now (451)"),
        ("DATA", "554 5.6.0 never", "hopeless", "refused the letter (554)"),
        (".", "452 4.3.1 disk full", "retry", "does not take the letter now (452)"),
        (".", "554 5.7.1 spam: zhang.san", "hopeless", "refused the letter (554)"),
        ("STARTTLS", "454 4.7.0 not now", "retry", "is not ready (454)"),
    ],
)
def test_what_a_server_refuses_is_told_in_our_words(write, attempt, mail_server, verb, answer, result, words):
    """The server's own words may name the recipient, so they are never kept."""
    mail_server.answers[verb] = answer
    write(ADDRESS)
    (ended,) = attempt()
    assert (ended.result, mail_server.letters) == (result, [])
    assert words in ended.error
    assert "zhang" not in ended.error


@pytest.mark.parametrize("verb", ["BANNER", "STARTTLS", "MAIL", "RCPT", "DATA", "."])
def test_a_server_that_breaks_off_is_tried_again(write, attempt, mail_server, clock, verb):
    mail_server.breaks_at = {verb}
    write(ADDRESS)
    assert [one.result for one in attempt()] == ["retry"]
    mail_server.breaks_at = set()
    clock.advance(seconds=2)
    assert [one.result for one in attempt()] == ["delivered"]
    # Once the letter had gone over nobody can know: it is sent again, and its Message-ID tells.
    assert len(mail_server.letters) == (2 if verb == "." else 1)
    assert len({letter["Message-ID"] for letter in mail_server.letters}) == 1


@pytest.mark.parametrize("verb", ["BANNER", "MAIL", "."])
@pytest.mark.parametrize("way", ["hangs_at", "drips_at"])
def test_a_server_that_hangs_or_drips_is_left_at_the_deadline(write, attempt, mail_server, verb, way):
    getattr(mail_server, way).add(verb)
    write(ADDRESS)
    started = time.monotonic()
    (ended,) = attempt()
    assert 1.5 < time.monotonic() - started < 8
    assert ended.result == "retry"
    assert "did not answer in time" in ended.error


@pytest.mark.parametrize(("way", "verb"), [("hangs_at", "QUIT"), ("breaks_at", "QUIT")])
def test_a_letter_that_was_taken_is_not_sent_again_because_the_parting_went_wrong(
    write, attempt, mail_server, way, verb
):
    getattr(mail_server, way).add(verb)
    write(ADDRESS)
    assert [one.result for one in attempt()] == ["delivered"]
    assert len(mail_server.letters) == 1


def test_no_server_at_all_is_told_in_words(settings, mail_server):
    mail_server.close()
    ended = sender(settings, f"smtp://{HOST}:{mail_server.port}").examine()
    assert (ended.result, "cannot be reached (Connection refused)" in ended.error) == ("retry", True)


@pytest.mark.parametrize(
    "name", ["税务\r\nBcc: all@example.gov.cn", "a\nb", "x" * 500, "=?utf-8?b?DQpCY2M6?=", "a\x01\x7fb"]
)
def test_no_name_becomes_a_header(write, attempt, mail_server, name):
    from idp.notices.values import CREDENTIAL_EXPIRING

    details = {"kind": "secret", "service": name, "client_id": "tax", "days": 3, "ends_at": LETTER["at"], "page": ""}
    write(ADDRESS, template=CREDENTIAL_EXPIRING, details=details, locale="en")
    attempt()
    (letter,) = mail_server.letters
    assert letter["Bcc"] is None
    assert mail_server.recipients == [ADDRESS]
    assert len(letter["Subject"]) <= 150


def test_a_letter_is_no_markup(write, attempt, mail_server):
    from idp.notices.values import CREDENTIAL_EXPIRING

    details = {
        "kind": "secret",
        "service": "<b>{{ issuer }} {% raw %} %(days)s</b>",
        "client_id": "tax",
        "days": 3,
        "ends_at": LETTER["at"],
        "page": "",
    }
    write(ADDRESS, template=CREDENTIAL_EXPIRING, details=details, locale="en")
    attempt()
    assert "the service <b>{{ issuer }} {% raw %} %(days)s</b> (tax)" in mail_server.letters[0].get_content()
