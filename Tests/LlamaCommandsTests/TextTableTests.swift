import LlamaCommands
import Testing

struct TextTableTests {
    @Test func alignsColumnsWithoutSpacesAtTheEnd() {
        let rows = [["a", "1", "x"], ["bcd", "200", ""], ["e"]]
        #expect(TextTable.lines(rows) == ["  a    1    x", "  bcd  200", "  e"])
        #expect(
            TextTable.lines(rows, indentation: 0, rightAligned: [1]) == ["a      1  x", "bcd  200", "e"])
        #expect(TextTable.lines([]) == [])
    }
}

struct MemoryStatusTests {
    @Test func knowsThisProcess() throws {
        let peak = try #require(MemoryStatus.peak)
        let anonymous = try #require(MemoryStatus.anonymous)
        #expect(anonymous > 0 && anonymous <= peak)
        let physical = try #require(MemoryStatus.physical)
        let available = try #require(MemoryStatus.available)
        #expect(available <= physical)
    }
}
