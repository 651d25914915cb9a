/* Exponentials and logarithms of our own, since a libm would decide bits and take one number after
   the other; and with them the smooth activations, each with its slope. */

INLINE REAL N(polynomial)(REAL x, const REAL *terms, int n) {
  REAL total = terms[n - 1];
#pragma GCC unroll 32
  for (int i = n - 2; i >= 0; i--) total = FMA(total, x, terms[i]);
  return total;
}

/* exp(y) for y up to 0, and exp(y) - 1, each to 1 or 2 units in the last place. */
INLINE REAL N(exp)(REAL y, REAL *less) {
  REAL near = y < LEAST_EXP ? LEAST_EXP : y;
  REAL shifted = FMA(near, (REAL)1.4426950408889634, ROUNDER), n = shifted - ROUNDER;
  REAL r = FMA(n, -LOG2_LOW, FMA(n, -LOG2_HIGH, near)), scale;
  REAL rest = FMA(r * r, N(polynomial)(r, TERMS(N(exp_terms))), r);
  /* n lies in the last bits: in place of the exponent it is 2^n. */
  BITS bits, one = (((BITS)1 << (8 * sizeof(BITS) - MANTISSA - 2)) - 1) << MANTISSA;
  memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits << MANTISSA) + one;
  memcpy(&scale, &bits, sizeof(scale));
  *less = FMA(scale, rest, scale - 1);
  return y < LEAST_EXP ? 0 : FMA(scale, rest, scale);
}

/* 2 atanh(s), for s from 0 to 1/3. */
INLINE REAL N(atanh2)(REAL s) { return s * N(polynomial)(s * s, TERMS(N(atanh_terms))); }

/* log(x) for normal x from 1 on. */
INLINE REAL N(log)(REAL x) {
  BITS bits, mask = ((BITS)1 << MANTISSA) - 1;
  BITS one = (((BITS)1 << (8 * sizeof(BITS) - MANTISSA - 2)) - 1) << MANTISSA;
  memcpy(&bits, &x, sizeof(bits));
  REAL n = (REAL)(int32_t)((bits - one) >> MANTISSA), m;
  bits = (bits & mask) | one;
  memcpy(&m, &bits, sizeof(m));
  m = FMA(n, LOG2_HIGH, FMA(n, LOG2_LOW, N(atanh2)((m - 1) / (m + 1))));
  return m + (x - x); /* what is no number stays none */
}

/* 1 / (1 + exp(-z)), what it lacks to 1, and exp(-|z|). */
INLINE REAL N(logistic)(REAL z, REAL *rest, REAL *e) {
  REAL less;
  *e = N(exp)(-OF(__builtin_fabs)(z), &less);
  REAL more = 1 / (*e + 1), other = *e * more;
  *rest = z > 0 ? other : more;
  return z > 0 ? more : other;
}

INLINE REAL N(sigmoid)(REAL z, REAL alpha, REAL *slope) {
  REAL rest, e, share = N(logistic)(z, &rest, &e);
  (void)alpha;
  *slope = share * rest;
  return share;
}

INLINE REAL N(silu)(REAL z, REAL alpha, REAL *slope) {
  REAL rest, e, share = N(logistic)(z, &rest, &e), value = z * share;
  (void)alpha;
  *slope = FMA(value, rest, share);
  return value;
}

INLINE REAL N(tanh)(REAL z, REAL alpha, REAL *slope) {
  REAL less, e = N(exp)(-2 * OF(__builtin_fabs)(z), &less), part = 1 / (less + 2);
  (void)alpha;
  *slope = part * part * (e * 4);
  return OF(__builtin_copysign)(less * part, z);
}

INLINE REAL N(elu)(REAL z, REAL alpha, REAL *slope) {
  REAL less, e = N(exp)(z > 0 ? 0 : z, &less);
  *slope = z > 0 ? 1 : alpha * e;
  return z > 0 ? z : alpha * less;
}

INLINE REAL N(softplus)(REAL z, REAL alpha, REAL *slope) {
  REAL rest, e, share = N(logistic)(z, &rest, &e);
  REAL value = (z > 0 ? z : 0) + N(atanh2)(e / (e + 2)); /* log(1 + e) */
  (void)alpha;
  *slope = z > 20 ? 1 : share; /* from there on the identity, as in torch */
  return z > 20 ? z : value;
}

/* z Phi(z), Phi the normal distribution itself, not its approximation by tanh. */
INLINE REAL N(gelu)(REAL z, REAL alpha, REAL *slope) {
  REAL less, e = N(exp)(z * z * (REAL)-0.5, &less);
  REAL part = 1 / (OF(__builtin_fabs)(z) + MIDDLE), t = FMA(part, -2 * MIDDLE, (REAL)1);
  REAL tail = e * part * N(polynomial)(t, TERMS(N(tail_terms)));
  REAL share = z > 0 ? 1 - tail : tail;
  (void)alpha;
  *slope = FMA(z, e * (REAL)0.39894228040143267794, share);
  return z * share;
}

/* h <- f(h + bias) for n places of each unit's `row`, and slopes <- f'(h + bias). `curve` is the
   number of f in `coverage.CURVES`, or -1 for z above 0 and alpha z below, whose slopes are not kept. */
EXPORT void N(bend)(REAL *restrict h, REAL *restrict slopes, const REAL *biases, Int n_units,
                    Int row, Int n, Int curve, double alpha) {
  REAL below = alpha;
#define CURVE(number, f)                                                                           \
  case number:                                                                                     \
    for (Int u = 0; u < n_units; u++)                                                              \
      for (Int j = u * row; j < u * row + n; j++) h[j] = N(f)(h[j] + biases[u], below, slopes + j); \
    break;
  switch (curve) {
    CURVE(0, sigmoid) CURVE(1, silu) CURVE(2, tanh) CURVE(3, elu) CURVE(4, softplus) CURVE(5, gelu)
  default:
    for (Int u = 0; u < n_units; u++)
      for (Int j = u * row; j < u * row + n; j++) {
        REAL z = h[j] + biases[u];
        h[j] = z > 0 ? z : below * z;
      }
  }
#undef CURVE
}
