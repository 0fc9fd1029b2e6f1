// The training loops with AVX-512 (F, BW, VL, DQ).
#if defined(__x86_64__)

#include <math.h>
#include <string.h>

#include "training.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#include "training_loops.h"
#pragma clang attribute pop

const lk_training_kernels lk_training_avx512 = TRAINING_KERNELS;

#else

// A translation unit may not be empty.
typedef int lk_no_training_avx512;

#endif
