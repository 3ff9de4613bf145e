"""Provisioning by SCIM 2.0 (RFC 7643, RFC 7644; rule A7): an agency keeps its staff accounts, an
organization its members.

The wire format, PATCH and bulk are scim2-server's, which is known in this package only.
"""
