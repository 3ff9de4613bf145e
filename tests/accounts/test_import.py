"""Bulk import: good lines become accounts, bad ones are told by number and reason, and no line spoils another."""

import json
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from idp.accounts.draft import check
from idp.accounts.errors import AccountRefused, ImportRefused
from idp.accounts.importing.lines import parse_line
from idp.accounts.importing.reader import LONGEST_LINE
from idp.accounts.models import Account, AccountImport, AccountLookup, NaturalPerson
from idp.accounts.service import Accounts
from idp.audit.models import AuditEvent
from idp.audit.service import Audit
from idp.foundation.database import Database
from tests.accounts.people import citizen, credit_code, id_number
from tests.support.serving import ROOT

HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"


def person(index, **changes):
    """Return the members of a good line."""
    members = {
        "kind": "citizen",
        "username": f"imported{index}",
        "name": "张三丰",
        "id_number": id_number(index),
        "phone": f"139{index:08d}",
        "email": f"imported{index}@example.cn",
        "password_hash": HASH,
    }
    return {name: value for name, value in (members | changes).items() if value is not None}


def check_password_hash(text):
    return None if text.startswith("$argon2id$") else "This is not a password hash that can be imported."


class Run:
    """One import and all it told."""

    def __init__(self, accounts, tmp_path):
        self.accounts = accounts
        self.file = tmp_path / "people.jsonl"
        self.rejects = []
        self.progress = []
        self.passwords = []

    def write(self, *lines):
        encoded = (line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode() for line in lines)
        self.file.write_bytes(b"\n".join(encoded))
        return self

    def __call__(self, **changes):
        arguments = {
            "store_password": lambda _connection, passwords: self.passwords.extend(passwords),
            "check_password_hash": check_password_hash,
            "on_reject": self.rejects.append,
            "on_progress": self.progress.append,
            "actor": "command:root",
        }
        return self.accounts.import_lines(self.file, **(arguments | changes))

    @property
    def faults(self):
        return {reject.line: reject.problems[0].field for reject in self.rejects}


@pytest.fixture
def run(accounts, tmp_path):
    return Run(accounts, tmp_path)


def count(database, model):
    with database.read() as connection:
        return len(connection.execute(select(model.__table__)).all())


def test_good_lines_become_accounts_with_their_passwords(run, accounts, audit):
    run.write(
        person(0, ial=2, ial_source="population_register", phone_verified=True, preferred_language="zh-Hans"),
        {"kind": "enterprise", "username": "firm", "name": "李四", "uscc": credit_code(1), "role": "finance"},
        {
            "kind": "enterprise",
            "username": "firms",
            "name": "李四",
            "birthdate": "1990-01-31",
            "memberships": [{"uscc": credit_code(1), "name": "一号公司"}, {"uscc": credit_code(2)}],
        },
        {
            "kind": "staff",
            "username": "clerk",
            "name": "王五",
            "id_number": id_number(9),
            "agency": "tax-bureau",
            "roles": ["clerk"],
        },
    )
    outcome = run()

    assert (outcome.accepted, outcome.rejected, run.rejects) == (4, 0, [])
    found = accounts.find_for_sign_in(id_number(0))
    assert run.passwords == [(found.id, HASH)]
    assert accounts.get(found.id).ial == 2
    assert accounts.get(found.id).phone_verified
    [finance] = accounts.memberships(accounts.find_for_sign_in("firm").id)
    assert (finance.role, finance.name) == ("finance", "一号公司")
    assert [one.role for one in accounts.memberships(accounts.find_for_sign_in("firms").id)] == ["agent", "agent"]
    [opened] = audit.of_account(found.id)
    assert (opened.actor, opened.detail["line"]) == ("command:root", 1)


