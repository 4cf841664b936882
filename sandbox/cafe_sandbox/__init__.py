"""Stand-ins for external systems."""
