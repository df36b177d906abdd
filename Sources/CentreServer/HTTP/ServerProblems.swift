package import JSON
package import Wire

/// What the server itself refuses, before any service is asked.
extension Problem {
    static func malformedRequest(_ detail: String) -> Problem {
        Problem(
            400, "request-malformed", title: "The request is not well-formed", detail: detail,
            remedy: "Send it as RFC 9112 and RFC 3986 say; a proxy on the way may have changed it.")
    }

    static let methodUnknown = Problem(
        501, "method-unknown", title: "This method is not known here",
        detail: "The server knows GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY and TRACE.")

    static func bodyTooLarge(_ max: Int) -> Problem {
        Problem(
            413, "body-too-large", title: "The body is too large",
            detail: "A body may have \(max) bytes.", remedy: "Send less at once.")
    }

    static func headTooLarge(_ detail: String) -> Problem {
        Problem(
            431, "fields-too-many", title: "The request has too many or too large fields", detail: detail,
            remedy: "Send fewer fields.")
    }

    static let tooManyRequests = Problem(
        429, "too-many-requests", title: "Too many requests from this address",
        detail: "This address sent more requests, or larger ones at once, than one address may.",
        remedy: "Wait as long as Retry-After says; an operator can raise the limit.")

    static let overloaded = Problem(
        503, "overloaded", title: "The centre has too much to do",
        detail: "More requests wait than can be answered soon.",
        remedy: "Try again after the time that Retry-After says.")

    static let stopping = Problem(
        503, "stopping", title: "This node of the centre is being stopped",
        detail: "The request was not begun, or had nothing to tell yet.",
        remedy: "Send it again: another node, or this one when it is back, answers it.")

    static let waitedTooLong = Problem(
        408, "client-gone", title: "The client closed its side of the connection",
        detail: "A request that waits ends when its client goes away.")

    static func certificateRefused(_ detail: String) -> Problem {
        Problem(
            403, "certificate-refused", title: "The client's certificate is not accepted", detail: detail,
            remedy: "Show a certificate that the centre's authority for clients has issued.")
    }

    static let unknownPath = Problem(
        404, "path-unknown", title: "There is nothing at this path",
        detail: "No part of the centre answers here.",
        remedy: "The paths are described in /v1/openapi.json.")
}

extension HTTPResponse {
    /// A problem as every door of the centre tells it.
    package init(_ problem: Problem, tag: String, _ more: HTTPFields = [:]) {
        var fields = more
        fields["Content-Type"] = Problem.mediaType
        self.init(problem.status, fields, body: .bytes(problem.json(tag: tag).encoded()))
    }

    package init(_ status: Int = 200, json: JSONValue, _ more: HTTPFields = [:]) {
        var fields = more
        fields["Content-Type"] = "application/json"
        self.init(status, fields, body: .bytes(json.encoded()))
    }

    package init(_ status: Int = 200, text: String, type: String = "text/plain; charset=utf-8") {
        self.init(status, ["Content-Type": type], body: .bytes(Array(text.utf8)))
    }
}
