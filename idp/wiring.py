"""The one place where objects are put together. Everything below is handed what it needs; nothing looks for it."""

from dataclasses import dataclass
from datetime import timedelta

from idp.accounts.merging import AccountMerging
from idp.accounts.requirements import Requirements
from idp.accounts.restrictions import Restrictions
from idp.accounts.searching import AccountSearch
from idp.accounts.service import Accounts
from idp.audit.erasure import Erasure
from idp.audit.sealer import Sealer
from idp.audit.searching import EventSearch
from idp.audit.service import Audit
from idp.banners.service import Banners
from idp.blocks.service import Blocks
from idp.consents.service import Consents
from idp.enrolment.service import Enrolment
from idp.factors.assurance import Decay
from idp.factors.hashing_pool import HashingPool
from idp.factors.service import Factors
from idp.foundation.clock import Clock, SystemClock
from idp.foundation.database import Database
from idp.foundation.entropy import Entropy, SystemEntropy
from idp.foundation.outbound_http import OutboundHTTP
from idp.foundation.outbox import Outbox
from idp.foundation.replica import Replicas
from idp.foundation.settings import Settings
from idp.foundation.throttle import Throttle
from idp.foundation.time_limits import TimeLimits
from idp.foundation.translation import Translator
from idp.interactions import Interactions
from idp.interventions.account_list import AccountList
from idp.interventions.accounts import AccountInterventions
from idp.interventions.alerts.service import Alerting, Sources
from idp.interventions.blocks import BlockChanges
from idp.interventions.break_glass import BreakGlass
from idp.interventions.charts import Charts
from idp.interventions.chosen import Ends
from idp.interventions.client_changes import ClientChanges
from idp.interventions.holds import LegalHolds
from idp.interventions.hunts import Hunts
from idp.interventions.key_changes import KeyChanges
from idp.interventions.mass_endings import MassEndings
from idp.interventions.merging import Merging
from idp.interventions.requirements import RequirementInterventions
from idp.interventions.travels.judging import TravelJudge
from idp.interventions.travels.service import Travels
from idp.keyring.service import Keyring
from idp.networks.service import Networks
from idp.notices.service import Notices
from idp.protocol.client_auth.client_keys import fetcher
from idp.protocol.service import Foundations, Protocol
from idp.provisioning.members import Parts
from idp.provisioning.service import Provisioning
from idp.registry.credentials import Credentials
from idp.registry.dynamic import DynamicRegistration
from idp.registry.initial_tokens import InitialTokens
from idp.registry.service import Registry
from idp.sessions.devices import Devices
from idp.sessions.grants import Grants
from idp.sessions.searching import SessionSearch
from idp.sessions.service import Sessions
from idp.sessions.usage import SiteUsages
from idp.sign_in.attempts import Attempts
from idp.sign_in.gate import Gate
from idp.sign_in.progress import Progress
from idp.sign_in.proof_of_work import ProofsOfWork
from idp.sign_in.renewal import CredentialRenewal
from idp.sign_in.service import SignIn
from idp.sign_in.standing import Standings
from idp.sign_in.throttling import Limits, Tries
from idp.signals.service import Signals
from idp.signals.ssf.announcer import Announcer
from idp.signals.ssf.transmitter import Transmitter
from idp.staff.changes import Changes
from idp.staff.granting import change_kinds
from idp.staff.saved_views import SavedViews
from idp.staff.service import Staff


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one process."""

    settings: Settings
    clock: Clock
    entropy: Entropy
    database: Database
    outbox: Outbox
    outbound: OutboundHTTP
    audit: Audit
    event_search: EventSearch
    erasure: Erasure
    sealer: Sealer
    keyring: Keyring
    translator: Translator
    notices: Notices
    accounts: Accounts
    account_search: AccountSearch
    account_list: AccountList
    restrictions: Restrictions
    requirements: Requirements
    factors: Factors
    registry: Registry
    credentials: Credentials
    initial_tokens: InitialTokens
    staff: Staff
    changes: Changes
    saved_views: SavedViews
    session_search: SessionSearch
    site_usages: SiteUsages
    mass_endings: MassEndings
    client_changes: ClientChanges
    key_changes: KeyChanges
    account_interventions: AccountInterventions
    requirement_interventions: RequirementInterventions
    legal_holds: LegalHolds
    merging: Merging
    break_glass: BreakGlass
    hunts: Hunts
    charts: Charts
    alerting: Alerting
    networks: Networks
    replicas: Replicas
    blocks: Blocks
    block_changes: BlockChanges
    gate: Gate
    banners: Banners
    travels: Travels
    travel_judge: TravelJudge
    sessions: Sessions
    devices: Devices
    grants: Grants
    consents: Consents
    interactions: Interactions
    throttle: Throttle
    sign_in: SignIn
    credential_renewal: CredentialRenewal
    enrolment: Enrolment
    signals: Signals
    transmitter: Transmitter
    protocol: Protocol
    provisioning: Provisioning


def build_services(
    settings: Settings,
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    limits: TimeLimits | None = None,
) -> Services:
    """Put the services of one process together, whose statements may take as long as ``limits`` say. Raises
    ConfigurationError when the deployment cannot run.
    """
    clock = clock or SystemClock()
    entropy = entropy or SystemEntropy(clock)
    database = Database(settings.database_url, pool_size=settings.database_pool_size, limits=limits)
    outbox, audit = Outbox(database, clock, entropy), Audit(database, clock, entropy)
    keyring = Keyring.open(settings, database, clock, entropy, audit)
    audit.encrypt_with(keyring)
    networks = Networks(database, clock, entropy)
    audit.details.place_by(networks.whereabouts)
    sealer = Sealer(database, clock, audit, keyring, issuer=settings.issuer)
    translator, credentials = Translator(), Credentials(database, clock, settings)
    notices = Notices(settings, database, clock, entropy, outbox=outbox, cipher=keyring, translator=translator)
    replicas = Replicas(database)
    blocks = Blocks(database, clock, entropy, audit, replicas=replicas, operator_of=networks.operator_of)
    accounts = Accounts(database, clock, entropy, audit, keyring, environment=settings.environment)
    accounts.refuse_mail_by(blocks.refuses_mail)
    pool = HashingPool(
        slots=settings.password_slots,
        queue_seconds=settings.password_queue_seconds,
        memory_kib=settings.password_memory_kib,
    )
    factors = Factors(database, clock, entropy, audit, keyring, accounts=accounts, settings=settings, pool=pool)
    registry = Registry(database, clock, entropy, audit, settings)
    initial_tokens, staff = InitialTokens(database, clock, entropy, audit), Staff(database, clock, entropy, audit)
    announcer = Announcer(settings, database, clock, entropy, outbox=outbox, registry=registry)
    audit.subscribe(announcer.recorded)
    sessions = Sessions(
        database,
        clock,
        entropy,
        audit,
        outbox=outbox,
        registry=registry,
        settings=settings,
        on_ended=announcer.sessions_ended,
    )
    sessions.place_by(networks)
    session_search = SessionSearch(database, clock)
    devices = Devices(database, clock, entropy, remembered_for=timedelta(seconds=settings.remembered_browser_seconds))
    merging = Merging(
        database,
        audit,
        AccountMerging(database, clock, keyring),
        accounts=accounts,
        sessions=sessions,
        staff=staff,
    )
    grants = Grants(database, clock, entropy, audit)
    mass_endings = MassEndings(
        database,
        clock,
        entropy,
        audit,
        ends=Ends(database, clock, sessions=sessions, search=session_search, grants=grants),
        threshold=settings.mass_ending_threshold,
    )
    client_changes = ClientChanges(database, clock, registry, sessions, environment=settings.environment)
    key_changes = KeyChanges(database, keyring, sessions, staff)
    block_changes = BlockChanges(database, blocks, networks, devices)
    kinds = (
        *change_kinds(staff),
        *mass_endings.change_kinds(),
        *client_changes.change_kinds(),
        key_changes.change_kind(),
        block_changes.change_kind(),
        merging.change_kind(),
    )
    changes = Changes(database, clock, entropy, audit, kinds)
    restrictions, requirements = Restrictions(database, clock, audit), Requirements(database, clock, audit)
    account_interventions = AccountInterventions(
        database,
        audit,
        accounts=accounts,
        restrictions=restrictions,
        factors=factors,
        sessions=sessions,
        staff=staff,
    )
    consents = Consents(database, clock, audit, sessions, lifetime_seconds=settings.consent_lifetime_seconds)
    interactions = Interactions(keyring, clock, entropy, lifetime_seconds=settings.interaction_lifetime_seconds)
    throttle = Throttle(database, clock)
    outbound = OutboundHTTP(settings)
    attempts = Attempts(database, clock, entropy, lifetime=timedelta(seconds=settings.attempt_lifetime_seconds))
    standings = Standings(
        clock,
        attempts,
        accounts=accounts,
        requirements=requirements,
        factors=factors,
        devices=devices,
        decay=Decay.of(settings),
    )
    progress = Progress(database, clock, attempts, sessions, devices)
    sign_in = SignIn(
        database,
        audit,
        accounts=accounts,
        requirements=requirements,
        factors=factors,
        tries=Tries(
            database,
            clock,
            throttle,
            keyring,
            proofs=ProofsOfWork(clock, entropy, keyring, throttle),
            limits=Limits.of(settings),
        ),
        standings=standings,
        progress=progress,
    )
    credential_renewal = CredentialRenewal(
        requirements=requirements, factors=factors, standings=standings, progress=progress
    )
    enrolment = Enrolment(
        database,
        clock,
        keyring,
        accounts=accounts,
        factors=factors,
        sessions=sessions,
        devices=devices,
        throttle=throttle,
    )
    signals = Signals(
        settings, database, clock, entropy, outbox=outbox, keyring=keyring, registry=registry, outbound=outbound
    )
    signals.judge_lists_by(replicas.age)
    transmitter = Transmitter(
        settings,
        database,
        clock,
        entropy,
        parts=(audit, outbox, keyring),
        registry=registry,
        outbound=outbound,
    )
    dynamic_registration = DynamicRegistration(
        settings,
        database,
        clock,
        entropy,
        audit,
        registry=registry,
        initial_tokens=initial_tokens,
        fetch=fetcher(outbound),
    )
    protocol = Protocol(
        Foundations(
            settings,
            clock,
            entropy,
            database,
            audit,
            keyring,
            accounts,
            registry,
            sessions,
            grants,
            consents,
            interactions,
            fetcher(outbound),
            throttle,
            transmitter,
            dynamic_registration,
        )
    )
    provisioning = Provisioning(
        Parts(database, clock, audit, keyring, accounts, sessions, staff),
        issuer=settings.issuer,
        environment=settings.environment,
    )
    alerting = Alerting(
        database,
        clock,
        entropy,
        audit,
        Sources(staff, accounts, credentials, signals, sealer, notices, throttle, keyring),
    )
    return Services(
        settings,
        clock,
        entropy,
        database,
        outbox,
        outbound,
        audit,
        EventSearch(database, audit.details),
        Erasure(database, audit),
        sealer,
        keyring,
        translator,
        notices,
        accounts,
        AccountSearch(database, clock, audit, keyring),
        AccountList(database, clock, keyring),
        restrictions,
        requirements,
        factors,
        registry,
        credentials,
        initial_tokens,
        staff,
        changes,
        SavedViews(database, clock, entropy),
        session_search,
        SiteUsages(database, clock),
        mass_endings,
        client_changes,
        key_changes,
        account_interventions,
        RequirementInterventions(database, requirements, sessions=sessions),
        LegalHolds(database, clock, entropy, audit),
        merging,
        BreakGlass(database, clock, entropy, audit, sessions=sessions, alarm=alerting.glass_alarm),
        alerting.hunts,
        Charts(database, clock),
        alerting,
        networks,
        replicas,
        blocks,
        block_changes,
        Gate(blocks),
        Banners(database, clock, entropy, audit, replicas=replicas),
        alerting.travels,
        TravelJudge(database, clock, networks),
        sessions,
        devices,
        grants,
        consents,
        interactions,
        throttle,
        sign_in,
        credential_renewal,
        enrolment,
        signals,
        transmitter,
        protocol,
        provisioning,
    )
