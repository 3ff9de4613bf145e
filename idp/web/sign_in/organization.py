"""For which organization an enterprise account acts in this session."""

from flask import request
from werkzeug.wrappers import Response

from idp.accounts.views import MembershipView
from idp.foundation.translation import DEFAULT_LOCALE
from idp.sign_in.journey import Step
from idp.sign_in.values import Continue
from idp.web.shared.forms import read_form, uuid_of
from idp.web.shared.locale import current_locale, gettext
from idp.web.shared.messages import CHOOSE_ORGANIZATION
from idp.web.shared.pages import Problem
from idp.web.shared.services import services
from idp.web.sign_in.visits import Journey, expired_page, go_on, on_journey, page


@on_journey
def show(journey: Journey) -> Response:
    """Ask for the organization."""
    return _page(journey)


@on_journey
def submit(journey: Journey) -> Response:
    """Take the choice."""
    chosen = uuid_of(read_form(request).text("organization"))
    if chosen is None:
        return _page(journey, is_missing=True)
    outcome = services().sign_in.choose_organization(journey.visit, journey.interaction, chosen)
    if isinstance(outcome, Continue) and outcome.step is Step.ORGANIZATION:
        return _page(journey, is_missing=True)
    return go_on(journey, outcome)


def _page(journey: Journey, *, is_missing: bool = False) -> Response:
    situation = journey.situation()
    if situation.step is not Step.ORGANIZATION:
        return expired_page(journey, situation.step)
    problems = [Problem(gettext(CHOOSE_ORGANIZATION), "organization")] if is_missing else []
    options = [_option(membership) for membership in situation.memberships]
    return page(journey, "sign_in/organization.html", problems=problems, options=options)


def _option(membership: MembershipView) -> dict[str, str]:
    name = membership.name if current_locale() == DEFAULT_LOCALE else membership.name_en or membership.name
    return {"value": str(membership.organization_id), "label": name, "hint": membership.code}
