"""A person at a browser, below HTTP: keeps the cookies that signing in hands out, and says what the browser would."""

import itertools
from dataclasses import replace

from idp.factors.assurance import ACR_AAL1
from idp.interactions import Interaction
from idp.sessions.values import Browser
from idp.sign_in.journey import Step
from idp.sign_in.values import Continue, Finished, Visit, WrongPassword

_counter = itertools.count(1)


class Visitor:
    """One browser. ``network`` is where it comes from; every new visitor is another device."""

    def __init__(self, services, *, network="203.0.113.0/24"):
        self.services = services
        self.presession = f"presession-{next(_counter)}"
        self.browser = Browser(network, "test")
        self.session_cookie = None
        self.device = None

    @property
    def session(self):
        return self.services.sessions.load(self.session_cookie)

    @property
    def visit(self):
        return Visit(self.presession, self.session, self.device, self.browser)

    def interaction(self, *, acr=ACR_AAL1, fresh=False, kinds=()) -> Interaction:
        interaction: Interaction = self.services.interactions.alone(acr_needed=acr, fresh_login=fresh)
        return replace(interaction, account_kinds=tuple(kinds))

    def password(self, username, password, interaction=None):
        interaction = interaction or self.interaction()
        return self.keep(self.services.sign_in.submit_password(self.visit, interaction, username, password))

    def code(self, kind, code, interaction=None, *, remember=False):
        interaction = interaction or self.interaction()
        outcome = self.services.sign_in.submit_code(self.visit, interaction, kind, code, remember=remember)
        return self.keep(outcome)

    def situation(self, interaction=None):
        return self.services.sign_in.situation(self.visit, interaction or self.interaction())

    def keep(self, outcome):
        if isinstance(outcome, Finished):
            self.session_cookie, self.device = outcome.session_cookie, outcome.device_cookie
        return outcome

    def sign_in(self, person, clock, interaction=None, *, remember=False):
        """Sign in to the end, with the second factor if it is asked for."""
        interaction = interaction or self.interaction()
        outcome = self.password(person.username, person.password, interaction)
        if outcome == Continue(Step.SECOND_FACTOR):
            clock.advance(30)
            outcome = self.code("totp", person.code(clock), interaction, remember=remember)
        assert isinstance(outcome, Finished), outcome
        return outcome

    def fail(self, username, times=1):
        """Give a wrong password so many times; return the last outcome."""
        outcome = None
        for _ in range(times):
            outcome = self.password(username, "wrong-lantern-harbour")
        return outcome

    def fail_slowly(self, username, clock, times):
        """Give a wrong password so many times, waiting as long as is asked for in between."""
        made = 0
        while made < times:
            outcome = self.password(username, "wrong-lantern-harbour")
            if isinstance(outcome, WrongPassword):
                made += 1
            else:
                clock.set(outcome.until)
