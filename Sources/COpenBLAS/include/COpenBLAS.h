// OpenBLAS's matrix product, found at run time.
//
// The library is loaded rather than linked: only training needs it, and its kernels are chosen while it
// loads, from the environment, which a linked library has read before `main`.
#ifndef COPENBLAS_H
#define COPENBLAS_H

#ifdef __cplusplus
extern "C" {
#endif

// cblas_sgemm. `order` is 101 (row-major); a transpose is 111 (no) or 112 (yes).
typedef void (*cob_sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                          const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

typedef struct {
    // Single-threaded, and may be called by several threads at once.
    cob_sgemm sgemm;
    // The processor type whose kernels the library uses, such as "SkylakeX"; "unknown" where it does not say.
    const char *core_name;
} cob_library;

// The library, loaded by the first call and kept; NULL, with the reason in `*error`, when it cannot be had.
// Both live as long as the process. Any thread may call; while the first call runs, no other thread may
// change the environment.
const cob_library *cob_open(const char **error);

#ifdef __cplusplus
}
#endif
#endif
