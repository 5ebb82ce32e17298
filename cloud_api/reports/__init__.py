"""Reports: the figures of the pages as files."""
