"""The test suite. See CONTRIBUTING.md for how it is run and tests/support for what it stands on."""
