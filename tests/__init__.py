"""Tests of the memory service and its client."""
