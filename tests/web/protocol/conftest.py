"""The people and sites of the protocol's own tests."""

from tests.protocol.conftest import citizen, tax, visitor, visitor_of, welfare

__all__ = ["citizen", "tax", "visitor", "visitor_of", "welfare"]
