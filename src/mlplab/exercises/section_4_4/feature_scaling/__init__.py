"""Exercise 4.4.3: polynomial features without scaling, and other remedies."""
