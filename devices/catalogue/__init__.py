"""The socket models that Remosa knows, from the data files beside this one."""

from .loading import CatalogueError, models, read_template
from .shape import Model

__all__ = ["CatalogueError", "Model", "models", "read_template"]
