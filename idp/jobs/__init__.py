"""What happens without anybody asking: deliveries, key rotation, purges. ``idp worker`` runs all of it, on as many
nodes as one likes.

To add a job, write its file, ending in ``JOB``, and list it in ``JOBS`` (``schedule``). Deliveries and sealing are
no jobs: they run all the time.
"""
