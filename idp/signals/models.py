"""The table of workers that are alive."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped

from idp.foundation.columns import Instant, plain
from idp.foundation.database import Base


class WorkerHeartbeat(Base):
    """When a worker was last seen at work. A name is a host and a process number."""

    __tablename__ = "worker_heartbeat"
    __table_args__ = (Index("ix_worker_heartbeat_beat", "beat_at"),)

    worker: Mapped[str] = plain(String(120), primary_key=True)
    started_at: Mapped[datetime] = plain(Instant, nullable=False)
    beat_at: Mapped[datetime] = plain(Instant, nullable=False)
