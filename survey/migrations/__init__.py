"""The history of the tables: numbered, named, each step with its way back."""
