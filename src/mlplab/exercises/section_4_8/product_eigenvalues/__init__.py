"""Exercise 4.8.3: the eigenvalues of a product, and what they say of gradients."""
