"""The kit for Flask: ``SignIn`` adds the four addresses to an application and says who is signed in.

It only translates between Flask and ``rp_kit.relying_party``; Flask's own session is not used.
"""

import os
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, ParamSpec
from urllib.parse import quote

from flask import Flask, Response, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from rp_kit.assurance import Requirement
from rp_kit.configuration import configuration_from
from rp_kit.exchange import HEADERS, Reply, Visit
from rp_kit.person import Person
from rp_kit.relying_party import ADDRESSES, RelyingParty

_PERSON = "_rp_kit_person"
_LANGUAGE = "_rp_kit_language"

Parameters = ParamSpec("Parameters")
View = Callable[Parameters, ResponseReturnValue]


class SignIn:
    """Signs people in to a Flask application.

    Settings are those of ``rp_kit.Configuration``; issuer, client id, client secret and origin may also come from the
    environment variables ISSUER, CLIENT_ID, CLIENT_SECRET and ORIGIN.
    """

    def __init__(self, app: Flask, *, relying_party: RelyingParty | None = None, **settings: Any) -> None:
        """Register /login, /callback, /logout and /backchannel-logout. Raises ConfigurationError."""
        self.relying_party = relying_party or RelyingParty(configuration_from(os.environ, **settings))
        for address, methods in ADDRESSES.items():
            app.add_url_rule(address, f"rp_kit {address}", partial(self._answer, address), methods=list(methods))
        app.context_processor(lambda: {"person": self.person})
        app.after_request(_kept_from_caches)
        app.after_request(self._with_the_language_remembered)

    @property
    def person(self) -> Person | None:
        """Who is signed in, read once for each request."""
        if _PERSON not in g:
            setattr(g, _PERSON, self.relying_party.person(request.cookies))
        found: Person | None = getattr(g, _PERSON)
        return found

    @property
    def language(self) -> str:
        """``zh-Hans`` or ``en``: what the person chose by ``?lang=`` (remembered), else what the browser asks for."""
        found: str = g.setdefault(_LANGUAGE, self.relying_party.language(_visit()))
        return found

    def access_token(self) -> str | None:
        """Return a live access token of the person, None when nobody is signed in. Raises ProviderUnreachable."""
        return self.relying_party.access_token(request.cookies)

    def required(
        self, *, acr: str | None = None, max_age: int | None = None
    ) -> Callable[[View[Parameters]], View[Parameters]]:
        """Guard a view: whoever is not signed in, or not well enough, goes to the provider first and comes back."""
        requirement = Requirement(acr, max_age)

        def guard(view: View[Parameters]) -> View[Parameters]:
            @wraps(view)
            def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> ResponseReturnValue:
                reply = self.relying_party.require(_visit(), requirement)
                return view(*args, **kwargs) if reply is None else self._response(reply)

            return guarded

        return guard

    def _answer(self, address: str) -> Response:
        return self._response(self.relying_party.answer(address, _visit()))

    def _response(self, reply: Reply) -> Response:
        template = self.relying_party.configuration.notice_template
        if template and reply.notice:
            g.pop(_PERSON, None)  # Who has just signed out is no longer signed in.
            reply = reply.within(render_template(template, notice=reply.notice))
        response = make_response(reply.body, reply.status)
        response.headers.update(reply.all_headers())
        for cookie in reply.cookies:
            response.set_cookie(cookie.name, cookie.value, **cookie.attributes)
        return response

    def _with_the_language_remembered(self, response: Response) -> Response:
        if _LANGUAGE in g:
            response.vary.update(("Accept-Language", "Cookie"))
            if cookie := self.relying_party.remembered_language(_visit()):
                response.set_cookie(cookie.name, cookie.value, **cookie.attributes)
        return response


def _visit() -> Visit:
    query = request.query_string.decode("latin-1")
    return Visit(
        method=request.method,
        target=quote(request.path) + (f"?{query}" if query else ""),
        query=tuple(request.args.items(multi=True)),
        cookies=request.cookies,
        headers={name: request.headers.get(name) for name in HEADERS},
        read=request.stream.read,
    )


def _kept_from_caches(response: Response) -> Response:
    """A page that depends on who is signed in must not come back from a cache after signing out."""
    if _PERSON in g:
        response.headers.setdefault("Cache-Control", "no-store")
        response.vary.add("Cookie")
    return response
