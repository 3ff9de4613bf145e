"""The sample application over https and over http, with a client that keeps cookies as a browser does."""

import pytest

from tests.pages.sample_app import HTTP_ISSUER, HTTPS_ISSUER, SampleKeyring, build_sample_app


@pytest.fixture
def keyring():
    return SampleKeyring()


@pytest.fixture
def app(keyring):
    return build_sample_app(HTTPS_ISSUER, keyring)


@pytest.fixture
def visitor(app):
    return _Visitor(app, HTTPS_ISSUER)


@pytest.fixture
def plain_visitor(keyring):
    return _Visitor(build_sample_app(HTTP_ISSUER, keyring), HTTP_ISSUER)


class _Visitor:
    """A browser at one origin."""

    def __init__(self, app, origin):
        self.origin = origin
        self.client = app.test_client()

    def get(self, path, **options):
        return self.client.get(path, base_url=self.origin, **options)

    def post(self, path, data, **options):
        return self.client.post(path, base_url=self.origin, data=data, **options)

    def cookies_of(self, response):
        return [parse(header) for header in response.headers.getlist("Set-Cookie")]


def parse(header):
    """Return a Set-Cookie header as name, value and attributes in small letters."""
    first, *rest = [part.strip() for part in header.split(";")]
    name, _, value = first.partition("=")
    attributes = {part.partition("=")[0].lower(): part.partition("=")[2] for part in rest}
    return name, value, attributes
