"""The metrics that Remosa knows, from the data file beside this one."""

from .loading import CatalogueError, metrics
from .shape import Category, Metric, Series, found

__all__ = ["CatalogueError", "Category", "Metric", "Series", "found", "metrics"]
