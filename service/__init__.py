"""The service: regional figures on geometry, over HTTP."""
