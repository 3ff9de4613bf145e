"""What officers and the contacts of services are told without asking: credentials that end, what the hunts found by the
rules of a security officer, and faults of the service itself.

Each thing is claimed by one conditional INSERT in the transaction that writes its notices, so any number of workers may
look. Without a way for mail to leave, what was found still stands in the console.
"""
