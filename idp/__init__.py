"""The Unified Identity Provider (统一身份认证平台): one OpenID Connect sign-in that every government site trusts."""
