/* Whole epochs of networks and linear models alike: order, steps, divergence, scoring, patience. */

/* Where the sums of a vector's epoch lie: of loss (kind 0) or hits (1) on a split. */
INLINE double *N(sums)(const N(Job) *job, Int split, Int kind, Int v, Int e, Int n_lanes) {
  Int n_vectors = job->vectors[job->n_groups];
  return job->history + (((split * 2 + kind) * job->n_epochs + e) * n_vectors + v) * n_lanes;
}

/* Shares of a batch's weight: equal, or by the weights of its examples. */
static void N(share_out)(const N(Job) *job, const Int *rows, Int n) {
  REAL total = 0;
  if (job->example_weights)
    for (Int j = 0; j < n; j++) total += job->example_weights[rows[j]];
  total = total > SMALLEST ? total : SMALLEST;
  for (Int j = 0; j < n; j++)
    job->shares[j] = job->example_weights ? job->example_weights[rows[j]] / total : (REAL)1 / n;
}

/* Outputs of n examples, by a network's `plan` with `row` places for a unit or by linear models, and
   what they are worth, see `judge`; `step` is -1 where nothing is dropped. */
INLINE void N(judge_rows)(const N(Job) *job, Int v, const Layer *plan, Int row, const Int *rows,
                          Int n, Int step, const REAL *smoothing, double *losses, double *hits,
                          Byte *marks, Int marks_apart) {
  if (plan) {
    N(gather)(job, rows, n, row);
    N(forward)(job, plan, row, n, step);
    N(judge)(job, 0, job->h + plan[job->n_layers - 1].at, row, rows, n, job->shares, smoothing,
             losses, hits, marks, marks_apart);
  } else {
    N(linear_outputs)(job, v, rows, n);
    N(judge)(job, 1, job->h, job->scored * LANES, rows, n, job->shares, smoothing, losses, hits,
             marks, marks_apart);
  }
}

/* The steps of an epoch that this call takes, in the order that `job->order` holds. */
static void N(walk)(const N(Job) *job, Int n_lanes, Int v, Int e) {
  double *losses = N(sums)(job, 0, 0, v, e, n_lanes), *hits = N(sums)(job, 0, 1, v, e, n_lanes);
  N(Step) step;
  const Int *rows = job->order;
  for (Int s = 0; s < job->from_step; s++) rows += job->sizes[s];
  for (Int s = job->from_step; s < job->to_step; rows += job->sizes[s++]) {
    Int n = job->sizes[s], number = (job->epoch + e) * job->n_steps + s;
    if (s == job->from_step || n != job->sizes[s - 1] || job->example_weights) N(share_out)(job, rows, n);
    if (s == job->from_step || job->by_step) N(read_step)(job, n_lanes, v, e, s, &step);
    /* Compiled once without smoothing, whose sums over all classes take a third of a linear step. */
    if (job->smoothing)
      N(judge_rows)(job, v, job->plan, job->row, rows, n, number, job->smoothing + v * n_lanes,
                    losses, hits, NULL, 0);
    else N(judge_rows)(job, v, job->plan, job->row, rows, n, number, NULL, losses, hits, NULL, 0);
    if (number == 0)
      for (Int lane = 0; lane < n_lanes; lane++)
        job->first_losses[v * n_lanes + lane] = losses[lane] / n;
    if (job->plan) N(learn_network)(job, &step, n);
    else N(learn_linear)(job, &step, v, rows, n);
  }
}

/* Add the losses and hits of a split's rows to its sums. */
static void N(score)(const N(Job) *job, Int n_lanes, Int v, Int e, Int split, const Int *rows,
                     Int n_rows, Byte *marks) {
  double *losses = N(sums)(job, split, 0, v, e, n_lanes);
  double *hits = N(sums)(job, split, 1, v, e, n_lanes);
  Int apart = job->vectors[job->n_groups] * n_lanes;
  Int portion = job->plan || job->scored < PORTION ? job->scored : PORTION;
  memset(job->shares, 0, portion * sizeof(REAL)); /* nothing is learnt */
  for (Int at = 0; at < n_rows; at += portion)
    N(judge_rows)(job, v, job->score_plan, portion, rows + at,
                  n_rows - at < portion ? n_rows - at : portion, -1, NULL, losses, hits,
                  marks ? marks + at * apart + v * n_lanes : NULL, apart);
}

/* Note which runs of a vector have diverged by their training: the rule of `divergence.py`. */
static void N(end_walk)(const N(Job) *job, Int n_lanes, Int v, Int e) {
  const REAL *p = job->p + v * job->size * n_lanes;
  double *losses = N(sums)(job, 0, 0, v, e, n_lanes), *hits = N(sums)(job, 0, 1, v, e, n_lanes);
  REAL gaps[LANES] = {0}; /* NaN where a weight is not finite */
  Int n = 0, n_weights = job->size * n_lanes;
  for (Int i = 0; i < n_weights; i += LANES)
    for (int lane = 0; lane < LANES; lane++) gaps[lane] += p[i + lane] * 0;
  for (int lane = 1; n_lanes == 1 && lane < LANES; lane++) gaps[0] += gaps[lane];
  for (Int s = 0; s < job->n_steps; s++) n += job->sizes[s];
  for (Int lane = 0; lane < n_lanes; lane++) {
    double first = job->first_losses[v * n_lanes + lane];
    double start = job->zero_loss > first ? job->zero_loss : first;
    if (gaps[lane] != 0) losses[lane] = hits[lane] = NAN;
    double mean = losses[lane] / n;
    Int *ended = job->ended + v * n_lanes + lane;
    if (*ended == 0 && (!isfinite(mean) || mean > job->far * start)) *ended = job->epoch + e + 1;
  }
}

