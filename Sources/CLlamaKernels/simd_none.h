// No vectors: functions are compiled for the processor that every machine of the architecture has at least.
//
// The plain kernels include this where the others include simd_avx2.h or simd_avx512.h. It serves half.h and
// blocks.h; the simd_*.h loops need vectors.
#ifndef CLLAMAKERNELS_SIMD_H
#define CLLAMAKERNELS_SIMD_H

#define SIMD_BEGIN
#define SIMD_END

// Every operation rounds, as in the other two.
#pragma STDC FP_CONTRACT OFF

#endif
