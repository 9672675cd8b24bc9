"""Files from others and for others: archives, workbooks, formats of GIS."""
