"""The OAuth 2.0 and OpenID Connect engine: functions over plain Request and Answer values, without Flask.

Authlib (RFC 6749) runs the token endpoint; the sets of grant types, checks, client authentications, endpoints and
response modes are tuples of records from which discovery, registration rules and documentation derive. Standards:
OpenID Connect Core 1.0, RFC 6749, RFC 7636, RFC 9068, RFC 9207, RFC 9700.
"""
