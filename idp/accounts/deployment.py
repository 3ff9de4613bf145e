"""Whose accounts this deployment knows (rule O1): those made for its environment, and demonstration accounts outside
production only. An account of another deployment is as absent as one that never was, even if its rows were copied here.
"""

from sqlalchemy import BindParameter, ColumnElement, String, bindparam, literal_column

from idp.accounts.models import Account

_ENVIRONMENT: BindParameter[str] = bindparam("environment", type_=String(20))
# Written out: what is prepared once has named parameters only.
_PRODUCTION: ColumnElement[str] = literal_column("'production'", String(20))


def is_of_deployment() -> ColumnElement[bool]:
    """Return the condition that an account is of the deployment that ``:environment`` names."""
    return (Account.environment == _ENVIRONMENT) & (Account.is_demonstration.is_(False) | (_ENVIRONMENT != _PRODUCTION))
