"""What officers do to others' sessions: counted first, approved where it is much, in batches, with a reason."""
