/* All that is compiled once for each precision. */
#include "numbers.h"

#include "curves.h"
#include "judge.h"
#include "steps.h"

#include "linear.h"
#include "network.h"

#include "epochs.h"

#undef REAL
#undef BITS
#undef N
#undef OF
#undef MANTISSA
#undef SMALLEST
#undef ROWS
#undef REGISTERS
#undef VECTOR
#undef VECTOR_FMA
#undef FMA
#undef ACROSS
#undef SPREAD
#undef LOG2_HIGH
#undef LOG2_LOW
#undef LEAST_EXP
#undef ROUNDER
#undef MIDDLE
#undef TERMS
#undef SINGLE
