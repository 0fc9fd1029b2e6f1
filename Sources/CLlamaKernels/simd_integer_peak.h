// The most multiply-adds of 8-bit integers that one instruction set can do, like those of 4-bit weights in linear layers:
// operands and sums stay in registers. Part of simd_integer.h.

// A round adds this many groups of four products to each lane of each sum; twice as many fit 16 bits.
enum { PEAK_GROUPS = 4096 };

static size_t integer_peak(uint32_t rounds, double *sum) {
    ivec parts[INTEGER_PEAK_SUMS], ones = ivec_set(0x01010101), x = ones;
    double total = 0;
    for (uint32_t round = 0; round < rounds; round++) {
        UNROLL for (int i = 0; i < INTEGER_PEAK_SUMS; i++) parts[i] = ivec_zero();
        for (int group = 0; group < PEAK_GROUPS; group++) {
            UNROLL for (int i = 0; i < INTEGER_PEAK_SUMS; i++) {
                // Otherwise the compiler would multiply once and add the product again and again.
                ivec_hide(&x);
                parts[i] = add_group(LK_Q4_0, parts[i], ones, x);
            }
        }
        UNROLL for (int i = 0; i < INTEGER_PEAK_SUMS; i++) {
            ivec whole = add_scaled(LK_Q4_0, ivec_zero(), parts[i], ivec_set(scale_group(1)));
            total += (double)vec_sum(ivec_to_floats(whole));
        }
    }
    *sum = total;
    return (size_t)2 * 4 * VEC_LANES * INTEGER_PEAK_SUMS * PEAK_GROUPS * rounds;
}
