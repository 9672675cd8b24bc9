"""The strategy: its plan, KPIs and their rating, the logic model, deployments of measures."""
