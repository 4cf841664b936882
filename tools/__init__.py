"""Builds, starts, watches and stops the programs of the local stack."""
