"""Postgres: the truth. Stores run the SQL; the stage that calls them owns the transaction."""
