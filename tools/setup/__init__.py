"""Set-up of a fresh checkout: `python3 -m tools.setup run|test|check`."""
