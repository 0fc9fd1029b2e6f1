// Keeps a process alive when a mapped file shrinks, or its disk fails, while a thread reads it.
//
// Such a read raises SIGBUS. The handler maps zero pages over the rest of the file's mapping and marks it as damaged,
// so that the thread goes on reading and its caller finds out by asking. Nothing is computed with the zeros and kept:
// whoever reads a mapping asks before it uses what it has read.
#ifndef CFILEFAULTS_H
#define CFILEFAULTS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// A watched mapping. Opaque; any thread may use it until `cff_unwatch`.
typedef struct cff_region cff_region;

// Installs the handler for the whole process and unblocks SIGBUS in the calling thread. Faults outside of watched
// mappings, and signals that another process sends, have the effect that they had before. Returns 0, or an errno.
int cff_install(void);

// Watches the mapping of `length` bytes at `start`, of which `path` is the file. NULL without `cff_install`, or where
// memory is short: a fault there has its usual effect.
cff_region *cff_watch(const void *start, size_t length, const char *path);

// Ends watching; the mapping may be removed after, but not before. NULL does nothing.
void cff_unwatch(cff_region *region);

// Whether bytes of the mapping could not be read and were replaced by zeros. False for NULL.
bool cff_is_damaged(const cff_region *region);

// The path of the first mapping of the process that was damaged, whether it is still watched or not; NULL where there is
// none. Valid as long as the process lives.
const char *cff_first_damaged(void);

#ifdef __cplusplus
}
#endif
#endif
