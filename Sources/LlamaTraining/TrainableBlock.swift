import LlamaCheckpoints
import LlamaKernels

/// One Transformer block, forward over whole sequences and backward. The same arithmetic as `TransformerBlock`.
struct TrainableBlock {
    private let weights: BlockParameters
    private let heads: (nHeads: Int, nKVHeads: Int)
    private let epsilon: Float
    private let attention: CausalAttention
    /// The rotations of every position, and the number of positions.
    private let rotations: (table: RotaryTable, length: Int)
    private let kernels: KernelContext
    private let blas: OpenBLAS

    init(
        _ parameters: ParameterSet, layer: Int, attention: CausalAttention,
        rotations: (table: RotaryTable, length: Int), kernels: KernelContext, blas: OpenBLAS
    ) throws(KernelError) {
        weights = try BlockParameters(parameters, layer: layer)
        heads = (parameters.configuration.nHeads, parameters.configuration.nKVHeads)
        epsilon = parameters.configuration.normEpsilon
        self.attention = attention
        self.rotations = rotations
        self.kernels = kernels
        self.blas = blas
    }

    /// From `kept.x` to `out`, both `[rows, dim]`.
    func forward(
        _ kept: BlockActivations, out: FloatMatrix, scratch: FloatMatrix
    ) throws(KernelError) {
        // attentionNormed [rows, dim]
        try kernels.rmsNormForward(
            kept.x, weight: weights.attentionNorm.weight, epsilon: epsilon, out: kept.attentionNormed,
            rstd: kept.attentionRstd)
        // q [rows, nHeads * headDim], k and v [rows, nKVHeads * headDim]
        kernels.multiply(
            [
                try .forward(x: kept.attentionNormed, weight: weights.wq.weight, out: kept.q),
                try .forward(x: kept.attentionNormed, weight: weights.wk.weight, out: kept.k),
                try .forward(x: kept.attentionNormed, weight: weights.wv.weight, out: kept.v),
            ], with: blas)
        // q and k rotated in place
        try rotate(kept.q, kept.k, backward: false)
        // heads [rows, nHeads * headDim], lse [batch * nHeads, length]
        try attention.forward(
            q: kept.q, k: kept.k, v: kept.v, out: kept.heads, lse: kept.lse, scratch: scratch, on: kernels,
            with: blas)
        // middle [rows, dim] = x + wo heads
        try kept.middle.copy(kept.x)
        kernels.multiply(
            [try .forward(x: kept.heads, weight: weights.wo.weight, out: kept.middle, accumulate: true)],
            with: blas)
        // ffnNormed [rows, dim]
        try kernels.rmsNormForward(
            kept.middle, weight: weights.ffnNorm.weight, epsilon: epsilon, out: kept.ffnNormed,
            rstd: kept.ffnRstd)
        // gate and up [rows, hiddenDim]
        kernels.multiply(
            [
                try .forward(x: kept.ffnNormed, weight: weights.w1.weight, out: kept.gate),
                try .forward(x: kept.ffnNormed, weight: weights.w3.weight, out: kept.up),
            ], with: blas)
        // hidden [rows, hiddenDim] = silu(gate) * up
        try kernels.swiGLUForward(gate: kept.gate, up: kept.up, out: kept.hidden)
        // out [rows, dim] = middle + w2 hidden
        try out.copy(kept.middle)
        kernels.multiply(
            [try .forward(x: kept.hidden, weight: weights.w2.weight, out: out, accumulate: true)],
            with: blas)
    }

    /// Turns `state.dx [rows, dim]` from the gradient of the block's output into that of its input, and adds to the
    /// gradients of its weights.
    func backward(_ kept: BlockActivations, in state: TrainingActivations) throws(KernelError) {
        try feedForwardBackward(kept, state)
        try attentionBackward(kept, state)
    }

    private func feedForwardBackward(
        _ kept: BlockActivations, _ state: TrainingActivations
    ) throws(KernelError) {
        // dgate [rows, hiddenDim], here the gradient of hidden; dw2 [dim, hiddenDim]
        kernels.multiply(
            [
                try .inputGradient(dout: state.dx, weight: weights.w2.weight, dx: state.dgate),
                try .weightGradient(dout: state.dx, x: kept.hidden, dweight: weights.w2.gradient),
            ], with: blas)
        // dgate and dup [rows, hiddenDim]
        try kernels.swiGLUBackward(
            dout: state.dgate, gate: kept.gate, up: kept.up, dgate: state.dgate, dup: state.dup)
        // dnormed [rows, dim]; dw1 and dw3 [hiddenDim, dim]
        kernels.multiply(
            [
                try .inputGradient(dout: state.dgate, weight: weights.w1.weight, dx: state.dnormed),
                try .weightGradient(dout: state.dgate, x: kept.ffnNormed, dweight: weights.w1.gradient),
                try .weightGradient(dout: state.dup, x: kept.ffnNormed, dweight: weights.w3.gradient),
            ], with: blas)
        kernels.multiply(
            [
                try .inputGradient(
                    dout: state.dup, weight: weights.w3.weight, dx: state.dnormed, accumulate: true)
            ], with: blas)
        // dx [rows, dim] += what flows back through the norm
        try kernels.rmsNormBackward(
            dout: state.dnormed, x: kept.middle, weight: weights.ffnNorm.weight, rstd: kept.ffnRstd,
            dx: state.dx, dweight: weights.ffnNorm.gradient, scratch: state.scratch)
    }

