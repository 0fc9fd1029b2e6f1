// Element-wise kernels of inference over the vector operations of one instruction set.
//
// An element's value does not depend on its index: tails use the same operations on fewer lanes.
#ifndef CLLAMAKERNELS_SIMD_ELEMENTWISE_H
#define CLLAMAKERNELS_SIMD_ELEMENTWISE_H

#include <math.h>

#include "kernels.h"
#include "simd_math.h"

SIMD_BEGIN

static void silu_multiply(float *gate, const float *up, size_t n) {
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) {
        vec_store(gate + i, vec_mul(vec_silu(vec_load(gate + i)), vec_load(up + i)));
    }
    if (i < n) vec_store_n(gate + i, vec_mul(vec_silu(vec_load_n(gate + i, n - i)), vec_load_n(up + i, n - i)), n - i);
}

static void rms_norm(const float *x, const float *weight, float epsilon, float *out, size_t dim) {
    vec squares = vec_zero();
    size_t d = 0;
    for (; d + VEC_LANES <= dim; d += VEC_LANES) squares = vec_fma(vec_load(x + d), vec_load(x + d), squares);
    if (d < dim) squares = vec_fma(vec_load_n(x + d, dim - d), vec_load_n(x + d, dim - d), squares);
    vec scale = vec_set(1 / sqrtf(vec_sum(squares) / (float)dim + epsilon));
    for (d = 0; d + VEC_LANES <= dim; d += VEC_LANES) {
        vec_store(out + d, vec_mul(vec_mul(vec_load(x + d), scale), vec_load(weight + d)));
    }
    if (d < dim) {
        size_t n = dim - d;
        vec_store_n(out + d, vec_mul(vec_mul(vec_load_n(x + d, n), scale), vec_load_n(weight + d, n)), n);
    }
}

static double log_sum_exp(const float *x, size_t n) {
    float greatest = -INFINITY;
    for (size_t i = 0; i < n; i++) greatest = x[i] > greatest ? x[i] : greatest;
    if (isinf(greatest)) return (double)greatest;
    double sums[VEC_LANES] = {0};
    for (size_t i = 0; i < n; i += VEC_LANES) {
        size_t lanes = lk_min(VEC_LANES, n - i);
        float terms[VEC_LANES];
        vec_store(terms, vec_exp(vec_sub(vec_load_n(x + i, lanes), vec_set(greatest))));
        for (size_t lane = 0; lane < lanes; lane++) sums[lane] += (double)terms[lane];
    }
    double sum = 0;
    for (size_t lane = 0; lane < VEC_LANES; lane++) sum += sums[lane];
    return (double)greatest + log(sum);
}

SIMD_END

#endif
