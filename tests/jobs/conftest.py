"""Workers on the test's database, and the departments of the signals' tests."""

from tests.signals.conftest import Department, new_department

__all__ = ["Department", "new_department"]
