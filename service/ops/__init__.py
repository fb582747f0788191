"""What an operator sees: log lines, metrics, probes, and how a running service is found. Nothing here knows what the service does."""
