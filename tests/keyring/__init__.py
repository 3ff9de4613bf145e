"""The keyring through its one door, on both databases."""
