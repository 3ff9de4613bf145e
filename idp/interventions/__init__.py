"""What officers do to others' sessions and to clients: with a reason, approved where it is much or where it gives."""
