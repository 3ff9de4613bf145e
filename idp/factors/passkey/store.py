"""Every statement on passkeys, as SQLAlchemy Core. Private to the package."""

from sqlalchemy import bindparam, select, update

from idp.factors.models import Authenticator, Passkey

CREDENTIALS_OF_ACCOUNT = (
    select(Passkey.credential_id, Passkey.transports)
    .join(Authenticator, Authenticator.id == Passkey.authenticator_id)
    .where(Authenticator.account_id == bindparam("account"))
    .order_by(Authenticator.id)
)

BY_CREDENTIAL = (
    select(
        Authenticator.id, Authenticator.account_id, Passkey.public_key, Passkey.is_attested, Passkey.is_backup_eligible
    )
    .join(Authenticator, Authenticator.id == Passkey.authenticator_id)
    .where(Passkey.credential_id == bindparam("credential"), Authenticator.disabled_at.is_(None))
)

# A device that counts never says the same number twice; one that does not count always says 0.
CLAIM_COUNT = (
    update(Passkey)
    .where(
        Passkey.authenticator_id == bindparam("authenticator"),
        (Passkey.sign_count < bindparam("count")) | ((Passkey.sign_count == 0) & (bindparam("count") == 0)),
    )
    .values(sign_count=bindparam("count"), is_backed_up=bindparam("backed_up"))
)
