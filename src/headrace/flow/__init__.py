"""The stages. They hand over through the database and never call each other."""
