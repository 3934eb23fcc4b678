"""The kinds of exporters Remosa knows. A new one is a file here and a line in KINDS."""

from exporters.kinds import addreality, cubic, json_api
from exporters.kinds.shape import Kind

KINDS: dict[str, Kind] = {kind.name: kind for kind in (cubic.KIND, addreality.KIND, json_api.KIND)}

__all__ = ["KINDS", "Kind"]