/* The same for runs whose loss on a split is not finite. */
static void N(end_score)(const N(Job) *job, Int n_lanes, Int v, Int e, Int split) {
  double *losses = N(sums)(job, split, 0, v, e, n_lanes);
  for (Int lane = 0; lane < n_lanes; lane++) {
    Int *ended = job->ended + v * n_lanes + lane;
    if (*ended == 0 && !isfinite(losses[lane])) *ended = job->epoch + e + 1;
  }
}

static int N(goes_on)(const N(Job) *job, Int n_lanes, Int v) {
  for (Int lane = 0; lane < n_lanes; lane++)
    if (job->ended[v * n_lanes + lane] == 0) return 1;
  return 0;
}

static void N(copy_lane)(const N(Job) *job, Int n_lanes, Int place, const REAL *from, REAL *to) {
  Int at = place / n_lanes * job->size * n_lanes + place % n_lanes;
  for (Int i = 0; i < job->size; i++) to[at + i * n_lanes] = from[at + i * n_lanes];
}

/* Take note of a run's validation; return whether this epoch is its best so far, and in `watch`
   whether its patience is over: the rule of `engine/patience.py`. */
static int N(is_best)(const N(Job) *job, Int place, Int epoch, double loss, double hits) {
  double n = (double)job->n_valid, value = -loss / n;
  if (job->monitors[place] == 1) value = -sqrt(loss / n);
  if (job->monitors[place] == 2) value = hits / n;
  if (job->best_epochs[place] > 0 && !(value > job->best[place])) return 0;
  job->best[place] = value, job->best_epochs[place] = epoch;
  return 1;
}

/* Keep what the runs of a vector end with; return whether the patience of one is over now. */
static int N(watch)(const N(Job) *job, Int n_lanes, Int v, Int e) {
  double *losses = N(sums)(job, 1, 0, v, e, n_lanes), *hits = N(sums)(job, 1, 1, v, e, n_lanes);
  Int epoch = job->epoch + e + 1;
  int stop = 0, is_last = epoch == job->end;
  for (Int lane = 0; lane < n_lanes; lane++) {
    Int place = v * n_lanes + lane, *ended = job->ended + place;
    int watches = *ended == 0 && job->patience[place] > 0, over = 0;
    if (watches) {
      int best = N(is_best)(job, place, epoch, losses[lane], hits[lane]);
      over = epoch - job->best_epochs[place] >= job->patience[place];
      if (job->restores[place] ? best : over || is_last)
        N(copy_lane)(job, n_lanes, place, job->p, job->kept);
      if (over) *ended = NEVER, job->stopped[place] = epoch;
    }
    /* Others go on, and a stopped run's lane with them: it is put back after each epoch. */
    if (job->stopped[place] > 0 || (watches && is_last))
      N(copy_lane)(job, n_lanes, place, job->kept, job->p);
    stop |= over;
  }
  return stop;
}

/* One epoch of a vector that goes on. */
static void N(train_epoch)(const N(Job) *job, Int n_lanes, Int group, Int v, Int e) {
  Int epoch = job->epoch + e;
  N(walk)(job, n_lanes, v, e);
  if (job->to_step < job->n_steps) return;
  N(end_walk)(job, n_lanes, v, e);
  if (!N(goes_on)(job, n_lanes, v)) return;
  N(score)(job, n_lanes, v, e, 1, job->valid + group * job->n_valid, job->n_valid, NULL);
  N(end_score)(job, n_lanes, v, e, 1);
  int over = job->kept ? N(watch)(job, n_lanes, v, e) : 0;
  if (!job->tests || !(over || epoch >= job->test_from)) return;
  N(score)(job, n_lanes, v, e, 2, job->test, job->n_test, job->marks);
  if (epoch >= job->test_from) N(end_score)(job, n_lanes, v, e, 2);
  double *losses = N(sums)(job, 2, 0, v, e, n_lanes);
  for (Int lane = 0; over && lane < n_lanes; lane++) {
    Int place = v * n_lanes + lane;
    if (job->stopped[place] == epoch + 1 && !isfinite(losses[lane]))
      job->stopped[place] = 0, job->ended[place] = epoch + 1;
  }
}

/* Train all vectors for some epochs. */
EXPORT void N(train)(const N(Job) *job) {
  Int n_lanes = job->plan ? 1 : LANES;
  for (Int group = 0; group < job->n_groups; group++)
    for (Int e = 0; e < job->n_epochs; e++) {
      int in_order = 0;
      for (Int v = job->vectors[group]; v < job->vectors[group + 1]; v++) {
        if (!N(goes_on)(job, n_lanes, v)) continue;
        if (!in_order)
          LEVELLED(put_in_order)(job->order_keys + 2 * group, job->epoch + e,
                                 job->train + group * job->n_train, job->n_train, job->drawn,
                                 job->sorted, job->counts, job->shift, job->order);
        in_order = 1;
        if (n_lanes == 1) N(train_epoch)(job, 1, group, v, e);
        else N(train_epoch)(job, LANES, group, v, e);
      }
      if (!in_order) break;
    }
}
