import LlamaCheckpoints
import LlamaKernels
import Testing

@testable import LlamaModel

/// What `Transformer.forward` refuses, since callers fill the batch.
struct BatchCheckTests {
    /// A row of a batch that does not fit a model of vocabulary 96 and a state of 2 slots of a page each.
    struct BadRow: Sendable {
        var token: Int32 = 1
        var position = 0
        var slot = 0
        let error: String
    }

    static let badRows = [
        BadRow(token: 1 << 20, error: "token: expected an id below VOCABULARY, found 1048576"),
        BadRow(position: 1, error: "position of row 0 in slot 0 of the cache: expected at most 0, found 1"),
        BadRow(position: 64, error: "position of the cache: expected one below 64, found 64"),
        BadRow(slot: 2, error: "slot of the cache: expected one below 2, found 2"),
    ]

    private func state(
        _ model: ReferenceModel, slots: Int = 2, length: Int = 16, rows: Int = 4
    ) throws -> InferenceState {
        try InferenceState(
            model.checkpoint.configuration, slots: slots, length: length, rows: rows,
            kernels: KernelContext(threads: 1))
    }

    private func message(_ body: () throws -> Void) throws -> String {
        let error = #expect(throws: KernelError.self) { try body() }
        return try #require(error).description
    }

    @Test(arguments: badRows)
    func refusesARowThatDoesNotExist(_ bad: BadRow) throws {
        let model = try ReferenceModel.fixture("hf-tied-f32")
        let state = try state(model)
        try state.batch.append(token: bad.token, position: bad.position, slot: bad.slot)
        let found = try message {
            try model.transformer.forward(state, logitsFor: [0]) { _, _ in Issue.record("computed") }
        }
        let vocabulary = "\(model.checkpoint.configuration.vocabularySize)"
        #expect(found == bad.error.replacing("VOCABULARY", with: vocabulary))
    }

    @Test func aRefusedBatchChangesNothing() throws {
        let model = try ReferenceModel.fixture("hf-tied-f32")
        let state = try state(model)
        let ids = Array(model.inputIDs.prefix(3))
        let expected = try state.logits(model.transformer, ids)
        let again = try self.state(model)
        try again.batch.append(token: ids[0], position: 0, slot: 0)
        try again.batch.append(token: ids[1], position: 5, slot: 0)
        #expect(throws: KernelError.self) {
            try model.transformer.forward(again, logitsFor: []) { _, _ in }
        }
        again.batch.removeAll()
        // Position 1 is still refused, since position 0 was not computed.
        try again.batch.append(token: ids[1], position: 1, slot: 0)
        #expect(throws: KernelError.self) {
            try model.transformer.forward(again, logitsFor: []) { _, _ in }
        }
        #expect(try again.logits(model.transformer, ids) == expected)
    }

    @Test func refusesTheLogitsOfARowThatIsNotThere() throws {
        let model = try ReferenceModel.fixture("hf-tied-f32")
        let state = try state(model)
        try state.batch.append(token: 1, position: 0, slot: 0)
        let found = try message { try model.transformer.forward(state, logitsFor: [1]) { _, _ in } }
        #expect(found == "row whose logits are wanted: expected one below 1, found 1")
    }

    @Test func refusesTheStateOfAnotherModel() throws {
        let model = try ReferenceModel.fixture("hf-tied-f32")
        let other = try ReferenceModel.fixture("meta-2shards-f16")
        let state = try state(other)
        try state.batch.append(token: 1, position: 0, slot: 0)
        let found = try message { try model.transformer.forward(state, logitsFor: [0]) { _, _ in } }
        #expect(
            found
                == "inference state: expected one made for this model's configuration, found one for another model"
        )
    }

    @Test(arguments: [(Int32(-1), 0, 0), (0, -1, 0), (0, 0, -1), (0, Int.max, 0), (0, 0, Int.max)])
    func aBatchTakesNoNegativeAndNoHugeNumbers(_ row: (token: Int32, position: Int, slot: Int)) throws {
        let batch = RowBatch(capacity: 2)
        #expect(throws: KernelError.self) {
            try batch.append(token: row.token, position: row.position, slot: row.slot)
        }
        #expect(batch.count == 0)
    }

    @Test func aBatchTakesAsManyRowsAsItHasRoomFor() throws {
        let batch = RowBatch(capacity: 2)
        try batch.append(token: 0, position: 0, slot: 0)
        try batch.append(token: 0, position: 1, slot: 0)
        let found = try message { try batch.append(token: 0, position: 2, slot: 0) }
        #expect(found == "batch: expected at most 2 rows, found one more")
        #expect(batch.count == 2)
    }
}
