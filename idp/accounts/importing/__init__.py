"""Bulk import of accounts from JSON lines, a million and more.

``reader`` cuts the file into lines, ``lines`` understands one, ``ledger`` remembers how far a file has come,
``service`` works in batches: a batch of lines, its rejects and the new position are one transaction, so that an import
killed anywhere goes on exactly where it was. A bad line is told by number and reason, never by value, and holds up no
other.
"""
