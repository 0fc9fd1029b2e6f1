import LlamaTensors

/// The order of the rows of each q and k head in one layout, told by their places in the other.
///
/// A head has rows for `headDim / 2` rotated pairs. Meta keeps the two of a pair side by side, Hugging Face all first
/// ones before all second ones; its `convert_llama_weights_to_hf.py` makes the one of the other by
/// `w.view(heads, headDim // 2, 2, dim).transpose(1, 2)`. The heads themselves stay in order, so their number does not
/// matter here: wq has nHeads of them, wk nKVHeads.
package struct HeadPermutation: Sendable, Equatable {
    /// The layout that rows are asked for in.
    private let target: RoPELayout
    private let headDim: Int

    /// Nil where nothing changes places.
    package init?(from source: RoPELayout, to target: RoPELayout, headDim: Int) {
        guard source != target, headDim > 2 else { return nil }
        (self.target, self.headDim) = (target, headDim)
    }

    /// Where the row that is `index`th in the target layout lies in the source layout.
    package func source(of index: Int) -> Int {
        let (half, place) = (headDim / 2, index % headDim)
        let inHead =
            switch target {
            case .interleaved: place % 2 * half + place / 2
            case .halves: place % half * 2 + place / half
            }
        return index - place + inHead
    }
}
