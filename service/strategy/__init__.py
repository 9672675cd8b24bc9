"""The strategy, KPIs and deployments."""
