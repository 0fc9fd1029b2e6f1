// The training loops with AVX2 and FMA.
#if defined(__x86_64__)

#include <math.h>
#include <string.h>

#include "training.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "training_loops.h"
#pragma clang attribute pop

const lk_training_kernels lk_training_avx2 = TRAINING_KERNELS;

#else

// A translation unit may not be empty.
typedef int lk_no_training_avx2;

#endif
