"""The REST doors of the exporters: read input, one call to a stage, answer."""
