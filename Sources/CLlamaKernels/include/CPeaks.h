// What the processor can do at most: the limits that the kernels are measured against.
#ifndef CLLAMAKERNELS_CPEAKS_H
#define CLLAMAKERNELS_CPEAKS_H

#include "CLlamaKernels.h"

#ifdef __cplusplus
extern "C" {
#endif

// Bytes in memory, at any address.
typedef struct {
    const void *data;
    size_t bytes;
} lk_region;

// Reads every byte once, in order, the regions divided among the team's threads: as fast as memory can be read. Returns
// the exclusive or of the 64-bit words of all regions; the last word of each is filled up with zeros.
uint64_t lk_read(lk_context *context, const lk_region *regions, size_t count);

// The arithmetic of linear layers: fused multiply-adds of float32, or products of 8-bit integers or of bfloat16 with
// their sums.
typedef enum { LK_ARITHMETIC_FLOAT32 = 0, LK_ARITHMETIC_INT8 = 1, LK_ARITHMETIC_BFLOAT16 = 2 } lk_arithmetic;

// Multiply-adds whose operands and sums are in registers, by all the team's threads, with the instructions of the
// context's instruction set: as fast as the processor can multiply. `rounds` is at least 1.
//
// Returns the number of multiplications and additions; `sum` receives the sum of all products, each 1.
double lk_multiply(lk_context *context, lk_arithmetic arithmetic, uint32_t rounds, double *sum);

#ifdef __cplusplus
}
#endif

#endif
