"""Visitors for the tests of signing in."""

import pytest

from tests.sign_in.visitor import Visitor


@pytest.fixture
def new_visitor(services):
    def make(**options) -> Visitor:
        return Visitor(services, **options)

    return make


@pytest.fixture
def visitor(new_visitor):
    return new_visitor()
