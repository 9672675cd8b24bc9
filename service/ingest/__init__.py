"""From files to tables to encoded bytes: atomic, idempotent."""
