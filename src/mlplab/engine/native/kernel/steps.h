/* The optimisers' steps, for networks and linear models alike: weights come in rows of sixteen. */

typedef REAL N(Row)[LANES];
typedef struct {
  const N(Row) *settings, *bias_settings, *edges;
  N(Row) spread[2 * 8 + 1]; /* a network's, whose lanes are one run */
} N(Step);

static const N(Row) *N(rows)(const REAL *given, Int n_lanes, Int now, Int n_rows, N(Row) *spread) {
  if (n_lanes == LANES) return (const N(Row) *)given + now * n_rows;
  for (Int k = 0; k < n_rows; k++)
    for (int lane = 0; lane < LANES; lane++) spread[k][lane] = given[now * n_rows + k];
  return (const N(Row) *)spread;
}

/* What step s of epoch e is like. */
static void N(read_step)(const N(Job) *job, Int n_lanes, Int v, Int e, Int s, N(Step) *step) {
  Int n_e = job->by_epoch ? job->n_epochs : 1, n_s = job->by_step ? job->n_steps : 1;
  Int now = (v * n_e + e * job->by_epoch) * n_s + s * job->by_step, n_rows = job->rule ? 8 : 4;
  step->settings = N(rows)(job->settings, n_lanes, now, n_rows, step->spread);
  step->bias_settings = N(rows)(job->bias_settings, n_lanes, now, n_rows, step->spread + 8);
  step->edges = NULL;
  if (job->thresholds)
    step->edges = N(rows)(job->thresholds, n_lanes, now, 1, step->spread + 16);
}

/* b1, 1 - b1, b2, 1 - b2, what weights shrink by, coupled decay, -rate, eps; see `settings.py`. */
static void N(move_by_adam)(const N(Row) *s, const REAL *restrict g, REAL *restrict p,
                            REAL *restrict first, REAL *restrict second, Int n) {
  for (Int i = 0; i < n; i += LANES)
    for (int lane = 0; lane < LANES; lane++) {
      Int at = i + lane;
      REAL gradient = FMA(p[at], s[5][lane], g[at]);
      first[at] = FMA(gradient, s[1][lane], first[at] * s[0][lane]);
      second[at] = FMA(gradient * gradient, s[3][lane], second[at] * s[2][lane]);
      REAL below = OF(__builtin_sqrt)(second[at]) + s[7][lane];
      p[at] = FMA(first[at] / below, s[6][lane], p[at] * s[4][lane]);
    }
}

/* Settings as Adam's. A mean of 0 moves nothing, as the sign of 0. */
static void N(move_by_lion)(const N(Row) *s, const REAL *restrict g, REAL *restrict p,
                            REAL *restrict mean, Int n) {
  for (Int i = 0; i < n; i += LANES)
    for (int lane = 0; lane < LANES; lane++) {
      Int at = i + lane;
      REAL along = FMA(g[at], s[1][lane], mean[at] * s[0][lane]);
      REAL sign = along > 0 ? 1 : along < 0 ? -1 : along; /* not a number stays one */
      p[at] = FMA(sign, s[6][lane], p[at] * s[4][lane]);
      mean[at] = FMA(g[at], s[3][lane], mean[at] * s[2][lane]);
    }
}

/* Momentum, decay, -rate along the velocity, -rate along the gradient. */
static void N(move_by_sgd)(const N(Row) *s, const REAL *restrict g, REAL *restrict p,
                           REAL *restrict velocity, Int n) {
  for (Int i = 0; i < n; i += LANES)
    for (int lane = 0; lane < LANES; lane++) {
      Int at = i + lane;
      REAL gradient = FMA(p[at], s[1][lane], g[at]);
      velocity[at] = FMA(velocity[at], s[0][lane], gradient);
      p[at] = FMA(gradient, s[3][lane], FMA(velocity[at], s[2][lane], p[at]));
    }
}

/* One step of n weights from `at` on, and the soft threshold after it where there are edges. */
static void N(move)(const N(Job) *job, const N(Row) *s, const N(Row) *edges, const REAL *g,
                    Int at, Int n) {
  REAL *p = job->p + at;
  if (job->rule == 2) N(move_by_lion)(s, g, p, job->first + at, n);
  else if (job->rule) N(move_by_adam)(s, g, p, job->first + at, job->second + at, n);
  else N(move_by_sgd)(s, g, p, job->first + at, n);
  if (!edges) return;
  for (Int i = 0; i < n; i += LANES)
    for (int lane = 0; lane < LANES; lane++) {
      REAL value = p[i + lane], edge = edges[0][lane], part = value < edge ? value : edge;
      p[i + lane] = value - (part < -edge ? -edge : part);
    }
}
