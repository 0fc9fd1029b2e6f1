// Linear layers in integers with AVX-VNNI.
#if defined(__x86_64__)

#define SIMD_VNNI 1
#define SIMD_TARGET_EXTENSIONS ",avxvnni"
#include "simd_integer_avx2.h"

#include "simd_integer.h"

const lk_linear_kernels lk_integer_avxvnni = {
    .name = "avxvnni",
    .group = INTEGER_ROWS,
    .packed_tiles = integer_tiles,
    .packed_size = integer_size,
    .pack = integer_pack,
    .rows = integer_rows,
    .peak = integer_peak,
};

#else

// A translation unit must not be empty.
typedef int lk_no_integer_avxvnni;

#endif
