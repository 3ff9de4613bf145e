"""What somebody finds who gets hold of the database (GB22239-8.1.4-confidentiality, ASVS-14.1.1)."""

from datetime import date

from sqlalchemy import select

from idp.accounts.models import ENCRYPTED_COLUMNS
from idp.foundation.columns import Ciphertext
from idp.foundation.database import Base
from tests.accounts.people import citizen, enterprise, id_number, staff

OURS = {
    "account",
    "natural_person",
    "organization",
    "membership",
    "account_lookup",
    "account_import",
    "account_import_reject",
}


def dump(database):
    """Return every value of every table, as bytes."""
    values = []
    with database.read() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                values += [
                    bytes(value) if isinstance(value, (bytes, memoryview)) else str(value).encode() for value in row
                ]
    return b"\n".join(values)


def test_a_dump_holds_no_personal_value_in_plain(accounts, database):
    accounts.create(citizen(phone="13912345678", address="示例路1号", family_name="张", given_name="三丰"))
    accounts.create(enterprise(phone="13912345678", birthdate=date(1990, 1, 31), email="lisi@example.cn"))
    accounts.create(staff())
    everything = dump(database)
    for value in (
        id_number(0),
        id_number(0)[:17],
        "13912345678",
        "张三丰",
        "三丰",
        "李四",
        "王五",
        "citizen0@",
        "lisi@",
        "示例路",
        "1990-01-31",
        "female",
    ):
        assert value.encode() not in everything
    assert b"citizen0" in everything
    assert "示例科技有限公司".encode() in everything


def test_every_column_carries_a_label_and_every_ciphertext_is_listed_for_reencryption():
    listed = {(one.table, one.column) for one in ENCRYPTED_COLUMNS}
    for table in Base.metadata.sorted_tables:
        if table.name not in OURS:
            continue
        assert all(column.info.get("data") in {"plain", "personal", "secret"} for column in table.columns)
        ciphertexts = {(table.name, column.name) for column in table.columns if column.type is Ciphertext}
        assert ciphertexts == {pair for pair in listed if pair[0] == table.name}
    assert all(one.name == f"{one.table}.{one.column}" for one in ENCRYPTED_COLUMNS)


def test_values_are_the_same_under_a_new_master_key(accounts, keyring):
    account_id = accounts.create(citizen(address="示例路1号"))
    keyring.new_master_key()
    results = keyring.reencrypt(ENCRYPTED_COLUMNS)
    assert sum(result.rows for result in results) == 5
    assert sum(result.failed for result in results) == 0
    profile = accounts.profile(account_id)
    assert (profile.claim_value("name"), profile.claim_value("id_number")) == ("张三丰", id_number(0))
    assert accounts.find_for_sign_in(id_number(0)).id == account_id
