package import JSON

/// A value of the domain as it travels: what is written can be read again.
package protocol Form: Sendable {
    var json: JSONValue { get }
    init(form: inout FormReader) throws(FormProblem)
}

extension Form {
    /// `pointer` is where the value stands in the document it came in.
    package init(json: JSONValue, at pointer: String = "") throws(FormProblem) {
        var form = try FormReader(json, at: pointer)
        try self.init(form: &form)
    }
}

/// What is wrong with a document, and where (RFC 6901).
package struct FormProblem: Error, Hashable {
    package let pointer: String
    /// A predicate: "is missing".
    package let problem: String

    package init(_ pointer: String, _ problem: String) {
        self.pointer = pointer
        self.problem = problem
    }

    /// As a sentence.
    package var reason: String { "'\(pointer)' \(problem)." }
}
