"""What wiring builds of alerts: the hunts and their rules, what was raised, and what the worker does about it."""

from dataclasses import dataclass

from idp.accounts.service import Accounts
from idp.audit.sealer import Sealer
from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy
from idp.foundation.throttle import Throttle
from idp.interventions.alerts.command_alarm import CommandAlarm
from idp.interventions.alerts.expiries import ExpiryNotices
from idp.interventions.alerts.glass_alarm import GlassAlarm
from idp.interventions.alerts.hunting import Sight
from idp.interventions.alerts.owners import OwnerNotices
from idp.interventions.alerts.raising import Alerts
from idp.interventions.alerts.recipients import Recipients
from idp.interventions.alerts.rules import AlertRules
from idp.interventions.alerts.sign_ins import SignInNotices
from idp.interventions.alerts.watching import Watch
from idp.interventions.hunts import Hunts
from idp.interventions.travels.service import Travels
from idp.keyring.service import Keyring
from idp.notices.service import Notices
from idp.registry.credentials import Credentials
from idp.signals.service import Signals
from idp.staff.service import Staff


@dataclass(frozen=True, slots=True)
class Sources:
    """What alerts speak of, and to whom."""

    staff: Staff
    accounts: Accounts
    credentials: Credentials
    signals: Signals
    sealer: Sealer
    notices: Notices
    throttle: Throttle
    keyring: Keyring


class Alerting:
    """The parts of this package, put together. Owners of accounts are told from the audit record."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy, audit: Audit, sources: Sources) -> None:
        notices, recipients = sources.notices, Recipients(sources.staff, sources.accounts)
        self.hunts, self.travels = Hunts(database, clock), Travels(database, clock)
        self.rules = AlertRules(database, clock, entropy, audit)
        self.alerts = Alerts(database, clock, audit, notices)
        self.watch = Watch(
            database,
            clock,
            self.alerts,
            self.rules,
            sight=Sight(self.hunts, self.travels),
            recipients=recipients,
            signals=sources.signals,
            sealer=sources.sealer,
        )
        self.glass_alarm = GlassAlarm(clock, self.alerts, recipients)
        self.command_alarm = CommandAlarm(clock, self.alerts, recipients)
        self.expiries = ExpiryNotices(
            database, clock, audit, credentials=sources.credentials, notices=notices, recipients=recipients
        )
        audit.subscribe(OwnerNotices(clock, notices, recipients).recorded)
        audit.subscribe(SignInNotices(clock, notices, recipients, sources.throttle, sources.keyring).recorded)
