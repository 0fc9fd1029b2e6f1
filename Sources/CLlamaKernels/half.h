// The conversion of one binary16 value; `vec_load_f16` converts vectors of them.
#ifndef CLLAMAKERNELS_HALF_H
#define CLLAMAKERNELS_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef VEC_LANES
#include <immintrin.h>
#endif

#ifndef SIMD_BEGIN
#error "include simd_avx2.h, simd_avx512.h or simd_none.h first"
#endif

SIMD_BEGIN

// IEEE 754 binary16 to float32, exact. Signaling NaNs become quiet, as the processor's instruction makes them.
static inline float half_to_float(uint16_t half) {
#ifdef VEC_LANES
    return _cvtsh_ss(half);
#else
    uint32_t sign = (uint32_t)(half >> 15) << 31, exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
    if (exponent == 0) {
        float magnitude = (float)fraction * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    uint32_t bits = sign | (exponent + 112) << 23 | fraction << 13;
    if (exponent == 0x1f) bits = sign | 0x7f800000 | (fraction ? 0x400000 : 0) | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
#endif
}

// The bits of the nearest binary16 value, ties to even; an infinity from 65520 on.
static inline uint16_t half_from_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x38800000) {
        // Below 2^-14, values are multiples of 2^-24, the last bit of 0.5.
        float shifted = fabsf(value) + 0.5f;
        memcpy(&bits, &shifted, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3f000000));
    }
    magnitude += 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | (magnitude - (112u << 23)) >> 13);
}

// The nearest binary16 value, ties to even.
static inline float lk_round_to_half(float value) {
#ifdef VEC_LANES
    return _cvtsh_ss(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT));
#else
    float magnitude = value < 0 ? -value : value;
    if (!(magnitude < 65520)) return value != value ? value : value < 0 ? -HUGE_VALF : HUGE_VALF;
    // Adding and subtracting a power of two rounds to multiples of its last bit: of 2^-24, or 11 bits of the value.
    int exponent;
    (void)frexpf(magnitude, &exponent);
    float unit = ldexpf(0x1.8p23f, exponent < -13 ? -24 : exponent - 11);
    float rounded = (magnitude + unit) - unit;
    return value < 0 ? -rounded : rounded;
#endif
}

// A scale as binary16 holds it where that keeps eleven bits, as llama.cpp stores the scales of activations; the value
// itself where it is smaller or larger.
static inline float lk_round_scale(float value) {
    float magnitude = value < 0 ? -value : value;
    return magnitude >= 0x1p-14f && magnitude <= 65504 ? lk_round_to_half(value) : value;
}

SIMD_END

#endif
