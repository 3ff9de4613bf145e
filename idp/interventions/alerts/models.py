"""The tables of alert rules, of what they and the alarms found, and of credentials whose end was announced."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, SmallInteger, String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, UUIDType, personal, plain
from idp.foundation.database import Base


class AlertRule(Base):
    """A rule of a security officer: a hunt, the time it looks back, and from which count on it alerts."""

    __tablename__ = "alert_rule"
    __table_args__ = (
        CheckConstraint("window_seconds > 0", name="ck_alert_rule_window"),
        CheckConstraint("threshold > 0", name="ck_alert_rule_threshold"),
    )

    id: Mapped[UUID] = plain(UUIDType, primary_key=True)
    hunt: Mapped[str] = plain(String(40), nullable=False)
    window_seconds: Mapped[int] = plain(Integer, nullable=False)
    threshold: Mapped[int] = plain(Integer, nullable=False)
    is_enabled: Mapped[bool] = plain(Boolean, nullable=False)
    actor: Mapped[str] = plain(String(120), nullable=False)
    created_at: Mapped[datetime] = plain(Instant, nullable=False)


class Alert(Base):
    """The latest alert of a source about a subject, such as a network. ``source`` is the id of a rule, or the name of
    an alarm; a new one takes the place of the earlier only when that has grown old.
    """

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_raised", "raised_at"),)

    source: Mapped[str] = plain(String(60), primary_key=True)
    subject: Mapped[str] = personal(String(255), primary_key=True)
    found: Mapped[int] = plain(Integer, nullable=False)
    raised_at: Mapped[datetime] = plain(Instant, nullable=False)


class ExpiryNotice(Base):
    """That the end of a credential was announced, once for each of the days before it."""

    __tablename__ = "expiry_notice"
    __table_args__ = (Index("ix_expiry_notice_ends", "ends_at"),)

    credential: Mapped[str] = plain(String(200), primary_key=True)
    days_before: Mapped[int] = plain(SmallInteger, primary_key=True)
    client_id: Mapped[str] = plain(String(255), nullable=False)
    ends_at: Mapped[datetime] = plain(Instant, nullable=False)
    sent_at: Mapped[datetime] = plain(Instant, nullable=False)
