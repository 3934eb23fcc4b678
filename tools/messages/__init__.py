"""Collects the strings that people see, and keeps locale/ in step with them."""
