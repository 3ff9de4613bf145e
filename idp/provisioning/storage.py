"""Where scim2-server reads and writes members (RFC 7644 §3): from wire values to ours and back, and our refusals in its
words.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final
from uuid import UUID

from scim2_models import (
    InvalidValueException,
    Meta,
    MutabilityException,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    UniquenessException,
)
from scim2_server.storage import ScimStorage, SearchPage

from idp.accounts.draft import NewAccount
from idp.accounts.errors import AccountRefused, AccountTaken
from idp.accounts.identifiers import parse_id_number
from idp.provisioning.filters import Search
from idp.provisioning.members import Member, MemberHeld, MemberIsOfficer, Members, MemberUnknown, Parts
from idp.provisioning.schema import MOST_RESULTS, Email, Name, PhoneNumber, StaffMember, User
from idp.provisioning.tenants import Tenant

_LONGEST_EXTERNAL_ID: Final = 255
_WIRE_NAMES: Final = {
    "username": "userName",
    "phone": "phoneNumbers",
    "email": "emails",
    "id_number": "idNumber",
    "family_name": "name.familyName",
    "given_name": "name.givenName",
}


class MemberStorage(ScimStorage):
    """The members of one tenant during one request."""

    def __init__(self, parts: Parts, tenant: Tenant, client_id: str, *, model: type[User[Any]], is_write: bool) -> None:
        self._parts = parts
        self._model = model
        self._tenant = tenant
        self._members = Members(parts, tenant, actor=f"client:{client_id}", client_id=client_id)
        self._search = Search(tenant, parts.keyring)
        self._is_write = is_write

    def operation(self) -> AbstractContextManager[Any]:
        """One transaction for each operation, so that one that fails in a bulk leaves the others alone."""
        return self._parts.database.transaction() if self._is_write else nullcontext()

    def get(
        self,
        resource_type: ResourceType,  # noqa: ARG002 - there is one
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,  # noqa: ARG002 - the server applies them
    ) -> Resource[Any]:
        return self._shown(self._get(resource_id))

    def search(
        self,
        resource_types: list[ResourceType],  # noqa: ARG002 - there is one
        search_request: SearchRequest[Any],
        *,
        position: Any = None,  # noqa: ANN401, ARG002 - there are no cursors
    ) -> SearchPage:
        asked, condition = search_request.filter, None
        if asked is not None:
            condition = self._search.condition(asked.ast)
        order: tuple[Any, ...] = ()
        if search_request.sort_by is not None:
            is_descending = search_request.sort_order is SearchRequest.SortOrder.descending
            order = self._search.order(str(search_request.sort_by), descending=is_descending)
        limit = MOST_RESULTS if search_request.count is None else search_request.count
        offset = search_request.start_index_0 or 0
        total, found = self._members.find(condition, order, offset=offset, limit=limit)
        return SearchPage(total, [self._shown(member) for member in found])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:  # noqa: ARG002
        user = _user(resource)
        try:
            member = self._members.create(_new_account(user, self._tenant), _external_id(user))
        except AccountTaken as refused:
            if refused.field == "username":
                raise UniquenessException(detail="This userName is taken.") from None
            raise UniquenessException(detail="These values do not fit what is recorded already.") from None
        except AccountRefused as refused:
            raise _invalid(refused) from None
        if user.active is False:
            self._members.deactivate(member)
        return self._shown(self._get(str(member.id)))

    def update(
        self,
        resource_type: ResourceType,  # noqa: ARG002 - there is one
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        user, member = _user(resource), self._get_version(str(resource.id), expected_version)
        self._check_identity(user, member)
        self._members.set_external_id(member, _external_id(user))
        self._set_contacts(member, user)
        # RFC 7643 §2.5: without a value it is as if nothing was said, and nothing said is no reason to end anything.
        if user.active is False:
            self._members.deactivate(member)
        elif user.active and not member.is_active:
            self._reactivate(member)
        return self._shown(self._get(str(member.id)))

    def delete(
        self,
        resource_type: ResourceType,  # noqa: ARG002 - there is one
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        self._members.remove(self._get_version(resource_id, expected_version))

    def _shown(self, member: Member) -> Resource[Any]:
        return _resource(member, self._model)

    def _get(self, resource_id: str) -> Member:
        try:
            return self._members.get(UUID(resource_id), for_change=self._is_write)
        except (ValueError, MemberUnknown):
            raise NotFoundException(detail="There is no such member.") from None

    def _get_version(self, resource_id: str, expected: str | None) -> Member:
        member = self._get(resource_id)
        if expected is not None and expected != _tag(member):
            raise PreconditionFailedException
        return member

    def _reactivate(self, member: Member) -> None:
        try:
            self._members.reactivate(member)
        except MemberHeld:
            raise UniquenessException(detail="There is a newer membership of the same account.") from None

    def _set_contacts(self, member: Member, user: User[Any]) -> None:
        email, phone = _only(user.emails, "emails"), _only(user.phone_numbers, "phoneNumbers")
        try:
            self._members.set_contacts(member, email=email, phone=phone)
        except AccountRefused as refused:
            raise _invalid(refused) from None
        except MemberHeld:
            raise MutabilityException(
                detail="The account came from elsewhere: its contacts are the person's."
            ) from None
        except MemberIsOfficer:
            raise MutabilityException(
                detail="The account has a power in the console: another officer changes its contacts there."
            ) from None

    def _check_identity(self, user: User[Any], member: Member) -> None:
        """Refuse what would make the member somebody else, whichever way it came."""
        kept = _resource(member, self._model)
        if user.user_name != kept.user_name or user.name != kept.name:
            raise MutabilityException(detail="userName and name are immutable.")
        given = _id_number(user)
        if given is None:
            return
        number = parse_id_number(given, self._parts.clock.now().date())
        if number is None or self._parts.keyring.index("id_number", number.value) != member.id_number_digest:
            raise MutabilityException(detail="idNumber is immutable.")


def _user(resource: Resource[Any]) -> User[Any]:
    if not isinstance(resource, User):
        raise TypeError("only users are provisioned")
    return resource


def _tag(member: Member) -> str:
    return f'W/"{member.version}"'


def _invalid(refused: AccountRefused) -> InvalidValueException:
    said = " ".join(f"{_wire_name(problem.field)}: {problem}" for problem in refused.problems)
    return InvalidValueException(detail=said)


def _wire_name(name: str | None) -> str:
    return _WIRE_NAMES.get(name or "", name or "User")


def _external_id(user: User[Any]) -> str | None:
    given = user.external_id
    if given is not None and (len(given) > _LONGEST_EXTERNAL_ID or not given.isprintable()):
        raise InvalidValueException(detail=f"externalId has at most {_LONGEST_EXTERNAL_ID} printable characters.")
    return given


def _id_number(user: User[Any]) -> str | None:
    extension = getattr(user, StaffMember.__name__, None)
    return extension.id_number if isinstance(extension, StaffMember) else None


def _new_account(user: User[Any], tenant: Tenant) -> NewAccount:
    name = user.name or Name()
    return NewAccount(
        **tenant.new_account(),
        username=user.user_name or "",
        name=name.formatted,
        family_name=name.family_name,
        given_name=name.given_name,
        email=_only(user.emails, "emails"),
        phone=_only(user.phone_numbers, "phoneNumbers"),
        id_number=_id_number(user),
    )


def _only(given: list[Email] | list[PhoneNumber] | None, name: str) -> str | None:
    if given and len(given) > 1:
        raise InvalidValueException(detail=f"An account has one of {name}.")
    return given[0].value if given else None


def _resource(member: Member, model: type[User[Any]]) -> User[Any]:
    profile = member.profile
    return model(
        id=str(member.id),
        external_id=member.external_id,
        user_name=profile.plain("username"),
        name=Name(
            formatted=profile.claim_value("name"),
            family_name=profile.claim_value("family_name"),
            given_name=profile.claim_value("given_name"),
        ),
        emails=[Email(value=member.email)] if member.email else None,
        phone_numbers=[PhoneNumber(value=member.phone)] if member.phone else None,
        active=member.is_active,
        meta=Meta(
            resource_type="User",
            created=member.created_at,
            last_modified=member.changed_at,
            version=_tag(member),
        ),
    )
