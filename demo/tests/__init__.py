"""Tests of the demonstration's pure parts, and of what it starts and stops."""
