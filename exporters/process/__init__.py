"""The exporter process: asks a vendor about Remosa's devices and serves what it was told.

It needs neither a database nor the rest of Remosa: only the REST API, over HTTP.
"""

VERSION = "0.1.0"  # the project's; a test holds it to pyproject.toml
