"""Mechanism for services that live behind a Dapr sidecar; knows no business word."""
