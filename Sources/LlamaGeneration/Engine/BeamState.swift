/// The beam search of a request in an engine.
struct BeamState {
    var search: BeamSearch
    /// The scheduler's numbers of the running beams.
    var sequences: [Int] = []
    /// Which of them were scored in the current step of the search.
    private var isScored: [Bool]
    private var pending = 1

    init(_ options: GenerationOptions, room: Int) {
        search = BeamSearch(options.candidates, stopTokens: options.stopTokens, maxTokens: room)
        isScored = [false]
    }

    /// Whether all running beams are scored.
    var isComplete: Bool { pending == 0 }

    /// Index of a beam that is to be scored.
    func beam(of sequence: Int) -> Int? {
        guard let beam = sequences.firstIndex(of: sequence), !isScored[beam] else { return nil }
        return beam
    }

    /// Counts a beam as scored.
    mutating func markScored(_ beam: Int) {
        isScored[beam] = true
        pending -= 1
    }

    /// Begins the next step of the search.
    mutating func begin(_ sequences: [Int]) {
        self.sequences = sequences
        isScored = Array(repeating: false, count: sequences.count)
        pending = sequences.count
    }
}
