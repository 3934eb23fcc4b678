"""The proof that no platform learns of, or touches, another."""
