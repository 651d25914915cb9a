/* Losses and their derivatives, for networks and linear models alike: outputs come in blocks of
   sixteen, which are sixteen examples of a network, or one example of sixteen linear models. */

/* Add losses and hits of n examples, and turn outputs into share * dloss/dz.

   same: 1 where a block is one example; `losses` and `hits` are then one of each lane.
   z: output o of a block lies `apart` numbers after output o - 1; blocks follow each other.
   shares: of the batch's weight, of each example.
   smoothing: what of cross-entropy's targets is spread over all classes, of each lane where a block
     is one example, or of all; or none.
   marks: 1 for each that is right, examples `marks_apart` from each other; or none. */
INLINE void N(judge)(const N(Job) *job, int same, REAL *restrict z, Int apart, const Int *rows,
                     Int n, const REAL *shares, const REAL *smoothing, double *losses, double *hits, Byte *marks,
                     Int marks_apart) {
  Int n_outputs = job->n_outputs, columns = job->classes ? 1 : n_outputs;
  int n_targets = same ? 1 : LANES;
  double loss[LANES] = {0}, hit[LANES] = {0};
  for (Int j = 0; j < n; j += same ? 1 : LANES, z += LANES) {
    const REAL *y[LANES];
    REAL share[LANES], label[LANES], best[LANES], top[LANES];
    int n_lanes = same || n - j >= LANES ? LANES : (int)(n - j);
    for (int t = 0; t < n_targets; t++) { /* beyond the batch, nothing is learnt */
      Int example = j + (t < n_lanes ? t : 0);
      y[t] = job->y + rows[example] * columns;
      share[t] = t < n_lanes ? shares[example] : 0;
      label[t] = *y[t];
    }
    if (job->classes) {
      for (int lane = 0; lane < LANES; lane++) top[lane] = z[lane], best[lane] = 0;
      for (Int o = 1; o < n_outputs; o++)
        for (int lane = 0; lane < LANES; lane++) {
          REAL value = z[o * apart + lane];
          best[lane] = value > top[lane] ? (REAL)o : best[lane];
          top[lane] = value > top[lane] ? value : top[lane];
        }
      for (int lane = 0; lane < LANES; lane++)
        hit[lane] += lane < n_lanes && best[lane] == label[same ? 0 : lane];
      if (marks)
        for (int lane = 0; lane < n_lanes; lane++)
          marks[j * marks_apart + lane] = best[lane] == label[same ? 0 : lane];
    }
    if (job->cross_entropy) {
      REAL total[LANES] = {0}, own[LANES] = {0}, all[LANES] = {0};
      for (Int o = 0; o < n_outputs; o++)
        for (int lane = 0; lane < LANES; lane++) {
          REAL less, shifted = z[o * apart + lane] - top[lane];
          own[lane] = label[same ? 0 : lane] == o ? shifted : own[lane];
          all[lane] += shifted;
          z[o * apart + lane] = N(exp)(shifted, &less);
          total[lane] += z[o * apart + lane];
        }
      for (int lane = 0; lane < LANES; lane++) {
        REAL part = smoothing ? smoothing[same ? lane : 0] : 0;
        REAL mean = smoothing ? (1 - part) * own[lane] + part / n_outputs * all[lane] : own[lane];
        REAL value = N(log)(total[lane]) - mean;
        loss[lane] += lane < n_lanes ? value : 0;
      }
      for (Int o = 0; o < n_outputs; o++)
        for (int lane = 0; lane < LANES; lane++) {
          REAL hot = label[same ? 0 : lane] == o ? 1 : 0, spread = 0;
          if (smoothing) {
            spread = smoothing[same ? lane : 0] / n_outputs;
            hot *= 1 - smoothing[same ? lane : 0];
          }
          z[o * apart + lane] =
              (z[o * apart + lane] / total[lane] - hot - spread) * share[same ? 0 : lane];
        }
    } else {
      for (Int o = 0; o < n_outputs; o++) {
        REAL target[LANES], scale[LANES];
        for (int t = 0; t < n_targets; t++) {
          target[t] = job->classes ? (label[t] == o ? 1 : 0) : y[t][o];
          scale[t] = (REAL)2 / n_outputs * share[t];
        }
        for (int lane = 0; lane < LANES; lane++) {
          REAL error = z[o * apart + lane] - target[same ? 0 : lane];
          loss[lane] += lane < n_lanes ? error * error : 0;
          z[o * apart + lane] = error * scale[same ? 0 : lane];
        }
      }
    }
  }
  double parts = job->cross_entropy ? 1 : (double)n_outputs;
  for (int lane = 0; lane < LANES; lane++) {
    losses[same ? lane : 0] += loss[lane] / parts;
    hits[same ? lane : 0] += hit[lane];
  }
}
