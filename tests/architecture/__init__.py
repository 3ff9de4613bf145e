"""The rules of the house that no linter knows, each with a message that says what to do next."""
