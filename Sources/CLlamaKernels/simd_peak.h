// The most multiply-adds of float32 that one instruction set can do: operands and sums stay in registers.
#ifndef CLLAMAKERNELS_SIMD_PEAK_H
#define CLLAMAKERNELS_SIMD_PEAK_H

#include "kernels.h"

#ifndef VEC_LANES
#error "include simd_avx2.h or simd_avx512.h first"
#endif

SIMD_BEGIN

// A round adds this many products to each lane of each sum, which then is exact and takes next to no time to add up.
enum { PEAK_PRODUCTS = 4096 };

static size_t peak(uint32_t rounds, double *sum) {
    vec sums[PEAK_SUMS], one = vec_set(1);
    vec_hide(&one);
    double total = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        UNROLL for (int i = 0; i < PEAK_SUMS; i++) sums[i] = vec_zero();
        for (int product = 0; product < PEAK_PRODUCTS; product++) {
            UNROLL for (int i = 0; i < PEAK_SUMS; i++) sums[i] = vec_fma(one, one, sums[i]);
        }
        UNROLL for (int i = 0; i < PEAK_SUMS; i++) total += (double)vec_sum(sums[i]);
    }
    *sum = total;
    return (size_t)2 * VEC_LANES * PEAK_SUMS * PEAK_PRODUCTS * rounds;
}

SIMD_END

#endif
