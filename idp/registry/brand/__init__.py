"""The brand of a site (rule A8): a logo and five colours, part of its reviewed registration.

What comes in is never passed on: a logo is written anew from an allow-list of what was understood, style sheets are
generated from parsed colours. Pure.
"""
