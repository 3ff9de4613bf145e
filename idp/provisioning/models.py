"""The table of what provisioning knows beside accounts and memberships."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, UUIDType, personal, plain
from idp.foundation.database import Base


class ProvisionedMember(Base):
    """One member of a tenant; there is none until something is provisioned.

    ``id`` is that of the staff account or of the membership. ``opened_here``: the account itself came from this tenant,
    so its contacts are no news to it.
    """

    __tablename__ = "provisioned_member"

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    external_id: Mapped[str | None] = personal(String(255))
    opened_here: Mapped[bool] = plain(Boolean, nullable=False)
    changed_at: Mapped[datetime] = plain(Instant, nullable=False)
    deactivated_at: Mapped[datetime | None] = plain(Instant)
    deleted_at: Mapped[datetime | None] = plain(Instant)
