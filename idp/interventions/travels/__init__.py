"""The hunt for impossible travel (console.md §2): an account that signs in at two places, farther apart than anybody
gets in the time between. The worker notes each such journey once; pages and alert rules read what was noted.
"""
