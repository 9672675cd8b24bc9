"""Catalogues, downloads and exports."""
