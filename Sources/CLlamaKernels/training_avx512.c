// The kernels of training with AVX-512 (F, BW, VL, DQ).
#if defined(__x86_64__)

#include "simd_avx512.h"

#include "simd_training.h"

const lk_training_kernels lk_training_avx512 = {
    .rms_norm = rms_norm,
    .rms_norm_backward = rms_norm_backward,
    .rotate = rotate,
    .swiglu = swiglu,
    .swiglu_backward = swiglu_backward,
    .add = add,
    .scale = scale_by,
    .dot = dot,
    .sum_of_squares = sum_of_squares,
    .exponentiate = exponentiate,
    .softmax_backward = softmax_backward,
    .adamw = adamw,
};

#else

// A translation unit must not be empty.
typedef int lk_no_training_avx512;

#endif
