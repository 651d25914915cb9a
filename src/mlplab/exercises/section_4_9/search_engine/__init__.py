"""4.9.1: a search engine changes its behaviour."""
