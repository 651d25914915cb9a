"""Forward and backward equations of a network, derived by rule and checked against autograd."""
