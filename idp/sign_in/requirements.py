"""What an acr asks of a sign-in (OpenID Connect Core §5.5.1.1, NIST SP 800-63B-4 §2). Pure."""

from idp.factors.assurance import ACR_AAL1, ACR_AAL2, ACR_VALUES, satisfies


def is_reachable(acr_needed: str) -> bool:
    """Tell whether the factors that exist can reach an acr at all."""
    return satisfies(ACR_VALUES[-1], acr_needed)


def needs_second_factor(acr_needed: str) -> bool:
    """Tell whether a password alone does not reach an acr."""
    return not satisfies(ACR_AAL1, acr_needed)


def needs_attested_key(acr_needed: str) -> bool:
    """Tell whether an acr needs a key that is proven not to leave its device."""
    return not satisfies(ACR_AAL2, acr_needed)
