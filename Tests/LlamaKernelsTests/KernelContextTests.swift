import Testing

@testable import LlamaKernels

@Suite struct KernelContextTests {
    @Test func theReferenceRunsEverywhere() {
        #expect(InstructionSet.reference.isSupported)
        #expect(InstructionSet.best.isSupported)
    }

    @Test(arguments: supportedSets, [1, 2, 5])
    func hasTheThreadsAskedFor(_ set: InstructionSet, threads: Int) throws {
        let context = try KernelContext(instructionSet: set, threads: threads)
        #expect(context.threads == threads)
    }

    @Test(arguments: [0, -1, 100_000])
    func refusesImpossibleThreadCounts(threads: Int) {
        #expect(throws: KernelError.invalidThreadCount(threads)) {
            try KernelContext(instructionSet: .reference, threads: threads)
        }
    }
}