BAD_LINES = [
    (b"{", None),
    (b'{"kind": "citizen", "name": "\xff"}', None),
    (b"[1, 2]", None),
    (b'{"a":' * 2000, None),
    (b'{"username": "' + b"x" * LONGEST_LINE + b'"}', None),
    (person(50, kind="robot"), "kind"),
    (person(51, kind=None), "kind"),
    (person(52, username=None), "username"),
    (person(53, name="\0"), "name"),
    (person(54, id_number="110105194912310021"), "id_number"),
    (person(55, phone=13900000055), "phone"),
    (person(56, nickname="三丰"), "nickname"),
    (person(57) | {"13900000057": ""}, None),
    (person(57) | {"13900000057": "x"}, None),
    (person(58, password_hash="$1$abc$def"), "password_hash"),
    (person(59, ial=2), "ial"),
    (person(60, ial=3, ial_source="population_register"), "ial"),
    (person(61, ial=True), "ial"),
    (person(62, environment="production"), "environment"),
    (person(63, birthdate="31.1.1990"), "birthdate"),
    (person(64, address={"street_address": 5}), "address"),
    (person(65, memberships=[{"uscc": credit_code(1), "power": "all"}]), "memberships"),
]


def test_bad_lines_are_told_by_number_and_reason_never_by_value(run, database):
    lines = [line for line, _field in BAD_LINES]
    run.write(person(0), *lines, person(1))
    outcome = run()

    # An empty value says the same as none, so this one line is good.
    good = 2 + BAD_LINES.index((person(57) | {"13900000057": ""}, None))
    assert good not in run.faults
    expected = {number: field for number, (_line, field) in enumerate(BAD_LINES, start=2) if number != good}
    assert run.faults == expected
    assert (outcome.accepted, outcome.rejected) == (3, len(BAD_LINES) - 1)
    assert count(database, Account) == 3
    told = " ".join(reject.reason for reject in run.rejects)
    for value in ("110105194912310021", "139000000", "三丰", "$1$abc", "31.1.1990"):
        assert value not in told


def test_empty_lines_windows_line_ends_and_a_byte_order_mark_are_no_faults(run):
    first = b"\xef\xbb\xbf" + json.dumps(person(0)).encode() + b"\r"
    run.write(first, b"", b"  ", person(1), b"")
    assert run().accepted == 2
    assert run.rejects == []


def test_duplicates_in_the_file_and_in_the_database_are_bad_lines(run, accounts, database):
    accounts.create(citizen(100, username="imported1"))
    run.write(
        person(0),
        person(1),
        person(2, username="IMPORTED0"),
        person(3, phone="139 0000 0000"),
        person(0, username="other", phone=None),
        person(4, id_number=id_number(100), phone=None, password_hash=None),
        person(5),
    )
    outcome = run()

    assert run.faults == {2: "username", 3: "username", 4: "phone", 5: "id_number", 6: "id_number"}
    assert outcome.accepted == 2
    assert [account_id for account_id, _hash in run.passwords] == [
        accounts.find_for_sign_in("imported0").id,
        accounts.find_for_sign_in("imported5").id,
    ]
    assert count(database, Account) == 3
    # Bad lines leave nothing behind.
    assert count(database, NaturalPerson) == 3
    assert count(database, AccountLookup) == 9


def test_a_human_already_known_gets_no_password_and_no_other_name_or_level(run, accounts, database):
    # Rule S6.
    accounts.create(citizen(0, ial_source="population_register"))
    with database.read() as connection:
        before = connection.execute(select(NaturalPerson.__table__)).all()

    def firm(username, **changes):
        register = {"ial": 2, "ial_source": "population_register"}
        base = {"kind": "enterprise", "name": "张三丰", "id_number": id_number(0), "uscc": credit_code(1)}
        return base | register | {"username": username} | changes

    run.write(
        firm("with-password", password_hash=HASH),
        firm("other-name", name="李四"),
        firm("self-asserted", ial=1, ial_source="self_asserted"),
        firm("good"),
        firm("stronger", ial=3, ial_source="counter"),
    )
    outcome = run()

    assert run.faults == {1: "password_hash", 2: "name", 3: "ial"}
    assert outcome.accepted == 2
    assert run.passwords == []
    assert accounts.get(accounts.find_for_sign_in("stronger").id).ial == 2
    with database.read() as connection:
        assert connection.execute(select(NaturalPerson.__table__)).all() == before


class Killed(Exception):
    """What interrupts an import here; test_import_killed.py does it with a signal."""


