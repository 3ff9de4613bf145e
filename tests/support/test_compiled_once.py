"""The suite's own promise: what one test compiled, the next one does not compile again."""

import jinja2
import pytest
from sqlalchemy import select
from sqlalchemy.sql.elements import ClauseElement

from idp.app import create_app
from idp.foundation.database import Database
from idp.foundation.outbox import OutboxMessage
from tests.support import compiled_routes


def never(*_arguments, **_options):
    raise AssertionError("this was compiled before")


@pytest.fixture
def shown(client):
    """An application that has shown a page."""
    assert client.get("/account", follow_redirects=True).status_code == 200


@pytest.mark.usefixtures("shown")
def test_another_application_compiles_no_template_and_no_route(settings, services, compiled_templates, monkeypatch):
    known = len(compiled_routes.compiled)
    monkeypatch.setattr(jinja2.Environment, "compile", never)
    other = create_app(settings, services)
    compiled_templates.serve(other)
    assert other.test_client().get("/account", follow_redirects=True).status_code == 200
    assert len(compiled_routes.compiled) == known > 0


def test_another_engine_compiles_no_statement(database_url, monkeypatch):
    def find():
        database = Database(database_url)
        with database.read() as connection:
            found = connection.scalars(select(OutboxMessage.lane).where(OutboxMessage.kind == "nothing")).all()
        database.dispose()
        return found

    assert find() == []
    monkeypatch.setattr(ClauseElement, "_compiler", never)
    assert find() == []
