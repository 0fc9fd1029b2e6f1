// Vectors of 16 integers in a register of AVX-512 with VNNI, for simd_integer.h. The names are those of
// simd_integer_avx2.h, which describes them.
#ifndef CLLAMAKERNELS_SIMD_INTEGERS_H
#define CLLAMAKERNELS_SIMD_INTEGERS_H

#include "simd_avx512.h"

// 6 x 32 partial sums and 6 x 32 sums are 24 of 32 registers.
#define INTEGER_TOKENS 6
#define INTEGER_VECTORS 2
#define INTEGER_PEAK_SUMS 12

SIMD_BEGIN

static INLINE __m256i dot_bytes_256(__m256i sum, __m256i a, __m256i b) { return _mm256_dpbusd_epi32(sum, a, b); }
static INLINE __m256i dot_pairs_256(__m256i sum, __m256i a, __m256i b) { return _mm256_dpwssd_epi32(sum, a, b); }

// Single tokens are multiplied 64 columns at a time.
#define INTEGER_WIDE

// For each of 32 numbers of 16 bits, which of 16 scales it is multiplied by: `first` and the next three, eight times each.
static INLINE __m512i scale_indices(int first) {
    __m512i eights = _mm512_set_epi64(3, 3, 2, 2, 1, 1, 0, 0);
    eights = _mm512_or_si512(eights, _mm512_slli_epi64(eights, 16));
    eights = _mm512_or_si512(eights, _mm512_slli_epi64(eights, 32));
    return _mm512_add_epi16(eights, _mm512_set1_epi16((short)first));
}

typedef __m512i ivec;

static INLINE ivec ivec_zero(void) { return _mm512_setzero_si512(); }
static INLINE ivec ivec_set(int32_t value) { return _mm512_set1_epi32(value); }
static INLINE void ivec_hide(ivec *a) { __asm__ volatile("" : "+v"(*a)); }
static INLINE ivec ivec_load(const void *from) { return _mm512_loadu_si512(from); }
static INLINE ivec ivec_sub(ivec a, ivec b) { return _mm512_sub_epi32(a, b); }
static INLINE ivec ivec_mul(ivec a, ivec b) { return _mm512_mullo_epi32(a, b); }
static INLINE vec ivec_to_floats(ivec a) { return _mm512_cvtepi32_ps(a); }
static INLINE ivec dot_pairs(ivec sum, ivec a, ivec b) { return _mm512_dpwssd_epi32(sum, a, b); }

static INLINE size_t flush_groups(lk_dtype dtype) {
    (void)dtype;
    return LK_RUN / 4;
}
static INLINE int32_t scale_group(int32_t scale) { return scale; }
static INLINE ivec first_part(lk_dtype dtype, ivec sum) { return lk_is_large(dtype) ? ivec_zero() : sum; }
static INLINE ivec add_group(lk_dtype dtype, ivec part, ivec weights, ivec x) {
    (void)dtype;
    return _mm512_dpbusd_epi32(part, weights, x);
}
static INLINE ivec add_scaled(lk_dtype dtype, ivec sum, ivec part, ivec scale) {
    return lk_is_large(dtype) ? _mm512_add_epi32(sum, _mm512_mullo_epi32(part, scale)) : part;
}

SIMD_END

#endif
