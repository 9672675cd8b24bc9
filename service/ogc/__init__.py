"""The OGC API: collections of features for GIS clients."""
