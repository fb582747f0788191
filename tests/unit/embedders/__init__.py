"""Tests of `service.embedders`."""
