/* Vectors of sixteen linear models, each lane a run: nothing crosses lanes. Weights of a vector are
   (O, I + 1, 16) with the biases as last row, outputs (O, scored, 16). */
#define PARTS (LANES / ACROSS) /* of a row of sixteen */
/* Examples of a pass: their sums take half of the registers. */
#define TOGETHER (REGISTERS / 2 / PARTS < 8 ? REGISTERS / 2 / PARTS : 8)

/* z = bias + sum over inputs of weights times n examples x. */
INLINE void N(outputs)(int n, const VECTOR *w, const VECTOR *bias, const REAL *const *x, Int seen,
                       VECTOR *z) {
  VECTOR sums[8][PARTS];
  for (int k = 0; k < n; k++)
    for (int c = 0; c < PARTS; c++) sums[k][c] = bias[c];
  for (Int i = 0; i < seen; i++, w += PARTS)
#pragma GCC unroll 8
    for (int k = 0; k < n; k++)
#pragma GCC unroll 8
      for (int c = 0; c < PARTS; c++) sums[k][c] = VECTOR_FMA(SPREAD(x[k][i]), w[c], sums[k][c]);
  for (int k = 0; k < n; k++)
    for (int c = 0; c < PARTS; c++) z[k * PARTS + c] = sums[k][c];
}

/* g <- (adds ? g : 0) + sum over n examples of x d. */
INLINE void N(gradient)(int n, VECTOR *g, const REAL *const *x, Int seen, const VECTOR *d,
                        int adds) {
  VECTOR deltas[8][PARTS];
  for (int k = 0; k < n; k++)
    for (int c = 0; c < PARTS; c++) deltas[k][c] = d[k * PARTS + c];
  for (Int i = 0; i < seen; i++, g += PARTS)
#pragma GCC unroll 8
    for (int c = 0; c < PARTS; c++) {
      VECTOR total = adds ? g[c] : (VECTOR){0};
#pragma GCC unroll 8
      for (int k = 0; k < n; k++) total = VECTOR_FMA(SPREAD(x[k][i]), deltas[k][c], total);
      g[c] = total;
    }
}

/* Some examples at a time, `run` with how many as a constant: 8 and 2 serve a batch of 10. */
#define PASSES(run)                                                                                \
  for (Int j = 0, some; j < n; j += some) {                                                        \
    const REAL *x[8];                                                                              \
    some = n - j >= TOGETHER ? TOGETHER : n - j >= 2 ? 2 : 1;                                      \
    for (int k = 0; k < some; k++) x[k] = job->x + rows[j + k] * job->n_inputs;                    \
    if (some == TOGETHER) run(TOGETHER);                                                           \
    else if (some == 2) run(2);                                                                    \
    else run(1);                                                                                   \
  }

static void N(linear_outputs)(const N(Job) *job, Int v, const Int *rows, Int n) {
  for (Int o = 0; o < job->n_outputs; o++) {
    const REAL *p = job->p + v * job->size * LANES + o * (job->n_inputs + 1) * LANES;
    const VECTOR *w = (const VECTOR *)p, *bias = (const VECTOR *)(p + job->n_inputs * LANES);
    VECTOR *z = (VECTOR *)(job->h + o * job->scored * LANES);
    Int seen = job->most[v];
#define RUN(count) N(outputs)(count, w, bias, x, seen, z + j * PARTS)
    PASSES(RUN)
#undef RUN
  }
}

/* One step of a vector, from the deltas that lie in place of the outputs. */
static void N(learn_linear)(const N(Job) *job, const N(Step) *step, Int v, const Int *rows, Int n) {
  Int height = job->n_inputs + 1, bias = job->n_inputs * LANES;
  Int least = job->least[v], most = job->most[v];
  for (Int o = 0; o < job->n_outputs; o++) {
    const VECTOR *d = (const VECTOR *)(job->h + o * job->scored * LANES);
    VECTOR *g = (VECTOR *)job->g, total[PARTS] = {0};
#define RUN(count) N(gradient)(count, g, x, most, d + j * PARTS, j > 0)
    PASSES(RUN)
#undef RUN
    for (Int j = 0; j < n; j++)
      for (int c = 0; c < PARTS; c++) total[c] += d[j * PARTS + c];
    memcpy(job->g + bias, total, sizeof(total));
    for (Int i = least * LANES; i < most * LANES; i++)
      job->g[i] *= job->mask[v * height * LANES + i];
    Int at = (v * job->size + o * height) * LANES;
    N(move)(job, step->settings, step->edges, job->g, at, most * LANES);
    N(move)(job, step->bias_settings, NULL, job->g + bias, at + bias, LANES);
  }
}
#undef PASSES
#undef TOGETHER
#undef PARTS
