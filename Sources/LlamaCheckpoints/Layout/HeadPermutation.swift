/// The permutation of the rows of each q and k head from one layout to the other.
///
/// A head has rows for `headDim / 2` rotated pairs. Meta stores the two rows of a pair next to each other, Hugging Face
/// stores all first rows before all second rows; its `convert_llama_weights_to_hf.py` converts by
/// `w.view(heads, headDim // 2, 2, dim).transpose(1, 2)`. Heads keep their order, so their number does not matter here:
/// wq has nHeads of them, wk nKVHeads.
package struct HeadPermutation: Sendable, Equatable {
    /// The layout to permute to.
    private let target: RoPELayout
    private let headDim: Int

    /// Nil where the layouts order rows alike.
    package init?(from source: RoPELayout, to target: RoPELayout, headDim: Int) {
        guard source != target, headDim > 2 else { return nil }
        (self.target, self.headDim) = (target, headDim)
    }

    /// The index in the source layout of the row at `index` in the target layout.
    package func source(of index: Int) -> Int {
        let (half, offset) = (headDim / 2, index % headDim)
        let inHead =
            switch target {
            case .interleaved: offset % 2 * half + offset / 2
            case .halves: offset % half * 2 + offset / half
            }
        return index - offset + inHead
    }
}
