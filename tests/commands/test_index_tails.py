"""``idp account index-tails`` on a database of the version before."""

import json

from sqlalchemy import update

from idp.accounts.models import Account
from idp.accounts.tails import Tails


def test_the_command_indexes_what_is_missing_and_may_be_run_again(idp, services, account_factory):
    person = account_factory(phone="13811117777")
    with services.database.transaction() as connection:
        connection.execute(update(Account).values(phone_tail_digest=None))
    assert json.loads(idp("account", "index-tails", "--json").stdout) == {"indexed": 1, "unreadable": 0}
    found = services.account_search.find_by_tails(Tails(phone="7777"), actor="system")
    assert [one.id for one in found.accounts] == [person.account_id]
    assert json.loads(idp("account", "index-tails", "--json").stdout) == {"indexed": 0, "unreadable": 0}
