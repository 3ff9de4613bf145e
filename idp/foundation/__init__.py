"""What every feature stands on: settings, time, randomness, database, outbox, outbound calls, logs, translation.

Nothing here knows an account, a client or a protocol; everything else may import it.
"""
