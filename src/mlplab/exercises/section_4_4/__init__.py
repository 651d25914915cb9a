"""Section 4.4: model selection, underfitting and overfitting, on polynomials."""
