"""What officers do to others' sessions, accounts, keys and clients: with a reason, approved where it is much or where
it gives; what they hunt, and what they are alerted of.

One module an intervention. Each records who did it and why in the transaction that does it; what it does is the
business of the feature below.
"""
