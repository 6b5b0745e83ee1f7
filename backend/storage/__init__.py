"""Models and SQL: everything that touches the database, and nothing that decides."""
