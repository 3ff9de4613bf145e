"""A client nobody here knows yet, with an initial access token that staff gave it."""

from datetime import timedelta
from typing import Any

import pytest


class Newcomer:
    """Somebody who registers a client over HTTP and manages it."""

    def __init__(self, app: Any, token: str) -> None:
        self._http = app.test_client(use_cookies=False)
        self.initial_token = token
        self.registered: dict[str, Any] = {}

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self._http.open(path, method=method, json=body, headers=headers)

    def post(self, token: str | None = "", **metadata: Any) -> Any:
        given = {"redirect_uris": ["https://app.example.org/callback"], "client_name": "Newcomer"} | metadata
        body = {name: value for name, value in given.items() if value is not None}
        return self.call("POST", "/register", body, self.initial_token if token == "" else token)

    def register(self, **metadata: Any) -> dict[str, Any]:
        response = self.post(**metadata)
        assert response.status_code == 201, response.text
        self.registered = response.get_json()
        return self.registered

    def manage(self, method: str, body: Any = None, token: str | None = "") -> Any:
        path = self.registered["registration_client_uri"].partition("localhost:8000")[2]
        path = path or self.registered["registration_client_uri"].partition("id.gov.example")[2]
        return self.call(method, path, body, self.registered["registration_access_token"] if token == "" else token)

    def update(self, **changes: Any) -> Any:
        ours = {
            "registration_access_token",
            "registration_client_uri",
            "client_secret_expires_at",
            "client_id_issued_at",
            "client_secret",
        }
        body = {name: value for name, value in self.registered.items() if name not in ours} | changes
        return self.manage("PUT", {name: value for name, value in body.items() if value is not None})


@pytest.fixture
def initial_token(services: Any) -> str:
    issued = services.initial_tokens.issue("new-bureau", uses=5, lifetime=timedelta(days=7), actor="command:officer")
    token: str = issued.token.reveal()
    return token


@pytest.fixture
def newcomer(app: Any, initial_token: str) -> Newcomer:
    return Newcomer(app, initial_token)
