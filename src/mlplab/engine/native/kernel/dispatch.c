/* Compiled for the plainest processor of a kind: what this one can run, and what a job is like. */
#include "job.h"
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#define REAL void
#define FIELD(type, name) type name;
#define TEXT(type, name) #type " " #name ";"
#define OFFSET(type, name) offsetof(Job, name),

typedef struct { FIELDS(FIELD) } Job;
EXPORT const char loops_fields[] = FIELDS(TEXT);
EXPORT const Int loops_offsets[] = {FIELDS(OFFSET) sizeof(Job), sizeof(Layer)};
EXPORT const char loops_sources[] = SOURCES;

/* 4 and 3 as x86-64 levels are numbered, 1 for any 64-bit ARM, 0 where no loops can run. Asked of the
   processor itself: `__builtin_cpu_supports` finds nothing where zig's runtime stands in for gcc's. */
EXPORT int loops_level(void) {
#if defined(__x86_64__)
  unsigned a, b, c, d, low, high;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  int has_fma = c >> 12 & 1, has_xgetbv = c >> 27 & 1;
  if (!has_fma || !has_xgetbv || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0)); /* what the system saves of threads */
  if (!(b >> 5 & 1) || (low & 0x6) != 0x6) return 0;
  /* avx512f, dq, bw and vl */
  unsigned wide = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
  return (b & wide) == wide && (low & 0xe6) == 0xe6 ? 4 : 3;
#else
  return 1;
#endif
}
