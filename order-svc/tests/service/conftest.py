"""The whole cafe in memory, for one test."""

from tests.memory.fixtures import cafe

__all__ = ["cafe"]
