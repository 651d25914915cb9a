"""Exercise 4.8.1: symmetries of channels, heads, recurrent units and experts."""
