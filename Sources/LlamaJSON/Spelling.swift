/// Names that a misspelled one may stand for.
package enum Spelling {
    /// The name that a person most likely meant; nil if none is close.
    ///
    /// Close is a beginning of at least three letters, or a name that differs in few of its letters. Dashes at the
    /// start and capitals do not count.
    package static func nearest(to word: String, in names: [String]) -> String? {
        let letters = Array(word.lowercased().drop { $0 == "-" })
        let near = names.compactMap { name -> (name: String, distance: Int)? in
            let other = Array(name.drop { $0 == "-" })
            if letters.count >= 3, other.starts(with: letters) { return (name, 1) }
            let distance = distance(letters, other)
            // Two names of a single letter have nothing in common.
            guard distance < max(letters.count, other.count) else { return nil }
            return distance <= max(1, min(3, min(letters.count, other.count) / 2)) ? (name, distance) : nil
        }
        return near.min { $0.distance < $1.distance }?.name
    }

    /// The fewest letters to insert, delete or replace that turn one word into the other (Levenshtein).
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
