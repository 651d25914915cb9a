"""Exercise 4.6.2: more epochs, with and without dropout."""
