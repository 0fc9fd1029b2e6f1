// Vectors of 16 integers in two registers of AVX2, for simd_integer.h; with AVX-VNNI where SIMD_VNNI is 1.
#ifndef CLLAMAKERNELS_SIMD_INTEGERS_H
#define CLLAMAKERNELS_SIMD_INTEGERS_H

#include "simd_avx2.h"

// 3 x 16 partial sums and 3 x 16 sums are 12 of 16 registers.
#define INTEGER_TOKENS 3
#define INTEGER_VECTORS 1
// 5 x 16 sums, two vectors of operands and a product are 15.
#define INTEGER_PEAK_SUMS 5

SIMD_BEGIN

#if SIMD_VNNI
// sum + products of four unsigned bytes of a and signed bytes of b.
static INLINE __m256i dot_bytes_256(__m256i sum, __m256i a, __m256i b) { return _mm256_dpbusd_avx_epi32(sum, a, b); }
// sum + products of two 16-bit integers.
static INLINE __m256i dot_pairs_256(__m256i sum, __m256i a, __m256i b) { return _mm256_dpwssd_avx_epi32(sum, a, b); }
#else
static INLINE __m256i dot_pairs_256(__m256i sum, __m256i a, __m256i b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}
#endif

typedef struct { __m256i low, high; } ivec;

static INLINE ivec ivec_zero(void) { return (ivec){_mm256_setzero_si256(), _mm256_setzero_si256()}; }
static INLINE ivec ivec_set(int32_t value) { return (ivec){_mm256_set1_epi32(value), _mm256_set1_epi32(value)}; }
// Makes the compiler forget what it knows of the value.
static INLINE void ivec_hide(ivec *a) { __asm__ volatile("" : "+x"(a->low), "+x"(a->high)); }
static INLINE ivec ivec_load(const void *from) {
    const __m256i *halves = from;
    return (ivec){_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
}
static INLINE ivec ivec_sub(ivec a, ivec b) {
    return (ivec){_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}
static INLINE ivec ivec_mul(ivec a, ivec b) {
    return (ivec){_mm256_mullo_epi32(a.low, b.low), _mm256_mullo_epi32(a.high, b.high)};
}
static INLINE vec ivec_to_floats(ivec a) { return vec_of(_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)); }
static INLINE ivec dot_pairs(ivec sum, ivec a, ivec b) {
    return (ivec){dot_pairs_256(sum.low, a.low, b.low), dot_pairs_256(sum.high, a.high, b.high)};
}

#if SIMD_VNNI

// Groups of four columns whose partial sums may be added before they are scaled.
static INLINE size_t flush_groups(lk_dtype dtype) {
    (void)dtype;
    return LK_RUN / 4;
}
// How `add_scaled` wants a scale.
static INLINE int32_t scale_group(int32_t scale) { return scale; }
// Where a part begins: at the sum itself where that needs no scale.
static INLINE ivec first_part(lk_dtype dtype, ivec sum) { return lk_is_large(dtype) ? ivec_zero() : sum; }
// part + four columns' products.
static INLINE ivec add_group(lk_dtype dtype, ivec part, ivec weights, ivec x) {
    (void)dtype;
    return (ivec){dot_bytes_256(part.low, weights.low, x.low), dot_bytes_256(part.high, weights.high, x.high)};
}
// sum + part * scale, or the part where that began at the sum.
static INLINE ivec add_scaled(lk_dtype dtype, ivec sum, ivec part, ivec scale) {
    if (!lk_is_large(dtype)) return part;
    part = ivec_mul(part, scale);
    return (ivec){_mm256_add_epi32(sum.low, part.low), _mm256_add_epi32(sum.high, part.high)};
}

#else

// Partial sums have 16 bits and add two products per group of four columns. Of 4-bit quants, a run's eight groups are
// at most 8 x 2 x 15 x 127 = 30,480 in magnitude; of 5 bits four groups fit, and of 6 bits two.
static INLINE size_t flush_groups(lk_dtype dtype) {
    switch (dtype) {
    case LK_Q5_0:
    case LK_Q5_1:
    case LK_Q5_K: return 4;
    case LK_Q6_K: return 2;
    default: return LK_RUN / 4;
    }
}
static INLINE int32_t scale_group(int32_t scale) {
    uint32_t low = (uint32_t)scale & 0xffff;
    return (int32_t)(low | low << 16);
}
static INLINE ivec first_part(lk_dtype dtype, ivec sum) { return dtype == LK_Q8_0 ? sum : ivec_zero(); }
// Signed weights: their magnitudes, with their signs moved to the activations. Pairs of products of two bytes each at
// most 128 in magnitude do not add up in 16 bits, so each group is widened.
static INLINE __m256i add_signed(__m256i part, __m256i weights, __m256i x) {
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(x, weights));
    return _mm256_add_epi32(part, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
static INLINE __m256i add_unsigned(__m256i part, __m256i weights, __m256i x) {
    return _mm256_add_epi16(part, _mm256_maddubs_epi16(weights, x));
}
static INLINE ivec add_group(lk_dtype dtype, ivec part, ivec weights, ivec x) {
    if (dtype == LK_Q8_0) {
        return (ivec){add_signed(part.low, weights.low, x.low), add_signed(part.high, weights.high, x.high)};
    }
    return (ivec){add_unsigned(part.low, weights.low, x.low), add_unsigned(part.high, weights.high, x.high)};
}
static INLINE ivec add_scaled(lk_dtype dtype, ivec sum, ivec part, ivec scale) {
    if (dtype == LK_Q8_0) return part;
    return dot_pairs(sum, part, scale);
}

#endif

SIMD_END

#endif
