"""What the protocol keeps in the database: codes, refresh families, spent and revoked token ids; model and store in one
file each.

Every one-time thing is claimed by one conditional statement whose row count decides (RFC 6749 §10.5, RFC 9700 §4.14;
rule P1).
"""
