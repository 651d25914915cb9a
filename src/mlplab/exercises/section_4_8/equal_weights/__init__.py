"""Exercise 4.8.2: equal first weights in linear and softmax regression."""
