"""What is deployed beside the service: for development and tests, real servers started as processes."""
