"""Accounts and registrations for tests, made through the product's own services:
``AccountFactory(services)(kind="citizen")``.
"""
