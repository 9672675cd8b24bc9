"""The database: ways to it, its tables and their migrations."""
