"""Networks that users bring as torch modules: stacked, vmapped, trained by torch's autograd."""
