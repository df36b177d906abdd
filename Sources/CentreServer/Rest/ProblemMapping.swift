internal import CardCrypto
internal import Centre
package import JSON
package import SmartCard
package import Wire

// Every error of the centre as a problem (RFC 9457). What is inside the machine is not told.

extension Problem {
    /// A problem of the table, in this request's words.
    package static func known(
        _ code: String, _ detail: String, remedy: String? = nil, members: JSONObject = [:]
    ) -> Problem {
        guard let type = ProblemTypes.all[code] else {
            return Problem(500, "internal", title: ProblemTypes.title("internal"), detail: detail)
        }
        return Problem(
            type.status, code, title: type.title, detail: detail, remedy: remedy ?? type.remedy,
            members: members)
    }

    package init(explaining error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let refusal as any Refusal: self = .refused(refusal)
        case let failure as StoreFailure: self = .store(failure)
        case let error as IdentifierError: self = .identifier(error)
        case let failure as KeyVaultFailure: self = .vault(failure)
        default: self = .known("internal", "Something went wrong inside the centre.")
        }
    }

    private static func refused(_ refusal: any Refusal) -> Problem {
        let type = ProblemTypes.all[refusal.code]
        return Problem(
            type?.status ?? 409, refusal.code, title: type?.title ?? refusal.code, detail: refusal.reason,
            remedy: refusal.remedy)
    }

    private static func store(_ failure: StoreFailure) -> Problem {
        switch failure {
        case .contended: .known("store-busy", "Others were faster, again and again.")
        case .unreachable: .known("store-unreachable", "The centre's store does not answer.")
        case .full: .known("store-full", "The centre's store has no room left.")
        case .unknownOutcome:
            .known("outcome-unknown", "The connection to the store broke at the end: it may have happened.")
        case .newerSchema: .known("store-newer", "A newer version of the centre has changed the store.")
        case .duplicate: .known("exists", "There is one already.")
        case .reference:
            .known("reference", "Another thing is needed that is not there, or still needs this.")
        case .damaged, .row, .other: .known("internal", "The centre's store is damaged or refuses.")
        }
    }

    private static func vault(_ failure: KeyVaultFailure) -> Problem {
        switch failure {
        case .masterKeyUnknown(let name):
            .known("master-key-unknown", "The key vault has no master key '\(name)'.")
        case .otherAlgorithm(let name, _):
            .known("master-key-algorithm", "The master key '\(name)' is of another kind than the card wants.")
        default: .known("internal", "The key vault did not do it.")
        }
    }

    private static func identifier(_ error: IdentifierError) -> Problem {
        switch error.problem {
        case .length(let max):
            .known("invalid", "The name of a \(error.noun) has 1 to \(max) characters.")
        case .character(let offset, let rule):
            .known("invalid", "Character \(offset + 1) of the \(error.noun)'s name is not one of: \(rule).")
        case .place:
            .known("invalid", "'\(error.text)' is no name of a \(error.noun), but a place in a path.")
        }
    }
}

// MARK: Problems of requests

extension Problem {
    package static func notFound(_ what: String) -> Problem {
        .known("not-found", "There is no \(what), or it is not yours to see.")
    }

    package static func invalid(_ detail: String) -> Problem { .known("request-invalid", detail) }

    package static func invalid(_ faults: [SchemaFault]) -> Problem {
        let first = faults.first.map { "\($0.pointer.isEmpty ? "The body" : $0.pointer): \($0.detail)" }
        return .known(
            "invalid", first ?? "The body is not as described.",
            members: ["errors": .array(faults.map(\.json))])
    }

    /// One member of the body, which passed its schema and still makes no sense.
    package static func member(_ pointer: String, _ detail: String) -> Problem {
        .invalid([SchemaFault(pointer: pointer, detail: detail)])
    }

    package static func parameter(_ name: String, _ detail: String) -> Problem {
        .known("parameter-invalid", "\(name): \(detail)", members: ["parameter": .string(name)])
    }

    static func method(_ method: HTTPMethod, allow: String) -> Problem {
        .known(
            "method", "\(method.rawValue) is not for this path; it takes \(allow).",
            members: ["allow": .string(allow)])
    }

    static func mediaType(_ given: String, takes: [String]) -> Problem {
        let list = takes.joined(separator: ", ")
        return .known(
            "media-type",
            given.isEmpty ? "The body has no media type; this takes \(list)." : "This takes \(list).")
    }

    static func tooLarge(max: Int) -> Problem {
        .known("body-too-large", "The body has more than \(max) bytes.", members: ["max": .count(max)])
    }

    static func forbidden(_ caller: Caller, _ endpoint: Endpoint) -> Problem {
        .known("forbidden", "The role '\(caller.principal.role.rawValue)' may not do this.")
    }

    static func outOfScope(_ endpoint: Endpoint) -> Problem {
        let scope = "\(endpoint.group):\(endpoint.isReading ? "read" : "write")"
        return .known("scope", "The token has not the scope '\(scope)'.", members: ["scope": .string(scope)])
    }

    static var shownOnce: Problem {
        .known(
            "shown-once", "This request was done before; its answer held a secret, which is shown only once.")
    }

    /// Too many were wrong: nothing is looked at before then.
    package static func throttled(_ detail: String, seconds: Int) -> Problem {
        .known("throttled", detail, members: ["retryAfter": .count(seconds)])
    }

    /// What a card said is explained where it is part of the story.
    package mutating func explain(_ status: StatusWord) { members["statusWord"] = status.json }
}

extension StatusWord {
    /// The word, what it means, and what to do.
    package var json: JSONValue {
        let words = explanation()
        return [
            "value": .string(description), "title": .string(words.title), "meaning": .string(words.meaning),
            "causes": .array(words.causes.map { .string($0) }),
            "advice": .array(words.advice.map { .string($0) }),
        ]
    }
}

// MARK: As HTTP

extension Problem {
    package func response(tag: String) -> HTTPResponse {
        var fields: HTTPFields = [
            "Content-Type": Self.mediaType, "Cache-Control": "no-store",
        ]
        switch status {
        case 401: fields["WWW-Authenticate"] = challenge
        case 405: fields["Allow"] = members["allow"]?.stringValue
        case 429, 503: fields["Retry-After"] = "\(retrySeconds)"
        default: break
        }
        return HTTPResponse(status, fields, body: .bytes(json(tag: tag).encoded()))
    }

    private var retrySeconds: Int64 {
        if let given = members["retryAfter"]?.integerValue { return max(1, given) }
        return ["store-busy": 1, "outcome-unknown": 1, "store-unreachable": 5][code] ?? 30
    }

    /// RFC 6750 §3: why a token was not taken is said only where there was one.
    private var challenge: String {
        code == "token-invalid"
            ? "Bearer realm=\"berth\", error=\"invalid_token\"" : "Bearer realm=\"berth\""
    }
}
