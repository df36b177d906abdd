internal import Wire

/// Finds the endpoint of a request.
package struct Router: Sendable {
    /// By the number of segments, the closest first.
    private let byCount: [Int: [Endpoint]]

    package init(_ endpoints: [Endpoint]) {
        byCount = Dictionary(grouping: endpoints) { $0.path.segments.count }
            .mapValues { $0.sorted { $0.path.wordCount > $1.path.wordCount } }
    }

    /// The endpoint and the values of its path; no endpoint for `OPTIONS`. HEAD is what GET would answer.
    package func find(_ request: HTTPRequest) throws -> (endpoint: Endpoint?, values: [String: String]) {
        let found = closest(request)
        guard !found.isEmpty else { throw Problem.notFound("resource at this path") }
        if request.method == .options { return (nil, [:]) }
        let method: HTTPMethod = request.method == .head ? .get : request.method
        guard let match = found.first(where: { $0.endpoint.method == method }) else {
            throw Problem.method(request.method, allow: Self.words(found.map(\.endpoint)))
        }
        return (match.endpoint, match.values)
    }

    package func allow(_ request: HTTPRequest) throws -> String {
        Self.words(closest(request).map(\.endpoint))
    }

    /// All endpoints of the closest path.
    private func closest(_ request: HTTPRequest) -> [(endpoint: Endpoint, values: [String: String])] {
        let matches = (byCount[request.segments.count] ?? []).compactMap { endpoint in
            endpoint.path.match(request.segments).map { (endpoint: endpoint, values: $0) }
        }
        return matches.filter { $0.endpoint.path == matches.first?.endpoint.path }
    }

    private static func words(_ endpoints: [Endpoint]) -> String {
        var methods = Set(endpoints.map(\.method)).union([.options])
        if methods.contains(.get) { methods.insert(.head) }
        return HTTPMethod.allCases.filter(methods.contains).map(\.rawValue).joined(separator: ", ")
    }
}
