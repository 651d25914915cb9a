"""Pages of the documentation that are written from the commands and the specs."""
