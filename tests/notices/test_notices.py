"""Notices as they stand in the database: with what they tell of, once an address, encrypted, listed page by page."""

from contextlib import suppress

import pytest
from sqlalchemy import select

from idp.foundation.outbox import MOST_ATTEMPTS, OutboxMessage
from idp.notices.models import Notice
from idp.notices.values import CREDENTIAL_EXPIRING, MessageFilter
from tests.notices.conftest import LETTER
from tests.support.racing import together

ANY = MessageFilter()


def page(services, wanted=ANY, **at):
    return services.notices.page(wanted, **({"before": None, "after": None, "size": 50} | at))


@pytest.fixture
def given_up(write, services, clock):
    """A notice that was given up."""
    write("full@example.gov.cn")
    for _ in range(MOST_ATTEMPTS):
        clock.advance(hours=2)
        (lane,) = services.outbox.waiting_lanes()
        services.outbox.settle(services.outbox.claim(lane), "the mailbox is full")
    return page(services)[0]


def test_a_notice_commits_with_what_it_tells_of_or_not_at_all(services, write):
    with suppress(RuntimeError), services.database.transaction():
        write("a@example.gov.cn")
        raise RuntimeError
    assert (page(services), services.outbox.waiting_lanes()) == ([], [])


def test_an_address_gets_one_notice_however_often_it_is_named(write):
    assert write("a@example.gov.cn", "A@Example.gov.cn", "b@example.gov.cn") == 2


def test_every_mailbox_has_a_lane_of_its_own_that_tells_no_address(services, write):
    write("a@example.gov.cn", "b@example.gov.cn")
    write("a@example.gov.cn")
    lanes = services.outbox.waiting_lanes()
    assert len(set(lanes)) == 2
    assert all(lane.startswith("email:") and "example" not in lane for lane in lanes)


def test_no_address_stands_readable_in_the_database(services, write):
    write("zhang.san@example.gov.cn")
    with services.database.read() as connection:
        rows = [*connection.execute(select(Notice.__table__)), *connection.execute(select(OutboxMessage.__table__))]
    assert "zhang" not in str([list(row) for row in rows])


def test_a_ciphertext_moved_to_another_notice_is_not_sent(services, write, attempt, mail_server):
    write("a@example.gov.cn", "b@example.gov.cn")
    with services.database.transaction() as connection:
        stolen = connection.scalar(select(Notice.address).limit(1))
        connection.execute(Notice.__table__.update().values(address=stolen))
    from idp.keyring.errors import CiphertextBroken

    with pytest.raises(CiphertextBroken):
        attempt(), attempt()
    assert len(mail_server.letters) <= 1


def test_the_list_shows_masks_states_and_times(services, write, attempt, clock, mail_server):
    write("zhang.san@example.gov.cn")
    clock.advance(seconds=3)
    attempt()
    mail_server.answers["RCPT"] = "450 later"
    write("li.si@example.gov.cn")
    attempt()
    write("wang@example.gov.cn")
    waiting, retrying, delivered = page(services)
    assert [one.state for one in (waiting, retrying, delivered)] == ["waiting", "retrying", "delivered"]
    assert delivered.masked_address == "z***@example.gov.cn"
    assert (delivered.latency_seconds, delivered.due_at) == (3.0, None)
    assert (retrying.attempts, retrying.latency_seconds) == (1, None)
    assert retrying.due_at > clock.now()
    assert "zhang" not in repr(delivered)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (MessageFilter(channel="email"), 2),
        (MessageFilter(channel="sms"), 0),
        (MessageFilter(state="delivered"), 1),
        (MessageFilter(state="waiting", template="credential_expiring"), 1),
        (MessageFilter(state="waiting", template="factor_changed"), 0),
    ],
)
def test_filters_choose(services, write, attempt, wanted, count):
    write("a@example.gov.cn")
    attempt()
    details = {"kind": "key", "service": "x", "client_id": "x", "days": 3, "ends_at": LETTER["at"], "page": ""}
    write("b@example.gov.cn", template=CREDENTIAL_EXPIRING, details=details)
    assert len(page(services, wanted)) == count


