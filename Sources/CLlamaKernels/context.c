#include <stdlib.h>

#include "kernels.h"

static const lk_kernels *kernels_for(lk_isa isa) {
    switch (isa) {
    case LK_REFERENCE: return &lk_kernels_reference;
#if defined(__x86_64__)
    case LK_AVX2: return &lk_kernels_avx2;
    case LK_AVX512: return &lk_kernels_avx512;
#else
    case LK_AVX2:
    case LK_AVX512: return NULL;
#endif
    }
    return NULL;
}

bool lk_isa_supported(lk_isa isa) {
    switch (isa) {
    case LK_REFERENCE: return true;
#if defined(__x86_64__)
    case LK_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case LK_AVX512:
        return lk_isa_supported(LK_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
    case LK_AVX2:
    case LK_AVX512: return false;
#endif
    }
    return false;
}

lk_isa lk_isa_best(void) {
    if (lk_isa_supported(LK_AVX512)) return LK_AVX512;
    if (lk_isa_supported(LK_AVX2)) return LK_AVX2;
    return LK_REFERENCE;
}

lk_context *lk_context_create(lk_isa isa, int threads) {
    if (!lk_isa_supported(isa) || threads < 1) return NULL;
    lk_context *context = calloc(1, sizeof *context);
    if (context == NULL) return NULL;
    context->kernels = kernels_for(isa);
    context->team = lk_team_create(threads);
    // Page alignment also keeps two threads' scratch on different pages.
    context->scratch = aligned_alloc(4096, (size_t)threads * LK_SCRATCH_FLOATS * sizeof(float));
    context->packed = aligned_alloc(4096, LK_PACKED_FLOATS * sizeof(float));
    if (context->team == NULL || context->scratch == NULL || context->packed == NULL) {
        lk_context_destroy(context);
        return NULL;
    }
    return context;
}

void lk_context_destroy(lk_context *context) {
    if (context == NULL) return;
    lk_team_destroy(context->team);
    free(context->packed);
    free(context->scratch);
    free(context);
}

int lk_context_threads(const lk_context *context) { return lk_team_size(context->team); }