    private func attentionBackward(
        _ kept: BlockActivations, _ state: TrainingActivations
    ) throws(KernelError) {
        // dheads [rows, nHeads * headDim]; dwo [dim, nHeads * headDim]
        kernels.multiply(
            [
                try .inputGradient(dout: state.dx, weight: weights.wo.weight, dx: state.dheads),
                try .weightGradient(dout: state.dx, x: kept.heads, dweight: weights.wo.gradient),
            ], with: blas)
        // dq [rows, nHeads * headDim], dk and dv [rows, nKVHeads * headDim]
        try attention.backward(
            dout: state.dheads, q: kept.q, k: kept.k, v: kept.v, out: kept.heads, lse: kept.lse,
            dq: state.dq, dk: state.dk, dv: state.dv, scratch: state.scratch, on: kernels, with: blas)
        try rotate(state.dq, state.dk, backward: true)
        // dnormed [rows, dim]; dwq [nHeads * headDim, dim], dwk and dwv [nKVHeads * headDim, dim]
        kernels.multiply(
            [
                try .inputGradient(dout: state.dq, weight: weights.wq.weight, dx: state.dnormed),
                try .weightGradient(dout: state.dq, x: kept.attentionNormed, dweight: weights.wq.gradient),
                try .weightGradient(dout: state.dk, x: kept.attentionNormed, dweight: weights.wk.gradient),
                try .weightGradient(dout: state.dv, x: kept.attentionNormed, dweight: weights.wv.gradient),
            ], with: blas)
        for (gradient, weight) in [(state.dk, weights.wk.weight), (state.dv, weights.wv.weight)] {
            kernels.multiply(
                [try .inputGradient(dout: gradient, weight: weight, dx: state.dnormed, accumulate: true)],
                with: blas)
        }
        // dx [rows, dim] += what flows back through the norm
        try kernels.rmsNormBackward(
            dout: state.dnormed, x: kept.x, weight: weights.attentionNorm.weight, rstd: kept.attentionRstd,
            dx: state.dx, dweight: weights.attentionNorm.gradient, scratch: state.scratch)
    }

    private func rotate(_ q: FloatMatrix, _ k: FloatMatrix, backward: Bool) throws(KernelError) {
        for (x, heads) in [(q, heads.nHeads), (k, heads.nKVHeads)] {
            try kernels.ropeRows(
                x, length: rotations.length, heads: heads, rotations: rotations.table, backward: backward)
        }
    }
}

/// The weights of one block under Meta's names, with their gradients.
private struct BlockParameters {
    /// Gain of attention's norm `[1, dim]`.
    let attentionNorm: Parameter
    /// `[nHeads * headDim, dim]`.
    let wq: Parameter
    /// `[nKVHeads * headDim, dim]`.
    let wk: Parameter
    /// `[nKVHeads * headDim, dim]`.
    let wv: Parameter
    /// `[dim, nHeads * headDim]`.
    let wo: Parameter
    /// Gain of the feed-forward layer's norm `[1, dim]`.
    let ffnNorm: Parameter
    /// `[hiddenDim, dim]`.
    let w1: Parameter
    /// `[dim, hiddenDim]`.
    let w2: Parameter
    /// `[hiddenDim, dim]`.
    let w3: Parameter

    init(_ parameters: ParameterSet, layer: Int) throws(KernelError) {
        attentionNorm = try parameters.parameter(.layer(layer, .attentionNorm))
        wq = try parameters.parameter(.layer(layer, .wq))
        wk = try parameters.parameter(.layer(layer, .wk))
        wv = try parameters.parameter(.layer(layer, .wv))
        wo = try parameters.parameter(.layer(layer, .wo))
        ffnNorm = try parameters.parameter(.layer(layer, .ffnNorm))
        w1 = try parameters.parameter(.layer(layer, .w1))
        w2 = try parameters.parameter(.layer(layer, .w2))
        w3 = try parameters.parameter(.layer(layer, .w3))
    }
}
