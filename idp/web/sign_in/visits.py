"""From a request to the visit and the interaction it belongs to, and from an outcome to where the browser goes next."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from math import ceil
from typing import Any, Final

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from idp.factors.hashing_pool import Busy
from idp.foundation.throttle import Refused
from idp.foundation.translation import marked
from idp.interactions import Interaction
from idp.sign_in.journey import Step
from idp.sign_in.values import Continue, Expired, Finished, Situation, Visit
from idp.web.device.ways import ENTER_PATH
from idp.web.protocol.outcomes import outcome_response
from idp.web.shared import cookies
from idp.web.shared.guards import UNSAVED, public
from idp.web.shared.journeys import (
    RESUME_PATH,
    browser,
    came_alone,
    client_of,
    current_interaction,
    current_session,
    form_targets,
    path_with,
    restart_page,
    seal,
    see_other,
    slip_of,
)
from idp.web.shared.kept_codes import forget_codes
from idp.web.shared.locale import JOURNEY_PARAMETER, gettext
from idp.web.shared.pages import Problem, render
from idp.web.shared.services import services
from idp.web.shared.state import present_request
from idp.web.shared.stopping import blocked_page, stopping
from idp.web.sign_in.announcements import announcements_on

SWITCH: Final = "switch"
DEVICE_COOKIE_SECONDS: Final = 400 * 86_400
"""As long as browsers keep a cookie at all: the device is known until it is forgotten on the server."""

_PATHS: Final = {
    Step.PASSWORD: "/login",
    Step.SECOND_FACTOR: "/login/totp",
    Step.ENROL_SECOND_FACTOR: "/login/enrol",
    Step.FINISH: "/login/enrol",
    Step.RENEW_PASSWORD: "/login/renew",
    Step.ORGANIZATION: "/login/organization",
    Step.NOT_ADMITTED: "/login/not-admitted",
}
_UNREACHABLE: Final = marked(
    "This service asks for a stronger sign-in than we can offer yet. Your information was not given to it."
)


@dataclass(frozen=True, slots=True)
class Journey:
    """One request's place in a sign-in. ``token`` is the sealed interaction as it travels in the address."""

    interaction: Interaction
    token: str
    visit: Visit

    def situation(self) -> Situation:
        return services().sign_in.situation(self.visit, self.interaction)

    def path(self, path: str) -> str:
        return path_with(path, self.token)


def on_journey(view: Callable[[Journey], Response]) -> Callable[[], Response]:
    """Call a view with its journey. Without an interaction in the address the person came alone; a broken one ends.

    Nothing is taken that is posted from where sign-ins are blocked.
    """
    return _started(view, is_sign_in=True)


def on_session_journey(view: Callable[[Journey], Response]) -> Callable[[], Response]:
    """Do the same for a step that proves nothing and goes on with a live session: that is never blocked."""
    return _started(view, is_sign_in=False)


def _started(view: Callable[[Journey], Response], *, is_sign_in: bool) -> Callable[[], Response]:
    @wraps(view)
    def started() -> Response:
        interaction = current_interaction()
        token = present_request().args.get(JOURNEY_PARAMETER)
        if interaction is None:
            if token:
                return restart_page()
            interaction = came_alone()
            token = seal(interaction)
        if token is None:
            raise BadRequest
        if is_sign_in and present_request().method == "POST":
            stopped_by = stopping()
            if stopped_by is not None:
                return blocked_page(stopped_by, slip_of(client_of(interaction)))
        visit = Visit(cookies.ensure_presession(), current_session(), cookies.device_cookie(), browser())
        return view(Journey(interaction, token, visit))

    return public(started)


def page(
    journey: Journey,
    template: str,
    status: int | None = None,
    *,
    problems: Iterable[Problem | None] = (),
    **context: Any,
) -> Response:
    """Answer with a page of this journey: it names the service that asked, and its forms may end there."""
    client = client_of(journey.interaction)
    return render(
        template,
        status,
        service=slip_of(client),
        form_targets=form_targets(client),
        problems=problems,
        announcements=announcements_on(template),
        **context,
    )


def go_on(journey: Journey, outcome: Continue | Finished | Expired) -> Response:
    """Go where an outcome leads, and hand the browser its session when that is the end."""
    if isinstance(outcome, Expired):
        return expired_page(journey, Step.PASSWORD)
    if isinstance(outcome, Continue):
        return to_step(journey, outcome.step)
    forget_codes()  # Kept by now, or those of somebody before.
    cookies.put_session(outcome.session_cookie)
    cookies.put_device(outcome.device_cookie, DEVICE_COOKIE_SECONDS)
    if journey.interaction.client_id is None:
        return see_other(journey.interaction.destination)
    # What the browser would be sent to next is answered at once: every check of the request runs again (rule S2).
    return outcome_response(services().protocol.authorization.resume(journey.interaction, outcome.session_cookie))


def to_step(journey: Journey, step: Step) -> Response:
    """Redirect to the page of a step."""
    if step is Step.UNREACHABLE:
        return page(journey, "errors/error.html", 400, explanation=gettext(_UNREACHABLE))
    return see_other(_address(journey, step))


def expired_page(journey: Journey, step: Step) -> Response:
    """Show that this step is over, and the way to the one that is next: not an error."""
    return page(journey, "sign_in/expired.html", continue_url=_address(journey, step))


def wait_page(journey: Journey, outcome: Busy | Refused, **context: Any) -> Response:
    """Ask to wait: 503 when all places are taken, 429 after too many tries; the same for known and unknown accounts."""
    now = services().clock.now()
    is_busy = isinstance(outcome, Busy)
    until: datetime = now + timedelta(seconds=outcome.retry_after) if isinstance(outcome, Busy) else outcome.until
    response = page(
        journey,
        "sign_in/wait.html",
        503 if is_busy else 429,
        until=until,
        retry_url=present_request().full_path,
        busy=is_busy,
        **context,
    )
    response.headers["Retry-After"] = str(max(1, ceil((until - now).total_seconds())))
    return response


def reason(journey: Journey, situation: Situation) -> str | None:
    """Return why somebody is asked: for a device, which nobody looks up before (RFC 8628 §5.1), because their session
    ended over a form, or, when they are signed in already, because it must be stronger, was asked for or was too long
    ago.
    """
    if journey.visit.session is None:
        return _reason_at_first(journey) if situation.step is Step.PASSWORD else None
    if not journey.interaction.fresh_login:
        return "recent" if situation.step is Step.PASSWORD else "stronger"
    prompts = dict(journey.interaction.parameters).get("prompt", "").split()
    return "asked" if "login" in prompts else "recent"


def _reason_at_first(journey: Journey) -> str | None:
    if journey.interaction.destination.startswith(ENTER_PATH):
        return "device"
    return "unsaved" if UNSAVED in present_request().args else None


def _address(journey: Journey, step: Step) -> str:
    if step is not Step.DONE:
        return journey.path(_PATHS.get(step, "/login"))
    return journey.path(RESUME_PATH) if journey.interaction.client_id is not None else journey.interaction.destination
