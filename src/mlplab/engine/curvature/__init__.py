"""Second derivatives of a stack's losses: Hessian and Gauss-Newton products, eigenvalues."""
