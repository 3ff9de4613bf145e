"""Signing out at a client's wish (OpenID Connect RP-Initiated Logout 1.0)."""
