"""demo is the world around Remosa: vendors and players, for `make demo` and for tests."""
