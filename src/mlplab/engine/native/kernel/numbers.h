/* Numbers of one precision: what they are called, vectors of them, and their constants. */
#if SINGLE
#define REAL float
#define BITS uint32_t
#define N(name) JOIN(name, f32, LEVEL)
#define OF(name) name##f
#define MANTISSA 23
#define SMALLEST FLT_MIN
#else
#define REAL double
#define BITS uint64_t
#define N(name) JOIN(name, f64, LEVEL)
#define OF(name) name
#define MANTISSA 52
#define SMALLEST DBL_MIN
#endif

/* Tiles of ROWS by two vectors stay in registers. */
#if defined(__AVX512F__)
#define REGISTERS 32
#define ROWS 8
#if SINGLE
#define VECTOR __m512
#define VECTOR_FMA _mm512_fmadd_ps
#else
#define VECTOR __m512d
#define VECTOR_FMA _mm512_fmadd_pd
#endif
#elif defined(__FMA__)
#define REGISTERS 16
#define ROWS 6
#if SINGLE
#define VECTOR __m256
#define VECTOR_FMA _mm256_fmadd_ps
#else
#define VECTOR __m256d
#define VECTOR_FMA _mm256_fmadd_pd
#endif
#elif defined(__aarch64__)
#define REGISTERS 32
#define ROWS 8
#if SINGLE
#define VECTOR float32x4_t
#define VECTOR_FMA(a, b, c) vfmaq_f32(c, a, b)
#else
#define VECTOR float64x2_t
#define VECTOR_FMA(a, b, c) vfmaq_f64(c, a, b)
#endif
#else
#error "a processor without fused products: stacks train there"
#endif

#define FMA OF(__builtin_fma)
#define ACROSS ((Int)(sizeof(VECTOR) / sizeof(REAL)))
/* A number in all places: compilers fold the difference into a broadcast, and no sum into one. */
#define SPREAD(number) ((number) - (VECTOR){0})
typedef VECTOR N(Loose) __attribute__((aligned(sizeof(REAL)), may_alias)); /* wherever it begins */

typedef struct { FIELDS(FIELD) } N(Job);

/* Polynomials by interpolation at Chebyshev's points with 50 digits, from r^0 on: of
   (exp(r) - 1 - r) / r^2 for |r| < 0.35 (an error of 5e-10 or 5e-19 of r); of 2 atanh(s) / s in s^2
   up to 1/9 (4e-9, 1e-18); of (a + 5) exp(a^2 / 2) Phi(-a) in (a - 5) / (a + 5), for a from 0 to
   13.3 or 37.7 (1e-8, 3e-17). Source of the last form: Shepherd and Laframboise, Mathematics of
   Computation 36 (1981). */
#if SINGLE
static const REAL N(exp_terms)[] = {0.5000000014f, 0.1666666668f, 0.04166645681f, 0.008333310024f,
                                    0.001393454193f, 0.0001989198131f};
static const REAL N(atanh_terms)[] = {2.000000008f, 0.6666632164f, 0.4002459523f, 0.2796515775f,
                                      0.2815777836f};
static const REAL N(tail_terms)[] = {0.7691930431f, -0.6653824142f, 0.495306327f, -0.3135362068f,
                                     0.1650064421f, -0.06909671065f, 0.02089484549f,
                                     -0.003004491888f, -0.001047667444f, 0.0003728266123f};
#define LOG2_HIGH 0.693145751953125f
#define LOG2_LOW 1.4286068203094172e-6f
#define LEAST_EXP -87.0f /* below it, the exponential is 0: no number that is not normal */
#define ROUNDER 12582912.0f /* 1.5 * 2^23: a sum with it ends in the nearest integer */
#else
static const REAL N(exp_terms)[] = {
    0.5, 0.166666666666666714, 0.0416666666666666701, 0.0083333333333255447,
    0.00138888888888833267, 0.000198412698768643549, 0.0000248015873270071867,
    2.75572528335169097e-6, 2.75572718102197996e-7, 2.51062747335732947e-8,
    2.09154422977801152e-9};
static const REAL N(atanh_terms)[] = {
    2.0, 0.666666666666661496, 0.400000000001857475, 0.285714285454541145, 0.222222240807476732,
    0.181817408325048045, 0.153866140423040078, 0.133003740326746243, 0.121101687280692177,
    0.0832450651186082058, 0.170441635627813981};
static const REAL N(tail_terms)[] = {
    0.769193049750062965, -0.665382502890056812, 0.495305615969974479, -0.313533156671294432,
    0.165020366170486032, -0.0691186387065658116, 0.0207950667977961659, -0.00299337676784390877,
    -0.00079786937643634722, 0.000544899052931025127, -0.0000593758620462994687,
    -0.0000497628089926877487, 0.0000166817084014843789, 3.9810647172275244e-6,
    -2.77037938046725537e-6, -3.37317476991677961e-7, 4.34588251151333329e-7,
    4.36278824480839985e-8, -6.68442737110615968e-8, -1.06050428403644123e-8,
    7.70411074831802983e-9, 2.24868898904429959e-9};
#define LOG2_HIGH 0.69314718036912381649
#define LOG2_LOW 1.9082149292705878e-10
#define LEAST_EXP -708.0
#define ROUNDER 6755399441055744.0 /* 1.5 * 2^52 */
#endif
#define MIDDLE 5 /* of the tail's variable */
#define TERMS(list) list, (int)(sizeof(list) / sizeof(REAL))
