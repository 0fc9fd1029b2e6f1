// What AVX2 and AVX-512 have in common; included by simd_avx2.h and simd_avx512.h alone.
#ifndef CLLAMAKERNELS_SIMD_X86_H
#define CLLAMAKERNELS_SIMD_X86_H

#ifndef SIMD_BEGIN
#error "include simd_avx2.h or simd_avx512.h"
#endif

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE inline __attribute__((always_inline))
#define NOT_INLINE __attribute__((noinline))
// For functions of a header that not every file uses.
#define MAY_BE_UNUSED __attribute__((unused))
#define UNROLL _Pragma("clang loop unroll(full)")

SIMD_BEGIN

// Four floats, in which sums of four vectors leave a tile.
typedef __m128 vec4;

static INLINE vec4 vec4_load(const float *from) { return _mm_loadu_ps(from); }
static INLINE void vec4_store(float *to, vec4 value) { _mm_storeu_ps(to, value); }
static INLINE vec4 vec4_add(vec4 a, vec4 b) { return _mm_add_ps(a, b); }
static INLINE float vec4_first(vec4 a) { return _mm_cvtss_f32(a); }

static INLINE uint16_t load_half_bits(const void *from) {
    uint16_t bits;
    memcpy(&bits, from, sizeof bits);
    return bits;
}

SIMD_END

#endif
