"""jobs decide: the layer on top of devices that will turn metrics into commands."""
