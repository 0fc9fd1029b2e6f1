#define _POSIX_C_SOURCE 200112L
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static cob_library library;
static char failure[256];

// OpenBLAS knows processors by family and model. Releases before 0.3.21 take an AMD one that is newer than they are
// for one without AVX-512 or even AVX, at half the speed or less; later ones choose kernels that are as fast as
// these, which need no more than the features asked for here.
static bool core_is_misjudged(void) {
#if defined(__x86_64__)
    return __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
#else
    return false;
#endif
}

// Sets a variable that the user has not set; whether it did.
static bool set_default(const char *name, const char *value) {
    return getenv(name) == NULL && setenv(name, value, 0) == 0;
}

// The variables are read while the library loads, and removed again so that child processes do not inherit them.
static void *load(void) {
    bool chose_core = core_is_misjudged() && set_default("OPENBLAS_CORETYPE", "SkylakeX");
    // Otherwise loading starts a thread for every processor, none of which would ever have work.
    bool chose_threads = set_default("OPENBLAS_NUM_THREADS", "1");
    void *handle = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) handle = dlopen("libopenblas.so", RTLD_NOW | RTLD_LOCAL);
    if (chose_core) unsetenv("OPENBLAS_CORETYPE");
    if (chose_threads) unsetenv("OPENBLAS_NUM_THREADS");
    return handle;
}

static void fail(void) {
    const char *reason = dlerror();
    snprintf(failure, sizeof failure, "%s", reason != NULL ? reason : "not an OpenBLAS library");
}

static void open_library(void) {
    void *handle = load();
    if (handle == NULL) {
        fail();
        return;
    }
    cob_sgemm sgemm = (cob_sgemm)dlsym(handle, "cblas_sgemm");
    void (*set_threads)(int) = (void (*)(int))dlsym(handle, "openblas_set_num_threads");
    if (sgemm == NULL || set_threads == NULL) {
        fail();
        dlclose(handle);
        return;
    }
    // For a user who has set OPENBLAS_NUM_THREADS: the caller's own threads share out the work.
    set_threads(1);
    char *(*core_name)(void) = (char *(*)(void))dlsym(handle, "openblas_get_corename");
    library.core_name = core_name != NULL ? core_name() : "unknown";
    library.sgemm = sgemm;
}

const cob_library *cob_open(const char **error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_library);
    if (library.sgemm != NULL) return &library;
    *error = failure;
    return NULL;
}
