"""From a registration file to a version in force (rule O3).

Development publishes what it is given. Elsewhere a file becomes a draft that carries the version it was based on, and
applying never touches state, secrets, sector or approvals: whoever suspended a client need not fear the next deployment
script.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from idp.audit.service import Audit
from idp.foundation.clock import Clock
from idp.foundation.database import Database
from idp.foundation.digests import sha256
from idp.foundation.entropy import Entropy
from idp.foundation.masked import Masked
from idp.foundation.outbound_http import OutboundPolicy
from idp.foundation.settings import Settings
from idp.foundation.translation import said
from idp.registry.digests import digest_of
from idp.registry.dynamic_store import DynamicStore
from idp.registry.events import ClientApplied, ClientApproved, ClientSecretIssued, LiveSecrets
from idp.registry.facts import members
from idp.registry.files import substitute
from idp.registry.members import NAMES, SECRET_METHODS, with_defaults
from idp.registry.models import OPEN
from idp.registry.names import skeleton
from idp.registry.rules import Deployment, Problem, check
from idp.registry.store import RegistryStore
from idp.registry.views import Applied, Approval, Change, Refused, StateChanged, differences

Versions = Sequence[Row[Any]]

_MASK = "****"


class Publication:
    """Applies and approves registrations."""

    def __init__(
        self,
        database: Database,
        store: RegistryStore,
        clock: Clock,
        entropy: Entropy,
        audit: Audit,
        settings: Settings,
        *,
        publishes: bool | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._audit = audit
        self._settings = settings
        self._outbound = OutboundPolicy.of(settings)
        # Files are published at once in development only; clients that register themselves also in the sandbox.
        self._publishes = settings.is_development if publishes is None else publishes

    def apply(
        self, registration: Mapping[str, Any], *, actor: str, substitutions: Mapping[str, str]
    ) -> Applied | Refused:
        filled, unfilled = substitute(registration, substitutions)
        if unfilled:
            return Refused(unfilled)
        content = check(filled, self._deployment())
        if isinstance(content, tuple):
            return Refused(content)
        given_secret = content.pop("client_secret", None)
        try:
            with self._database.transaction():
                return self._apply(content, given_secret, actor)
        except IntegrityError:
            return _refused(
                content["client_id"], said("was being changed by another command at the same moment; try again")
            )

    def propose(self, registration: Mapping[str, Any], *, actor: str) -> Applied | Refused:
        """Write a draft and put it up for review, in every environment; it gets no secret before it is in force."""
        content = check(registration, self._deployment())
        if isinstance(content, tuple):
            return Refused(content)
        if "client_secret" in content:
            return _refused("client_secret", said("is not chosen here; one is made and shown once it is in force"))
        try:
            with self._database.transaction():
                opened = self._open(content)
                if isinstance(opened, Refused):
                    return opened
                _, versions = opened
                status, number, changes = self._write(content, versions, actor, publishes=False)
                self._store.submit_draft(content["client_id"])
        except IntegrityError:
            return _refused(
                content["client_id"], said("was being changed by somebody else at the same moment; try again")
            )
        return Applied(content["client_id"], not versions, status, number, changes)

    def approve(self, client_id: str, *, actor: str, approval: Approval | None = None) -> StateChanged | Refused:
        with self._database.transaction():
            row = self._store.client_row(client_id, lock=True)
            versions = self._store.versions(client_id) if row is not None else ()
            draft = next((version for version in versions if version.status in OPEN), None)
            if row is None or draft is None:
                return _refused("", said("there is no draft of %(client_id)s to approve", client_id=repr(client_id)))
            if approval is not None and not _is_of(approval, draft):
                return _refused(
                    "", said("the draft of %(client_id)s is not the one that was looked at", client_id=repr(client_id))
                )
            if draft.base_version != row.published_version:
                return _refused(
                    "",
                    said(
                        "version %(published_version)s came into force after this draft; apply it again",
                        published_version=row.published_version,
                    ),
                )
            # The rules of today decide, not those of the day the draft was written.
            content = check(draft.content, self._deployment())
            problems = content if isinstance(content, tuple) else self._conflicts(draft.content, row, versions)
            if problems:
                return Refused(tuple(problems))
            before = _published(versions)
            changes = differences(before, draft.content)
            was, became = members(changes)
            self._publish(draft.id, draft.number, draft.content, approval)
            # Somebody here has looked at it now: people are no longer warned of a client that registered itself.
            DynamicStore(self._database).set_verified(client_id, self._clock.now())
            self._audit.record(
                ClientApproved(
                    actor=actor,
                    client_id=client_id,
                    version=draft.number,
                    author=draft.author,
                    content_digest=draft.content_digest.hex(),
                    before=None if before is None else was,
                    after=became,
                )
            )
            return StateChanged(client_id, row.state, draft.number, changes)

    def _deployment(self) -> Deployment:
        return Deployment(
            environment=self._settings.environment,
            legacy_profile_allowed=self._settings.legacy_profile_allowed,
            outbound=self._outbound,
            today=self._clock.now().date(),
            takes_certificates=bool(self._settings.client_certificate_header),
        )

    def _apply(self, content: dict[str, Any], given_secret: str | None, actor: str) -> Applied | Refused:
        opened = self._open(content)
        if isinstance(opened, Refused):
            return opened
        is_new, versions = opened
        secret_changes, new_secret = self._secret(content, given_secret, is_new=is_new, actor=actor)
        status, number, changes = self._write(content, versions, actor, publishes=self._publishes)
        return Applied(content["client_id"], is_new, status, number, changes + secret_changes, new_secret)

    def _open(self, content: Mapping[str, Any]) -> tuple[bool, Versions] | Refused:
        """Lock the client that a content is for, or make it. Returns whether it is new, and its versions."""
        client_id = content["client_id"]
        row = self._store.client_row(client_id, lock=True)
        versions = self._store.versions(client_id)
        problems = self._conflicts(content, row, versions)
        if problems:
            return Refused(tuple(problems))
        if row is None:
            self._insert_client(content)
        return row is None, versions

    def _conflicts(self, content: Mapping[str, Any], row: Row[Any] | None, versions: Versions) -> list[Problem]:
        """Return what speaks against a content because of what stands in the register."""
        problems: list[Problem] = []
        for member in NAMES:
            holder = self._store.name_holder(skeleton(content[member])) if member in content else None
            if holder not in {None, content["client_id"]}:
                problems.append(
                    Problem(member, said("is, or looks like, the name of the client %(holder)s", holder=repr(holder)))
                )
        problems += self._resource_conflicts(content)
        if row is not None and row.environment != self._settings.environment:
            problems.append(
                Problem(
                    "policy.environment",
                    said("this client was registered for %(environment)s", environment=row.environment),
                )
            )
        published = _published(versions)
        if published is not None and not self._settings.is_development:  # noqa: SIM102 - two questions
            if published["policy"]["sector"] != content["policy"]["sector"]:
                problems.append(Problem("policy.sector", said("never changes: every sub would become another")))
        return problems

    def _resource_conflicts(self, content: Mapping[str, Any]) -> list[Problem]:
        """Return what speaks against the resources of a content: two servers must not answer to one name (RFC 8707)."""
        member, issuer, problems = "policy.resource_identifiers", self._settings.issuer, []
        for uri in content["policy"].get("resource_identifiers", ()):
            holder = self._store.resource_holder(uri)
            if holder not in {None, content["client_id"]}:
                problems.append(
                    Problem(
                        member, said("%(uri)s is served by the client %(holder)s", uri=repr(uri), holder=repr(holder))
                    )
                )
            if f"{uri}/".startswith(f"{issuer}/"):
                problems.append(Problem(member, said("%(uri)s is this provider's own", uri=repr(uri))))
        return problems

    def _insert_client(self, content: Mapping[str, Any]) -> None:
        policy = content["policy"]
        self._store.save_agency(policy["agency"], policy.get("agency_name"), policy.get("agency_name#en"), keep=True)
        self._store.insert_client(
            {
                "client_id": content["client_id"],
                "agency": policy["agency"],
                "environment": policy["environment"],
                "state": "active",
                "is_demonstration": policy.get("demonstration", False),
                "created_at": self._clock.now(),
            }
        )

    def _secret(
        self, content: Mapping[str, Any], given: str | None, *, is_new: bool, actor: str
    ) -> tuple[tuple[Change, ...], Masked | None]:
        """Store the given secret, or make one for a client that needs its first.

        Returns the change, and a secret that was made.
        """
        client_id, now = content["client_id"], self._clock.now()
        if content["token_endpoint_auth_method"] not in SECRET_METHODS:
            return (), None
        live = {secret.digest for secret in self._store.live_secrets(client_id, now)}
        if given is None and (live or not (is_new or self._settings.is_development)):
            return (), None
        if given is not None and sha256(given) in live:
            return (), None
        secret = given or self._entropy.token()
        self._store.end_secrets(client_id, keep=0, keep_until=now)
        self._store.insert_secret(self._entropy.uuid7(), client_id, sha256(secret), now)
        self._store.bump_cache_version()
        before, after = LiveSecrets(live=len(live)), LiveSecrets(live=1)
        self._audit.record(ClientSecretIssued(actor=actor, client_id=client_id, before=before, after=after))
        change = Change("client_secret", _MASK if live else None, _MASK)
        return (change,), None if given is not None else Masked(secret)

    def _write(
        self, content: dict[str, Any], versions: Versions, actor: str, *, publishes: bool
    ) -> tuple[str, int, tuple[Change, ...]]:
        """Write a version unless the register says the same already.

        Returns (status, number, what differs from what is in force).
        """
        client_id = content["client_id"]
        published = next((version for version in versions if version.status == "published"), None)
        draft = next((version for version in versions if version.status in OPEN), None)
        base = None if published is None else published.number
        changes = differences(_published(versions), content)
        if published is not None and not changes:
            self._store.archive(client_id, *OPEN)
            return "unchanged", published.number, ()
        if draft is not None and draft.base_version == base and with_defaults(draft.content) == content:
            return "draft", draft.number, changes
        number = versions[0].number + 1 if versions else 1
        version_id, digest = self._entropy.uuid7(), digest_of(content)
        self._store.archive(client_id, *OPEN)
        self._store.insert_version(
            {
                "id": version_id,
                "client_id": client_id,
                "number": number,
                "status": "draft",
                "content": content,
                "content_digest": digest,
                "base_version": base,
                "author": actor,
                "created_at": self._clock.now(),
            }
        )
        status = "draft"
        if publishes:
            self._publish(version_id, number, content)
            status = "published"
        changed = [change.member for change in changes]
        was, became = members(changes)
        self._audit.record(
            ClientApplied(
                actor=actor,
                client_id=client_id,
                version=number,
                status=status,
                changed=changed,
                content_digest=digest.hex(),
                before=None if published is None else was,
                after=became,
            )
        )
        return status, number, changes

    def _publish(
        self, version_id: UUID, number: int, content: Mapping[str, Any], approval: Approval | None = None
    ) -> None:
        """Put a version into force. Its state, ``not_before`` and secrets stay what they are."""
        client_id, policy = content["client_id"], content["policy"]
        self._store.archive(client_id, "published")
        self._store.publish_version(
            version_id,
            published_at=self._clock.now(),
            change_request_id=approval and approval.request_id,
            approvals=approval and approval.approvals,
        )
        self._store.save_agency(policy["agency"], policy.get("agency_name"), policy.get("agency_name#en"))
        self._store.hold_names(client_id, {skeleton(content[member]) for member in NAMES if member in content})
        self._store.hold_resources(client_id, set(policy.get("resource_identifiers", ())))
        self._store.update_client(
            client_id,
            agency=policy["agency"],
            published_version=number,
            is_demonstration=policy.get("demonstration", False),
        )
        self._store.bump_cache_version()


def _published(versions: Versions) -> dict[str, Any] | None:
    """Return the content in force, with the defaults of today for members that it was written without."""
    return next((with_defaults(version.content) for version in versions if version.status == "published"), None)


def _is_of(approval: Approval, draft: Row[Any]) -> bool:
    """Tell whether a draft is, to the last byte, what officers approved."""
    return (approval.version, approval.content_digest) == (draft.number, digest_of(draft.content).hex())


def _refused(member: str, message: str) -> Refused:
    return Refused((Problem(member, message),))
