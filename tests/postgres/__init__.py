"""A PostgreSQL server of the tests' own: the real one, in a temporary folder, on no network."""
