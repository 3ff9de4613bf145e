"""A department's site reduced to its protocol: authorization requests with PKCE, and calls to the token endpoint.

It is written from the specifications (RFC 6749, RFC 7636, OpenID Connect Core 1.0) and shares no code with the product
or the kit.
"""

import base64
import hashlib
import itertools
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browser import Browser, Page
from tests.support.remote import RemoteApplication

if TYPE_CHECKING:
    from idp.foundation.clock import Clock
    from tests.factories.accounts import Person

_counter = itertools.count(1)


class RelyingParty:
    """One site. ``authorize`` sends a browser away; ``redeem`` turns the code that comes back into tokens."""

    def __init__(
        self, app: Flask | RemoteApplication, issuer: str, client_id: str, client_secret: str | None, redirect_uri: str
    ) -> None:
        self._client = app.test_client(use_cookies=False)
        self._issuer = issuer
        self.client_id = client_id
        self.client_secret = client_secret
        self.redirect_uri = redirect_uri
        self.verifier = ""
        self.state = ""
        self.nonce = ""

    def authorization_parameters(self, **changes: str | None) -> dict[str, str]:
        """Return a fresh, good authorization request; changes replace parameters, None removes one."""
        number = str(next(_counter))
        self.verifier = _random(f"verifier {number}") + _random(number)
        self.state, self.nonce = _random(f"state {number}"), _random(f"nonce {number}")
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": _digest(self.verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (parameters | changes).items() if value is not None}

    def authorize(self, browser: Browser, **changes: str | None) -> Page:
        """Send a browser to the authorization endpoint; it stops at a page, or at the redirect back to this site."""
        return browser.get("/authorize?" + self.authorization_query(**changes))

    def authorization_query(self, **changes: str | None) -> str:
        return urlencode(self.authorization_parameters(**changes))

    def sign_in(self, browser: Browser, person: "Person", clock: "Clock", **changes: str | None) -> dict[str, Any]:
        """Take a person through sign-in and consent, as far as either is asked for, and return the token response."""
        page = self.authorize(browser, **changes)
        if page.has("login-submit"):
            page = browser.sign_in(person.username, person.password, person.code(clock) if person.totp_secret else None)
        if page.has("consent-allow"):
            page = browser.submit("consent-allow")
        assert "code" in page.answer, f"sign-in stopped at {page.url} ({page.status}) {page.left_to}: {page.text[:400]}"
        response = self.redeem(page.answer["code"])
        assert response.status_code == HTTPStatus.OK, response.get_data(as_text=True)
        tokens: dict[str, Any] = response.get_json()
        return tokens

    def redeem(self, code: str, **changes: str | None) -> TestResponse:
        return self.token(
            **(
                {
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": self.redirect_uri,
                    "code_verifier": self.verifier,
                }
                | changes
            )
        )

    def refresh(self, refresh_token: str, **changes: str | None) -> TestResponse:
        return self.token(**({"grant_type": "refresh_token", "refresh_token": refresh_token} | changes))

    def token(self, **parameters: str | None) -> TestResponse:
        return self.post("/token", **parameters)

    def post(self, path: str, **parameters: str | None) -> TestResponse:
        """Post to an endpoint as this client: Basic with its secret, or its bare client_id if it is public."""
        fields = {name: value for name, value in parameters.items() if value is not None}
        headers = {}
        if self.client_secret is None:
            fields.setdefault("client_id", self.client_id)
        else:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return self._client.post(path, base_url=self._issuer, data=fields, headers=headers)

    def userinfo(self, access_token: str) -> TestResponse:
        return self._client.get("/userinfo", base_url=self._issuer, headers={"Authorization": f"Bearer {access_token}"})


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT as anyone can read them, unverified."""
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _random(seed: str) -> str:
    return _digest(f"relying party {seed}")
