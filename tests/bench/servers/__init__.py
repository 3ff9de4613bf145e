"""What the bench starts and stops: a private PostgreSQL cluster, our provider and the peer, each pinned to a core."""
