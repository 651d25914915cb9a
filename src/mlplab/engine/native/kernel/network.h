/* One network with hidden layers: all its steps stay in the cache. Values of a layer are (U, row):
   a unit's of all examples of the batch side by side. */

/* c = a b for `rows` rows of a and `n` vectors of columns, each element summed in one order. */
INLINE void N(tile)(int rows, int n, const REAL *a, Int a_row, Int a_step, const REAL *b, Int b_row,
                    REAL *c, Int c_row, Int inner) {
  VECTOR sums[ROWS][2] = {0};
  for (Int k = 0; k < inner; k++, a += a_step, b += b_row)
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
      for (int v = 0; v < n; v++)
        sums[r][v] = VECTOR_FMA(SPREAD(a[r * a_row]), ((const N(Loose) *)b)[v], sums[r][v]);
#pragma GCC unroll 8
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
    for (int v = 0; v < n; v++) ((N(Loose) *)(c + r * c_row))[v] = sums[r][v];
}

/* c = a b: element (r, k) of a lies at r a_row + k a_step. Whole vectors are read and written: rows
   of b and c must have room for `columns` rounded up to sixteen. No packing: at a batch of 32, 157
   GFLOP/s with AVX-512, where OpenBLAS reaches 100 on the same core. */
EXPORT void N(multiply)(const REAL *a, Int a_row, Int a_step, const REAL *b, Int b_row, REAL *c,
                        Int c_row, Int rows, Int columns, Int inner) {
#define STRIP(n)                                                                                   \
  for (; rows >= n; rows -= n, a += n * a_row, c += n * c_row) {                                   \
    Int j = 0;                                                                                     \
    for (; j + ACROSS < columns; j += 2 * ACROSS)                                                  \
      N(tile)(n, 2, a, a_row, a_step, b + j, b_row, c + j, c_row, inner);                          \
    if (j < columns) N(tile)(n, 1, a, a_row, a_step, b + j, b_row, c + j, c_row, inner);           \
  }
  STRIP(ROWS) STRIP(4) STRIP(1)
#undef STRIP
}

/* b (columns, rows) <- a (rows, columns), block by block: whole lines of both are used up. */
static void N(turn)(const REAL *a, Int a_row, Int rows, Int columns, REAL *b, Int b_row) {
  for (Int r = 0; r < rows; r += LANES) {
    Int n = rows - r < LANES ? rows - r : LANES;
    for (Int j = 0; j < columns; j++)
      for (Int k = 0; k < n; k++) b[j * b_row + r + k] = a[(r + k) * a_row + j];
  }
}

/* A sum in one order whatever the vectors: sixteen parts, then halves of them. */
INLINE REAL N(sum)(const REAL *a, Int n) {
  REAL parts[LANES] = {0};
  Int j = 0;
  for (; j + LANES <= n; j += LANES)
    for (int k = 0; k < LANES; k++) parts[k] += a[j + k];
  for (int k = 0; j + k < n; k++) parts[k] += a[j + k];
  for (int half = LANES / 2; half; half /= 2)
    for (int k = 0; k < half; k++) parts[k] += parts[k + half];
  return parts[0];
}

/* Examples as rows in `batch` (n, gap), and turned in `inputs` (I, row). */
static void N(gather)(const N(Job) *job, const Int *rows, Int n, Int row) {
  Int gap = job->plan->gap;
  for (Int j = 0; j < n; j++)
    memcpy(job->batch + j * gap, job->x + rows[j] * job->n_inputs, job->n_inputs * sizeof(REAL));
  N(turn)(job->batch, gap, n, job->n_inputs, job->inputs, row);
}

/* Keep the units of a layer whose noise reaches the edge, and multiply them by `up`. */
static void N(drop)(const N(Job) *job, Int layer, Int row, Int n, Int step) {
  const Layer *l = job->plan + layer;
  const int16_t *noise = (const int16_t *)job->noise;
  REAL *restrict values = job->h + l->at, *restrict keep = job->keep + l->at;
  REAL up = job->ups[layer];
  int16_t edge = (int16_t)job->edges[layer];
  LEVELLED(philox)(job->noise_key, layer, step, 0, job->noise, l->n_out * row / 4);
  for (Int at = 0; at < l->n_out * row; at += row)
    for (Int j = at; j < at + n; j++) {
      keep[j] = noise[j] >= edge ? up : 0;
      values[j] *= keep[j];
    }
}

/* Dropout of stacks: n numbers of each slot, those whose noise reaches the edge times `up`. Slots of
   one group share its noise; `keep` is what each number was multiplied with, and `seen`, which may
   be `values`, the product. */
