"""The kit for Django: ``include("rp_kit.django")`` for the four addresses, ``SignInMiddleware`` for
``request.person``.

It only translates between Django and ``rp_kit.relying_party``; Django's users, sessions and database are not used.
Settings stand in ``RP_KIT`` (a dictionary, or a RelyingParty already made), or in the environment.
"""

import os
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from rp_kit.assurance import Requirement
from rp_kit.configuration import configuration_from
from rp_kit.exchange import HEADERS, Reply, Visit
from rp_kit.relying_party import ADDRESSES, RelyingParty

_LANGUAGE = "_rp_kit_language"

View = Callable[..., Any]


@cache
def relying_party() -> RelyingParty:
    """Return the site's relying party, made at first use. Raises ConfigurationError."""
    given = getattr(settings, "RP_KIT", {})
    return given if isinstance(given, RelyingParty) else RelyingParty(configuration_from(os.environ, **given))


class SignInMiddleware:
    """Sets ``request.person`` to whoever is signed in, or None."""

    def __init__(self, get_response: View) -> None:
        """Fail at start, not at the first visitor, when a setting is missing."""
        self._get_response = get_response
        relying_party()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Read the sign-in anew for this request."""
        request.person = relying_party().person(request.COOKIES)
        response = self._get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            # A page that depends on who is signed in must not come back from a cache after signing out.
            response.headers.setdefault("Cache-Control", "no-store")
            patch_vary_headers(response, ["Cookie"])
        if hasattr(request, _LANGUAGE):
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
            if cookie := relying_party().remembered_language(_visit(request)):
                response.set_cookie(cookie.name, cookie.value, **cookie.attributes)
        return response


def required(*, acr: str | None = None, max_age: int | None = None) -> Callable[[View], View]:
    """Guard a view: whoever is not signed in, or not well enough, goes to the provider first and comes back."""
    requirement = Requirement(acr, max_age)

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            reply = relying_party().require(_visit(request), requirement)
            return view(request, *args, **kwargs) if reply is None else _response(request, reply)

        return guarded

    return guard


def language(request: HttpRequest) -> str:
    """Return ``zh-Hans`` or ``en``: what the person chose by ``?lang=``, which is remembered, else what the browser
    asks for.
    """
    setattr(request, _LANGUAGE, relying_party().language(_visit(request)))
    found: str = getattr(request, _LANGUAGE)
    return found


def access_token(request: HttpRequest) -> str | None:
    """Return a live access token of the person, None when nobody is signed in. Raises ProviderUnreachable."""
    return relying_party().access_token(request.COOKIES)


def _route(address: str, methods: tuple[str, ...]) -> Any:  # noqa: ANN401, Django has no types
    def answer(request: HttpRequest) -> HttpResponse:
        return _response(request, relying_party().answer(address, _visit(request)))

    # The provider's back-channel call has no token of Django's, and signing out checks its origin itself.
    return path(address.removeprefix("/"), csrf_exempt(require_http_methods(methods)(answer)))


def _visit(request: HttpRequest) -> Visit:
    return Visit(
        method=request.method,
        target=request.get_full_path(),
        query=tuple((name, value) for name, values in request.GET.lists() for value in values),
        cookies=request.COOKIES,
        headers={name: request.headers.get(name) for name in HEADERS},
        read=request.read,
    )


def _response(request: HttpRequest, reply: Reply) -> HttpResponse:
    template = relying_party().configuration.notice_template
    if template and reply.notice:
        request.person = relying_party().person(request.COOKIES)  # Who has just signed out is no longer signed in.
        reply = reply.within(render_to_string(template, {"notice": reply.notice}, request))
    response = HttpResponse(reply.body, status=reply.status, headers=reply.all_headers())
    for cookie in reply.cookies:
        response.set_cookie(cookie.name, cookie.value, **cookie.attributes)
    return response


urlpatterns = [_route(address, methods) for address, methods in ADDRESSES.items()]
