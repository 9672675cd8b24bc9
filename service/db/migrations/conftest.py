"""Alembic alone can run ``env.py``; pytest must not import it in search of doctests."""

collect_ignore = ["env.py"]
