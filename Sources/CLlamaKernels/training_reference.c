// The training loops in the instruction set that every processor of the architecture has.
#include "training_loops.h"

const lk_training_kernels lk_training_reference = TRAINING_KERNELS;