EXPORT void N(drop_slots)(const int16_t *noise, const Int *groups, const REAL *edges,
                          const REAL *ups, Int n_slots, Int n, const REAL *values, REAL *keep,
                          REAL *seen) {
  for (Int slot = 0; slot < n_slots; slot++) {
    const int16_t *own = noise + groups[slot] * n, edge = (int16_t)edges[slot];
    Int at = slot * n;
    REAL up = ups[slot];
#pragma clang loop vectorize(assume_safety)
    for (Int j = 0; j < n; j++) {
      REAL by = own[j] >= edge ? up : 0;
      keep[at + j] = by, seen[at + j] = values[at + j] * by;
    }
  }
}

/* Outputs of a batch of n, in the last layer's place; `step` is -1 where nothing is dropped. */
static void N(forward)(const N(Job) *job, const Layer *plan, Int row, Int n, Int step) {
  Int whole = (n + ACROSS - 1) / ACROSS * ACROSS;
  for (Int layer = 0; layer < job->n_layers; layer++) {
    const Layer *l = plan + layer;
    const REAL *below = layer ? job->h + l[-1].at : job->inputs, *biases = job->p + l->bias;
    REAL *values = job->h + l->at;
    N(multiply)(job->p + l->weight, l->gap, 1, below, row, values, row, l->n_out, n, l->n_in);
    if (layer + 1 == job->n_layers) {
      for (Int o = 0; o < l->n_out; o++)
        for (Int j = 0; j < whole; j++) values[o * row + j] += biases[o];
      return;
    }
    N(bend)(values, job->slopes + (job->curve >= 0 ? l->at : 0), biases, l->n_out, row, whole,
            job->curve, job->alpha);
    if (job->edges && step >= 0) N(drop)(job, layer, row, whole, step);
  }
}

/* The step of a layer: some rows of weights at a time, whose gradient stays in the nearest cache. */
static void N(learn_layer)(const N(Job) *job, const N(Step) *step, const Layer *l, const REAL *delta,
                           Int row, const REAL *below, Int n) {
  for (Int u = 0, some; u < l->n_out; u += some) {
    some = l->n_out - u < 2 * ROWS ? l->n_out - u : 2 * ROWS;
    N(multiply)(delta + u * row, row, 1, below, l->gap, job->g, l->gap, some, l->gap, n);
    N(move)(job, step->settings, step->edges, job->g, l->weight + u * l->gap, some * l->gap);
  }
  Int whole = (l->n_out + LANES - 1) / LANES * LANES;
  for (Int o = 0; o < whole; o++) job->g[o] = o < l->n_out ? N(sum)(delta + o * row, n) : 0;
  N(move)(job, step->bias_settings, NULL, job->g, l->bias, whole);
}

/* One step, from the deltas that lie in place of the outputs. */
static void N(learn_network)(const N(Job) *job, const N(Step) *step, Int n) {
  Int row = job->row, whole = (n + ACROSS - 1) / ACROSS * ACROSS;
  const REAL *d = job->h;
  for (const Layer *l = job->plan + job->n_layers - 1; l > job->plan; l--, d = job->d) {
    const REAL *values = job->h + l[-1].at, *delta = d + l->at;
    const REAL *keep = job->edges ? job->keep + l[-1].at : NULL;
    const REAL *slopes = job->curve >= 0 ? job->slopes + l[-1].at : NULL;
    REAL *restrict out = job->d + l[-1].at, below = job->alpha;
    N(multiply)(job->p + l->weight, 1, l->gap, delta, row, out, row, l->n_in, n, l->n_out);
    /* Units side by side are one long loop, but for a last batch that fills no row. */
    Int span = whole == row ? l->n_in * row : whole;
    for (Int from = 0; from < l->n_in * row; from += whole == row ? span : row) {
      Int to = from + span;
      if (keep)
        for (Int j = from; j < to; j++) out[j] *= keep[j];
      if (slopes)
        for (Int j = from; j < to; j++) out[j] *= slopes[j];
      else
        for (Int j = from; j < to; j++) out[j] = values[j] > 0 ? out[j] : out[j] * below;
    }
    N(turn)(values, row, l->n_in, n, job->turned, l->gap);
    for (Int j = 0; l->n_in < l->gap && j < n; j++) /* what pads weights learns nothing */
      memset(job->turned + j * l->gap + l->n_in, 0, (l->gap - l->n_in) * sizeof(REAL));
    N(learn_layer)(job, step, l, delta, row, job->turned, n);
  }
  N(learn_layer)(job, step, job->plan, d + job->plan->at, row, job->batch, n);
}
