// Linear layers in integers with AVX2.
#if defined(__x86_64__)

#define SIMD_VNNI 0
#include "simd_integer_avx2.h"

#include "simd_integer.h"

const lk_linear_kernels lk_integer_avx2 = {
    .name = "avx2",
    .group = INTEGER_ROWS,
    .packed_tiles = integer_tiles,
    .packed_size = integer_size,
    .pack = integer_pack,
    .rows = integer_rows,
    .peak = integer_peak,
};

#else

// A translation unit must not be empty.
typedef int lk_no_integer_avx2;

#endif
