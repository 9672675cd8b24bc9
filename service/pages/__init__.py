"""Pages, their heads and previews."""
