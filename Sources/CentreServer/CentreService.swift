package import Centre
internal import Wire

/// All parts of the centre that answer requests, each at its own paths.
package struct CentreService: HTTPService {
    package struct Part: Sendable {
        fileprivate let path: [String]
        fileprivate let service: any HTTPService

        /// Everything below these segments.
        package init(_ path: String..., service: any HTTPService) {
            self.path = path
            self.service = service
        }
    }

    private let parts: [Part]

    package init(_ parts: [Part]) { self.parts = parts }

    package func answer(_ request: HTTPRequest, since: Instant) -> Answer {
        guard let part = parts.first(where: { request.segments.starts(with: $0.path) }) else {
            return .now(HTTPResponse(.unknownPath, tag: request.tag))
        }
        return part.service.answer(request, since: since)
    }
}
