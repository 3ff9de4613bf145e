"""What tests stand on: frozen time, fixed randomness, private databases, a person's browser, live servers, Chromium.

Nothing here replaces a part of the product; the fixtures that hand these out are in tests/conftest.py.
"""
