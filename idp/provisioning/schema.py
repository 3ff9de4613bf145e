"""What a member looks like on the wire and what this service can do (RFC 7643 §4.1, §5 and §6).

Only what we keep is declared: no password, no roles, no groups. Who somebody is is said once, when the account is
opened; afterwards it is the person's. Attributes that we do not know are ignored.
"""

from typing import Annotated, Final, TypeVar

from pydantic import EmailStr, Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    Filter,
    Mutability,
    Patch,
    Required,
    Resource,
    ResourceType,
    Returned,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

MOST_RESULTS: Final = 200
MOST_OPERATIONS: Final = 100
LARGEST_BODY: Final = 64 * 1024


class Name(ComplexAttribute):
    """A person's name; the parts are needed only where the whole does not tell them."""

    formatted: Annotated[str | None, Required.true, Mutability.immutable] = None
    family_name: Annotated[str | None, Mutability.immutable] = None
    given_name: Annotated[str | None, Mutability.immutable] = None


class Email(ComplexAttribute):
    value: EmailStr | None = None


class PhoneNumber(ComplexAttribute):
    value: str | None = None


_AnyExtension = TypeVar("_AnyExtension", bound=Extension)


class User(Resource[_AnyExtension]):
    """A member: somebody who works for the agency, or who may act for the organization."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true, Mutability.immutable] = Field(
        None, description="What the person signs in with. It is never given to anybody else."
    )
    name: Annotated[Name | None, Required.true] = Field(None, description="The person's name; not changed from here.")
    emails: list[Email] | None = Field(None, description="At most one address; only of accounts that came from here.")
    phone_numbers: list[PhoneNumber] | None = Field(
        None, description="At most one number; only of accounts that came from here."
    )
    active: bool | None = Field(
        None, description="False ends the membership, or the staff account's access, with its sessions and tokens."
    )


class StaffMember(Extension):
    """What a staff account needs besides: the human behind it is known by ID number."""

    __schema__ = URN("urn:idp:scim:schemas:extension:2.0:StaffMember")

    id_number: Annotated[str | None, Required.true, Mutability.immutable, Returned.never] = Field(
        None, description="The resident ID number (GB 11643)."
    )


StaffUser = User[Annotated[StaffMember, Required.true]]

_CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=True, max_operations=MOST_OPERATIONS, max_payload_size=LARGEST_BODY),
    filter=Filter(supported=True, max_results=MOST_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="OAuth 2.0",
            description="An access token of a client of its own (client_credentials) with the scope scim.",
            primary=True,
        )
    ],
)
_POLICY = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)

LEGAL_PERSON: Final = ScimProvider([User], config=_CONFIG, policy=_POLICY)
AGENCY: Final = ScimProvider(
    [User, StaffMember],
    [ResourceType.from_resource(StaffUser)],
    _CONFIG,
    _POLICY,
)
