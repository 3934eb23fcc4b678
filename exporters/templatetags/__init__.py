"""Template tags of the pages that show players."""
