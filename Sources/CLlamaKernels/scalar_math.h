// The functions of simd_math.h for one float, by the same operations: the same bits.
#ifndef CLLAMAKERNELS_SCALAR_MATH_H
#define CLLAMAKERNELS_SCALAR_MATH_H

#include <math.h>

#pragma STDC FP_CONTRACT OFF

// Minimum and maximum return b where either operand is NaN, as the vector instructions do.
static inline float scalar_min(float a, float b) { return a < b ? a : b; }
static inline float scalar_max(float a, float b) { return a > b ? a : b; }

// e^x to about 2 ulp, with the right limits: 0 below -104 (including -inf), inf above 88.8, NaN stays NaN.
static inline float scalar_exp(float x) {
    x = scalar_min(89, scalar_max(-104, x));
    if (x != x) return x;
    float n = rintf(x * 0x1.715476p+0f);
    float r = fmaf(n, -0x1.62e4p-1f, x);
    r = fmaf(n, -0x1.7f7d1cp-20f, r);
    float p = 1.0f / 5040;
    p = fmaf(p, r, 1.0f / 720);
    p = fmaf(p, r, 1.0f / 120);
    p = fmaf(p, r, 1.0f / 24);
    p = fmaf(p, r, 1.0f / 6);
    p = fmaf(p, r, 0.5f);
    p = fmaf(p, r, 1);
    p = fmaf(p, r, 1);
    return ldexpf(p, (int)n);
}

// 1 / (1 + e^-x)
static inline float scalar_sigmoid(float x) { return 1 / (1 + scalar_exp(0 - x)); }

// x / (1 + e^-x). Below -104 the result is 0 in float32; the bound avoids -inf / inf.
static inline float scalar_silu(float x) {
    x = scalar_max(-104, x);
    return x / (1 + scalar_exp(0 - x));
}

#endif
