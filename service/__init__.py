"""Eunoe: a self-hosted memory service for AI agents. This package is the service; the SDK is `eunoe_client`."""
