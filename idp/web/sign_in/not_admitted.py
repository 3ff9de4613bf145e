"""The service does not admit this kind of account. Said only to somebody who has proved whose account it is."""

from werkzeug.wrappers import Response

from idp.accounts.kinds import KINDS
from idp.sign_in.journey import Step
from idp.web.shared.journeys import client_of, see_other
from idp.web.sign_in.visits import SWITCH, Journey, on_journey, page


@on_journey
def show(journey: Journey) -> Response:
    """Say so, and offer the way back or another account."""
    situation = journey.situation()
    if situation.step is not Step.NOT_ADMITTED:
        return see_other(journey.path("/login"))
    client = client_of(journey.interaction)
    return page(
        journey,
        "sign_in/not_admitted.html",
        403,
        kind=situation.account_kind,
        admitted=[kind.name for kind in KINDS if kind.name in journey.interaction.account_kinds],
        switch_url=f"{journey.path('/login')}&{SWITCH}=1",
        return_url=client.client_uri if client else None,
    )
