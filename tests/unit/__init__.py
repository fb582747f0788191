"""Unit tests: pure computation, nothing outside the process."""
