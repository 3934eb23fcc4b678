"""The kinds of exporters Remosa knows. A new one is a file here and a line in KINDS."""

from exporters.kinds import cubic
from exporters.kinds.shape import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (cubic.KIND,)}

__all__ = ["KINDS", "Kind"]
