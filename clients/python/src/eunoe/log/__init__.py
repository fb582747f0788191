"""What the service's own processes tell each other through Kafka; generated."""
