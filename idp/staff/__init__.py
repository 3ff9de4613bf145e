"""Staff of this service: their powers, what each power may do, and changes that need more than one of them."""
