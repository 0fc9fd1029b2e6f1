// The functions of inference and training over the vector operations of one instruction set.
#ifndef CLLAMAKERNELS_SIMD_MATH_H
#define CLLAMAKERNELS_SIMD_MATH_H

#ifndef VEC_LANES
#error "include simd_avx2.h or simd_avx512.h first"
#endif

SIMD_BEGIN

// e^x to about 2 ulp, with the right limits: 0 below -104 (including -inf), inf above 88.8, NaN stays NaN.
static INLINE vec vec_exp(vec x) {
    // x is the second operand, which minimum and maximum return where one is NaN.
    x = vec_min(vec_set(89), vec_max(vec_set(-104), x));
    // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 is split so that n times its first part is exact.
    vec n = vec_round(vec_mul(x, vec_set(0x1.715476p+0f)));
    vec r = vec_fma(n, vec_set(-0x1.62e4p-1f), x);
    r = vec_fma(n, vec_set(-0x1.7f7d1cp-20f), r);
    // Taylor coefficients up to r^7 / 7!: the first term left out is below 2^-27 for |r| <= 0.35.
    vec p = vec_set(1.0f / 5040);
    p = vec_fma(p, r, vec_set(1.0f / 720));
    p = vec_fma(p, r, vec_set(1.0f / 120));
    p = vec_fma(p, r, vec_set(1.0f / 24));
    p = vec_fma(p, r, vec_set(1.0f / 6));
    p = vec_fma(p, r, vec_set(0.5f));
    p = vec_fma(p, r, vec_set(1));
    p = vec_fma(p, r, vec_set(1));
    return vec_scale(p, n);
}

// 1 / (1 + e^-x)
static INLINE vec vec_sigmoid(vec x) {
    return vec_div(vec_set(1), vec_add(vec_set(1), vec_exp(vec_sub(vec_zero(), x))));
}

// x / (1 + e^-x). Below -104 the result is 0 in float32; the bound avoids -inf / inf.
static INLINE vec vec_silu(vec x) {
    x = vec_max(vec_set(-104), x);
    return vec_div(x, vec_add(vec_set(1), vec_exp(vec_sub(vec_zero(), x))));
}

SIMD_END

#endif
