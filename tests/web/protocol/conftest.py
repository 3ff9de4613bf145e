"""The people and sites of the protocol's own tests."""

from tests.protocol.conftest import app, citizen, tax, visitor, visitor_of, welfare

__all__ = ["app", "citizen", "tax", "visitor", "visitor_of", "welfare"]
