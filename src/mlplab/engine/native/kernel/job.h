/* What one call of the loops is given: `job.py` fills it by these names, with arrays of these
   types, and checks what their sizes must be before C sees them. Dimensions: V vectors of L lanes
   (L is 16 for linear models, each lane a run; for a network V and L are 1), G groups of runs with
   the same batches, E epochs of the call, S steps of an epoch, T test rows, N examples. */
#include <stddef.h>
#include <stdint.h>

typedef int64_t Int;
typedef uint64_t Word;
typedef uint8_t Byte;

#define LANES 16 /* a run's bits must not depend on the processor, so on each it is sixteen */

/* A layer: inputs, outputs, distance between the rows of its weights, where weights and biases
   begin in `p`, and where its values lie in `h`. */
typedef struct { Int n_in, n_out, gap, weight, bias, at; } Layer;

#define FIELDS(X) \
  /* weights, what the optimiser keeps, and the weights of best epochs: (V, size, L) */ \
  X(REAL *, p) X(REAL *, first) X(REAL *, second) X(REAL *, kept) X(Int, size) \
  /* inputs (N, I), numbers (N, O) or ids of classes (N, 1), weights of examples (N,) or none */ \
  X(const REAL *, x) X(const REAL *, y) X(const REAL *, example_weights) \
  X(Int, n_inputs) X(Int, n_outputs) X(Int, classes) X(Int, cross_entropy) \
  /* of each group: key of the order (G, 2), rows that train and validate, first vector (G + 1,) */ \
  X(const Word *, order_keys) X(const Int *, train) X(const Int *, valid) X(const Int *, vectors) \
  X(const Int *, test) X(Int, n_groups) X(Int, n_train) X(Int, n_valid) X(Int, n_test) \
  /* the first epoch, how many the call and the runs have, sizes of batches (S,) */ \
  X(Int, epoch) X(Int, n_epochs) X(Int, end) X(const Int *, sizes) X(Int, n_steps) \
  /* of a call of one epoch: the steps from one to before another; the epoch ends with the last */ \
  X(Int, from_step) X(Int, to_step) \
  X(Int, tests) X(Int, test_from) X(double, far) X(double, zero_loss) \
  /* settings of a step, (V, E or 1, S or 1, 8 or 4, L), and soft thresholds without the 8 */ \
  X(Int, rule) X(const REAL *, settings) X(const REAL *, bias_settings) \
  X(const REAL *, thresholds) X(Int, by_epoch) X(Int, by_step) \
  /* early stopping of each place (V * L): see `watch.py`; none where nobody has patience */ \
  X(const Int *, monitors) X(const Int *, patience) X(const Int *, restores) X(double *, best) \
  X(Int *, best_epochs) X(Int *, stopped) \
  /* mean loss of the very first batch, epoch of divergence (0, or NEVER without a run): (V, L) */ \
  X(double *, first_losses) X(Int *, ended) \
  /* label smoothing of each place (V, L), or none */ \
  X(const REAL *, smoothing) \
  /* sums of loss and of hits or squares on three splits (3, 2, E, V, L), right ones (T, V, L) */ \
  X(double *, history) X(Byte *, marks) \
  /* room: for the order; values, deltas, slopes and masks of layers; a gradient; the batch */ \
  X(Word *, drawn) X(Word *, sorted) X(Int *, counts) X(Int, shift) X(Int *, order) \
  X(REAL *, h) X(REAL *, g) X(REAL *, shares) X(Int, row) X(Int, scored) \
  X(REAL *, d) X(REAL *, slopes) X(REAL *, keep) X(Word *, noise) X(REAL *, batch) \
  X(REAL *, inputs) X(REAL *, turned) \
  /* a network: its layers with `row` and with `scored` places for a unit, activation, dropout */ \
  X(const Layer *, plan) X(const Layer *, score_plan) X(Int, n_layers) X(Int, curve) \
  X(double, alpha) X(const Word *, noise_key) X(const Int *, edges) X(const REAL *, ups) \
  /* linear models: how many inputs a vector's runs see (V,), 1 where a run does (V, I + 1, L) */ \
  X(const Int *, least) X(const Int *, most) X(const REAL *, mask)
