#include <stdlib.h>

#include "kernels.h"

#if defined(__x86_64__)
static const lk_kernels *kernels_for(lk_isa isa) {
    switch (isa) {
    case LK_REFERENCE: return &lk_kernels_reference;
    case LK_AVX2:
    case LK_AVX_VNNI: return &lk_kernels_avx2;
    case LK_AVX512:
    case LK_AVX512_VNNI: return &lk_kernels_avx512;
    }
    return NULL;
}

static const lk_linear_kernels *integers_for(lk_isa isa) {
    switch (isa) {
    case LK_REFERENCE: return &lk_integer_reference;
    case LK_AVX2:
    case LK_AVX512: return &lk_integer_avx2;
    case LK_AVX_VNNI: return &lk_integer_avxvnni;
    case LK_AVX512_VNNI: return &lk_integer_avx512vnni;
    }
    return NULL;
}

bool lk_isa_supported(lk_isa isa) {
    switch (isa) {
    case LK_REFERENCE: return true;
    case LK_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case LK_AVX_VNNI: return lk_isa_supported(LK_AVX2) && __builtin_cpu_supports("avxvnni");
    case LK_AVX512:
        return lk_isa_supported(LK_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    case LK_AVX512_VNNI: return lk_isa_supported(LK_AVX512) && __builtin_cpu_supports("avx512vnni");
    }
    return false;
}

bool lk_bfloat16_supported(lk_isa isa) {
    bool is_avx512 = isa == LK_AVX512 || isa == LK_AVX512_VNNI;
    return is_avx512 && lk_isa_supported(isa) && __builtin_cpu_supports("avx512bf16");
}

static const lk_linear_kernels *bfloat16_kernels(void) { return &lk_bfloat16_avx512; }

lk_isa lk_isa_best(void) {
    static const lk_isa fastest_first[] = {LK_AVX512_VNNI, LK_AVX512, LK_AVX_VNNI, LK_AVX2};
    for (size_t i = 0; i < sizeof fastest_first / sizeof *fastest_first; i++) {
        if (lk_isa_supported(fastest_first[i])) return fastest_first[i];
    }
    return LK_REFERENCE;
}
#else
static const lk_kernels *kernels_for(lk_isa isa) { return isa == LK_REFERENCE ? &lk_kernels_reference : NULL; }
static const lk_linear_kernels *integers_for(lk_isa isa) { return isa == LK_REFERENCE ? &lk_integer_reference : NULL; }
bool lk_isa_supported(lk_isa isa) { return isa == LK_REFERENCE; }
lk_isa lk_isa_best(void) { return LK_REFERENCE; }
bool lk_bfloat16_supported(lk_isa isa) {
    (void)isa;
    return false;
}
static const lk_linear_kernels *bfloat16_kernels(void) { return NULL; }
#endif

lk_context *lk_context_create(lk_isa isa, lk_activations activations, int threads) {
    if (!lk_isa_supported(isa) || threads < 1) return NULL;
    bool rounds = activations == LK_ACTIVATIONS_BFLOAT16;
    if (rounds && !lk_bfloat16_supported(isa)) return NULL;
    lk_context *context = calloc(1, sizeof *context);
    if (context == NULL) return NULL;
    context->kernels = kernels_for(isa);
    context->integer = activations == LK_ACTIVATIONS_FLOAT32 ? NULL : integers_for(isa);
    context->bfloat16 = rounds ? bfloat16_kernels() : NULL;
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
const char *lk_context_kernels(const lk_context *context) { return context->kernels->linear->name; }
const char *lk_context_integer_kernels(const lk_context *context) {
    return context->integer == NULL ? NULL : context->integer->name;
}
