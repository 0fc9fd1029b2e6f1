extension String {
    /// The text without the white space at its ends, as Python's `str.strip` and so Jinja's `trim` filter define it.
    ///
    /// By scalars: white space followed by a combining mark is one `Character`, and is removed all the same.
    var trimmingWhiteSpace: String {
        var scalars = unicodeScalars[...]
        while let first = scalars.first, first.isPythonWhiteSpace { scalars.removeFirst() }
        while let last = scalars.last, last.isPythonWhiteSpace { scalars.removeLast() }
        return String(scalars)
    }
}

extension Unicode.Scalar {
    /// Python's `str.isspace`: the bidirectional classes WS, B and S, and the general category Zs.
    fileprivate var isPythonWhiteSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A: true
        case 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }
}
