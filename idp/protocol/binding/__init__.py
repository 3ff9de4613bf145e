"""Sender-constrained tokens: by a key that the client proves at each use (DPoP, RFC 9449) or by its TLS certificate
(RFC 8705).

Everything that decides whether a request proves what its token is bound to is here; a plain Bearer request passes
without a query.
"""
