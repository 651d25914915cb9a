"""Section 4.10: predicting house prices on Kaggle."""
