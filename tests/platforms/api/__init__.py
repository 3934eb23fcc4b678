"""Tests of the REST API of what platforms themselves have."""
