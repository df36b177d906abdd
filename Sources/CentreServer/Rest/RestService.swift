package import Centre
internal import JSON
internal import Wire

/// The REST interface: requests in, answers out. It knows no sockets and keeps nothing between requests.
package struct RestService: HTTPService {
    private let node: Node
    private let signIn: SignIn
    private let router: Router

    package init(node: Node, signIn: SignIn, endpoints: [Endpoint] = RestTable.endpoints) {
        self.node = node
        self.signIn = signIn
        router = Router(endpoints)
    }

    package func answer(_ request: HTTPRequest, since: Instant) -> Answer {
        let answer: RestAnswer
        do {
            answer = try ask(request, since: since)
        } catch {
            return .now(Problem(explaining: error).response(tag: request.tag))
        }
        if case .wait(let waiting) = answer.content { return .wait(waiting) }
        return .now(respond(answer, to: request))
    }

    private func ask(_ request: HTTPRequest, since: Instant) throws -> RestAnswer {
        let (endpoint, parts) = try router.find(request)
        guard let endpoint else {
            // RFC 9110 §9.3.7: what may be done with it, to whoever asks.
            return RestAnswer(204, fields: ["Allow": try router.allow(request)])
        }
        let caller = try admit(request, to: endpoint)
        return try endpoint.handler(try read(request, endpoint, caller, parts, since: since))
    }

    private func admit(_ request: HTTPRequest, to endpoint: Endpoint) throws -> Caller? {
        guard case .only(let roles) = endpoint.access else { return nil }
        let caller = try signIn.caller(for: request)
        guard roles.contains(caller.principal.role) else { throw Problem.forbidden(caller, endpoint) }
        guard caller.scopes.allow(endpoint.group, isReading: endpoint.isReading) else {
            throw Problem.outOfScope(endpoint)
        }
        return caller
    }

    private func respond(_ answer: RestAnswer, to request: HTTPRequest) -> HTTPResponse {
        var response = HTTPResponse(answer.status, answer.fields)
        var tag = answer.tag
        let isTagged = answer.status == 200 && !answer.isTagOfSecrets
        switch answer.content {
        case .none, .wait: break
        case .json(let value):
            let bytes = value.encoded()
            if isTagged, tag == nil { tag = EntityTag(of: bytes) }
            response.fields["Content-Type"] = Endpoint.jsonType
            response.body = .bytes(bytes)
        case .bytes(let bytes, let mediaType):
            if isTagged, tag == nil { tag = EntityTag(of: bytes) }
            response.fields["Content-Type"] = mediaType
            response.body = .bytes(bytes)
        case .stream(let stream, let mediaType):
            response.fields["Content-Type"] = mediaType
            response.body = .stream(stream)
        }
        if let tag { response.fields["ETag"] = tag.text }
        if response.fields["Cache-Control"] == nil {
            // Personal data: nobody between us and the client keeps them.
            response.fields["Cache-Control"] = answer.isSecret ? "no-store" : "private, no-cache"
        }
        return answer.showsMoreThanTag ? response : notModified(response, tag, request)
    }

    /// The client has it already (RFC 9110 §13.1.2).
    private func notModified(
        _ response: HTTPResponse, _ tag: EntityTag?, _ request: HTTPRequest
    ) -> HTTPResponse {
        let known = request.fields.values("If-None-Match")
        guard let tag, response.status == 200, request.method == .get || request.method == .head,
            !known.isEmpty, tag.isNamed(in: known, isWeak: true)
        else { return response }
        var short = HTTPResponse(304, response.fields)
        short.fields["Content-Type"] = nil
        return short
    }
}

// MARK: Reading a request

extension RestService {
    private func read(
        _ request: HTTPRequest, _ endpoint: Endpoint, _ caller: Caller?, _ parts: [String: String],
        since: Instant
    ) throws -> RestCall {
        try checkAccept(request, endpoint)
        var values = try readPath(parts, endpoint)
        try readQuery(request, endpoint, into: &values)
        let body = try readBody(request, endpoint)
        try checkPrecondition(request, endpoint)
        return RestCall(
            request: request, endpoint: endpoint, caller: caller ?? .nobody, node: node, signIn: signIn,
            since: since,
            values: values, body: body, idempotencyKey: try readKey(request, endpoint))
    }

    private func checkPrecondition(_ request: HTTPRequest, _ endpoint: Endpoint) throws {
        let named = request.fields.values("If-Match")
        guard endpoint.precondition != .none else {
            // Who names a state must not be answered as if it had been looked at.
            guard named.isEmpty else { throw Problem.invalid("This request takes no 'If-Match'.") }
            return
        }
        if endpoint.precondition == .required, named.isEmpty {
            throw Problem.known(
                "precondition-missing",
                "This change needs 'If-Match' with the entity tag of what it was decided on.")
        }
        guard named.allSatisfy(EntityTag.isList) else {
            throw Problem.known(
                "request-invalid", "'If-Match' takes entity tags in quotes, as 'ETag' gave them, or a star.")
        }
    }

