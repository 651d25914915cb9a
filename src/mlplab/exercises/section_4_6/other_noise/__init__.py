"""Exercise 4.6.8: another noise that beats dropout."""
