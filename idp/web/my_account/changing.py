"""How this surface reaches the use cases of enrolment, which only it uses."""

from idp.enrolment.service import Enrolment
from idp.web.shared.services import services


def enrolment() -> Enrolment:
    """Return the use cases of changing one's own means of sign-in, on the services of this application."""
    own = services()
    return Enrolment(
        own.database,
        own.clock,
        own.keyring,
        accounts=own.accounts,
        factors=own.factors,
        sessions=own.sessions,
        devices=own.devices,
        throttle=own.throttle,
    )