def test_pages_go_on_from_the_last_key_seen(services, write):
    for number in range(5):
        write(f"m{number}@example.gov.cn")
    ids = [one.id for one in page(services)]
    assert [one.id for one in page(services, size=2)] == ids[:2]
    assert [one.id for one in page(services, before=ids[1], size=2)] == ids[2:4]
    assert [one.id for one in page(services, after=ids[3], size=2)] == ids[1:3]


def test_one_given_up_is_retried_once_however_many_ask(services, given_up, attempt, mail_server):
    assert given_up.state == "dead"
    assert services.notices.counts() == (0, 1)
    assert sorted(together([lambda: services.notices.retry(given_up.id)] * 8)) == [False] * 7 + [True]
    assert services.notices.counts() == (1, 0)
    attempt()
    assert mail_server.recipients == ["full@example.gov.cn"]
    assert services.notices.retry(given_up.id) is False


@pytest.mark.usefixtures("given_up")
def test_a_notice_given_up_is_no_dead_letter_of_a_department(services):
    assert services.signals.ledger.counts() == (0, 0)
    assert services.signals.ledger.dead_letters() == []


def test_a_mailbox_that_is_full_does_not_degrade_the_service(services, write, clock):
    write("a@example.gov.cn")
    clock.advance(minutes=5)
    (outbox,) = [check for check in services.signals.readiness().checks if check.name == "outbox"]
    assert outbox.state == "ok"


def test_a_new_master_key_reads_addresses_of_the_former_one(services, write, attempt, mail_server):
    from idp.commands.key import _COLUMNS

    write("a@example.gov.cn")
    former = services.keyring.master_keys()[0]
    services.keyring.new_master_key()
    done = services.keyring.reencrypt(_COLUMNS)
    assert [(one.rows, one.failed) for one in done if one.name == "notice.address"] == [(1, 0)]
    services.keyring.remove_master_key(former, _COLUMNS)
    attempt()
    assert mail_server.recipients == ["a@example.gov.cn"]


class TestWithoutAMailServer:
    @pytest.fixture
    def setting_changes(self):
        return {}

    def test_nothing_is_written(self, services, write):
        assert write("a@example.gov.cn") == 0
        assert services.notices.are_sent is False
        assert services.outbox.waiting_lanes() == []
        assert services.notices.examine() is None


class TestInAFolder:
    @pytest.fixture
    def setting_changes(self, tmp_path):
        return {"IDP_SMTP_URL": f"file://{tmp_path}/letters%20here"}

    def test_letters_are_private_files_and_a_second_attempt_makes_no_second_one(self, services, write, tmp_path):
        write("a@example.gov.cn")
        message = services.outbox.claim(services.outbox.waiting_lanes()[0])
        assert services.notices.attempt(message) == services.notices.attempt(message)
        (letter,) = (tmp_path / "letters here").iterdir()
        assert letter.suffix == ".eml"
        assert letter.stat().st_mode & 0o777 == 0o600
        assert b"To: a@example.gov.cn" in letter.read_bytes()

    def test_a_folder_that_cannot_be_written_is_told_in_words(self, services, write, tmp_path):
        (tmp_path / "letters here").write_text("in the way", encoding="utf-8")
        write("a@example.gov.cn")
        ended = services.notices.attempt(services.outbox.claim(services.outbox.waiting_lanes()[0]))
        assert (ended.result, "cannot be written" in ended.error) == ("retry", True)


class TestOnTheConsole:
    @pytest.fixture
    def setting_changes(self):
        return {"IDP_SMTP_URL": "console:"}

    def test_letters_are_printed(self, services, write, capsys):
        write("a@example.gov.cn", locale="en")
        services.notices.attempt(services.outbox.claim(services.outbox.waiting_lanes()[0]))
        assert "A way to sign in was added to your account" in capsys.readouterr().out