    private func readPath(_ parts: [String: String], _ endpoint: Endpoint) throws -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for parameter in endpoint.pathParameters {
            guard let text = parts[parameter.name] else { continue }
            let (value, faults) = parameter.read(text)
            // What cannot be a name is nobody's name.
            guard faults.isEmpty else { throw Problem.notFound("'\(parameter.name)' of this path") }
            values[parameter.name] = value
        }
        return values
    }

    private func readQuery(
        _ request: HTTPRequest, _ endpoint: Endpoint, into values: inout [String: JSONValue]
    ) throws {
        var seen: Set<String> = []
        for item in request.query {
            guard let parameter = endpoint.queryParameters.first(where: { $0.name == item.name }) else {
                throw Problem.parameter(item.name, "There is no query parameter of this name here.")
            }
            guard seen.insert(item.name).inserted else {
                throw Problem.parameter(item.name, "The query has it twice.")
            }
            let (value, faults) = parameter.read(item.value)
            if let fault = faults.first { throw Problem.parameter(item.name, fault.detail) }
            values[item.name] = value
        }
    }

    private func readBody(_ request: HTTPRequest, _ endpoint: Endpoint) throws -> JSONValue {
        switch endpoint.body {
        case .none:
            guard request.body.isEmpty else { throw Problem.invalid("This request takes no body.") }
            return .null
        case .bytes(let mediaTypes, let max, _):
            guard mediaTypes.contains(request.mediaType) else {
                throw Problem.mediaType(request.mediaType, takes: mediaTypes)
            }
            guard request.body.count <= max else { throw Problem.tooLarge(max: max) }
            return .null
        case .json(let schema):
            guard [Endpoint.jsonType, "application/merge-patch+json"].contains(request.mediaType) else {
                throw Problem.mediaType(request.mediaType, takes: [Endpoint.jsonType])
            }
            return try Self.json(request.body, schema)
        }
    }

    private static func json(_ bytes: [UInt8], _ schema: Schema) throws -> JSONValue {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(
                decoding: bytes, limits: JSONLimits(bytesMax: Bounds.requestJSONBytesMax, depthMax: 32))
        } catch {
            if case .tooLong = error { throw Problem.tooLarge(max: Bounds.requestJSONBytesMax) }
            throw Problem.known("json-malformed", "The body is not JSON: \(error.reason).")
        }
        let faults = schema.faults(in: value)
        guard faults.isEmpty else { throw Problem.invalid(faults) }
        return value
    }

    /// The structured field string of the draft, or its text without quotes, as most clients send it.
    private func readKey(_ request: HTTPRequest, _ endpoint: Endpoint) throws -> RequestID? {
        let given = request.fields.values("Idempotency-Key")
        guard endpoint.takesIdempotencyKey, let first = given.first else { return nil }
        let text =
            first.count > 1 && first.hasPrefix("\"") && first.hasSuffix("\"")
            ? first.dropFirst().dropLast() : first[...]
        guard given.count == 1, let key = try? RequestID(String(text)) else {
            throw Problem.known(
                "idempotency-key",
                "'Idempotency-Key' takes one key of 1 to 64 letters, digits, '.', '_', '+', '-'; "
                    + "'.' and '..' alone are none.")
        }
        return key
    }

    private func checkAccept(_ request: HTTPRequest, _ endpoint: Endpoint) throws {
        let given = endpoint.outcomes.flatMap(\.mediaTypes)
        let wanted = request.fields.values("Accept").flatMap { $0.split(separator: ",") }
        guard !wanted.isEmpty, !given.isEmpty else { return }
        let isFine = wanted.contains { range in
            let parts = range.split(separator: ";").map(\.trimmed)
            guard let type = parts.first?.lowercased(), !parts.dropFirst().contains(where: isRefusal) else {
                return false
            }
            return type == "*/*" || given.contains { $0 == type || type == $0.prefix { $0 != "/" } + "/*" }
        }
        guard isFine else {
            throw Problem.known("not-acceptable", "This answers \(given.joined(separator: ", ")) only.")
        }
    }

    /// A weight of nothing (RFC 9110 §12.4.2).
    private func isRefusal(_ parameter: String) -> Bool {
        let text = parameter.lowercased()
        return text.hasPrefix("q=0") && text.dropFirst(3).allSatisfy { $0 == "." || $0 == "0" }
    }
}

extension Caller {
    /// Where an endpoint is for anyone: whoever it is may do nothing else.
    static var nobody: Caller { Caller(.holder(.nobody, at: nil), scopes: .only([]), means: "none") }
}

extension HolderNumber {
    fileprivate static var nobody: HolderNumber {
        guard let number = try? HolderNumber("nobody") else { preconditionFailure("a valid number") }
        return number
    }
}

extension HTTPRequest {
    /// In lower case, without parameters; empty where none is given.
    package var mediaType: String {
        let text = fields["Content-Type"] ?? ""
        return text.prefix { $0 != ";" }.trimmed.lowercased()
    }
}