def test_an_interrupted_import_goes_on_exactly_where_it_was(run, database):
    # The second half also holds a line that is a duplicate of the first half.
    lines = [person(index) for index in range(1300)]
    lines[3] = b"{"
    lines[1200] = person(7)
    run.write(*lines)
    batches = []

    def break_in_the_third_batch(_connection, passwords):
        batches.append(len(passwords))
        if len(batches) == 3:
            raise Killed

    with pytest.raises(Killed):
        run(store_password=break_in_the_third_batch)
    assert count(database, Account) == 999
    assert run.progress[-1].lines == 1000

    run.rejects.clear()
    outcome = run()

    assert (outcome.accepted, outcome.rejected, outcome.resumed_at) == (1298, 2, 1001)
    assert run.faults == {4: None, 1201: "username"}
    assert count(database, Account) == 1298
    assert len(run.passwords) == 299
    assert run.progress[-1].bytes_done == run.file.stat().st_size

    # Once finished, the same file is only reported again.
    run.rejects.clear()
    again = run()
    assert (again.was_finished, again.accepted, again.rejected) == (True, 1298, 2)
    assert run.faults == {4: None, 1201: "username"}
    assert count(database, Account) == 1298
    with database.read() as connection:
        actions = connection.scalars(select(AuditEvent.action).where(AuditEvent.action.like("account.import.%"))).all()
    assert sorted(actions) == ["account.import.finish", "account.import.start"]


def test_of_two_imports_of_one_file_the_second_to_a_batch_writes_nothing_of_it(
    run, settings, clock, entropy, keyring, database
):
    run.write(*(person(index) for index in range(600)))
    other_database = Database(settings.database_url)
    audit = Audit(other_database, clock, entropy)
    other = Run(Accounts(other_database, clock, entropy, audit, keyring, environment="development"), run.file.parent)
    outcomes = []

    def let_the_other_overtake(_progress):
        outcomes.append(other())

    with pytest.raises(ImportRefused):
        run(on_progress=let_the_other_overtake)
    other_database.dispose()
    assert outcomes[0].accepted == 600
    assert count(database, Account) == 600
    with database.read() as connection:
        assert connection.execute(select(AccountImport.accepted, AccountImport.next_line)).one() == (600, 601)


def test_a_value_taken_between_question_and_insert_is_asked_for_again(run, database):
    run.write(person(0), person(1))
    calls = []

    def lose_the_first_race(_connection, passwords):
        calls.append(passwords)
        if len(calls) == 1:
            raise IntegrityError("INSERT", {}, Exception())

    outcome = run(store_password=lose_the_first_race)
    assert (outcome.accepted, len(calls)) == (2, 2)
    assert count(database, Account) == 2


def test_an_empty_file_is_an_import_of_nothing(run):
    outcome = run.write()()
    assert (outcome.accepted, outcome.rejected) == (0, 0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
MEMBERS = st.sampled_from(
    [*person(0), "address", "memberships", "roles", "ial", "birthdate", "uscc", "gender", "nothing"]
)


def refusal_of(data):
    """Return why a line is refused, None if it is understood; any other exception is a bug."""
    try:
        found = parse_line(data)
        check(found.account, environment="development", today=date(2026, 3, 2))
    except AccountRefused as refusal:
        return refusal
    return None


@given(st.dictionaries(MEMBERS, JSON))
def test_any_json_is_refused_with_its_problems(members):
    assert refusal_of(json.dumps(members).encode()).problems


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_their_problems(data):
    assert refusal_of(data).problems


@given(st.dictionaries(MEMBERS, JSON | st.text(min_size=1)))
def test_any_json_on_top_of_a_good_line_is_a_draft_or_refused(members):
    refusal = refusal_of(json.dumps(person(0) | members).encode())
    assert refusal is None or refusal.problems


PAGE = (ROOT / "docs" / "operations" / "accounts.md").read_text(encoding="utf-8")


def test_lines_of_the_operators_page_can_be_imported(run):
    [block] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    run.write(*block.encode().splitlines())
    outcome = run()
    assert (outcome.accepted, run.faults) == (block.count("\n"), {})


def test_members_of_the_operators_page_are_known():
    rows = re.findall(r"^\| (`[^|]*) \|", PAGE.partition("## Accounts in bulk")[2].partition("\n## ")[0], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {"kind", "password_hash", "is_demonstration"} <= named
    refused = refusal_of(json.dumps({name: [[1]] for name in named}).encode())
    assert not [problem for problem in refused.problems if "No member" in str(problem)]
