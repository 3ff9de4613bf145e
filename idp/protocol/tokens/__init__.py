"""The tokens we issue: access (RFC 9068), ID (OpenID Connect Core §2) and refresh tokens (RFC 6749 §1.5)."""
