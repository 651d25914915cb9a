"""How an epoch is cut into batches."""


def batch_sizes(n_rows: int, batch_size: int, keep_partial: bool) -> tuple[int, ...]:
    """Return the size of each batch of an epoch.

    >>> batch_sizes(10, 4, keep_partial=True)
    (4, 4, 2)
    """
    full, rest = divmod(n_rows, batch_size)
    return (batch_size,) * full + ((rest,) if rest and keep_partial else ())
