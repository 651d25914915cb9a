/* The optimisers' steps, for networks and linear models alike: weights come in rows of sixteen. */

typedef struct { REAL settings[8][LANES], bias_settings[8][LANES], edges[LANES]; } N(Step);

/* What step s of epoch e is like for each lane; all are one run of a network. */
static void N(read_step)(const N(Job) *job, Int n_lanes, Int v, Int e, Int s, N(Step) *step) {
  Int n_e = job->by_epoch ? job->n_epochs : 1, n_s = job->by_step ? job->n_steps : 1;
  Int now = (v * n_e + e * job->by_epoch) * n_s + s * job->by_step, n_rows = job->adam ? 8 : 4;
  const REAL *settings = job->settings + now * n_rows * n_lanes;
  const REAL *bias_settings = job->bias_settings + now * n_rows * n_lanes;
  for (Int k = 0; k < n_rows; k++)
    for (int lane = 0; lane < LANES; lane++) {
      Int at = n_lanes == 1 ? k : k * LANES + lane;
      step->settings[k][lane] = settings[at], step->bias_settings[k][lane] = bias_settings[at];
    }
  if (job->thresholds)
    for (int lane = 0; lane < LANES; lane++)
      step->edges[lane] = job->thresholds[n_lanes == 1 ? now : now * LANES + lane];
}

/* b1, 1 - b1, b2, 1 - b2, what weights shrink by, coupled decay, -rate, eps; see `settings.py`. */
static void N(move_by_adam)(const REAL (*s)[LANES], const REAL *restrict g, REAL *restrict p,
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

/* Momentum, decay, -rate along the velocity, -rate along the gradient. */
static void N(move_by_sgd)(const REAL (*s)[LANES], const REAL *restrict g, REAL *restrict p,
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
static void N(move)(const N(Job) *job, const REAL (*s)[LANES], const REAL *edges, const REAL *g,
                    Int at, Int n) {
  REAL *p = job->p + at;
  if (job->adam) N(move_by_adam)(s, g, p, job->first + at, job->second + at, n);
  else N(move_by_sgd)(s, g, p, job->first + at, n);
  if (!edges || !job->thresholds) return;
  for (Int i = 0; i < n; i += LANES)
    for (int lane = 0; lane < LANES; lane++) {
      REAL value = p[i + lane], edge = edges[lane], part = value < edge ? value : edge;
      p[i + lane] = value - (part < -edge ? -edge : part);
    }
}
