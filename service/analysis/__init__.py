"""What analysts ask: clusters, correlations and changes, as layers like any other and over HTTP."""
