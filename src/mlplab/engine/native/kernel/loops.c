/* Whole epochs of small models without a call into torch: compiled once for each instruction set
   (LEVEL), and within it for float and for double.

   Bits: products are fused where FMA is written and nowhere else (-ffp-contract=off), exponentials
   and logarithms are our own, and every sum has one order, whatever a vector's width. So all
   instruction sets and all compilers give the same. */
#include <float.h>
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#include "job.h"

#define JOIN_(a, b, c) a##_##b##_##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define LEVELLED_(a, b) a##_##b
#define LEVELLED__(a, b) LEVELLED_(a, b)
#define LEVELLED(name) LEVELLED__(name, LEVEL)
#define INLINE static inline __attribute__((always_inline))
#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#define FIELD(type, name) type name;
#define NEVER ((Int)1 << 62)
#define PORTION 64 /* rows that linear models score at a time: their outputs stay in the cache */

#include "order.h"

#define SINGLE 1
#include "precision.h"
#define SINGLE 0
#include "precision.h"
