"""Exercise 4.2.5: why several hyper-parameters are harder."""
