package import JSON

/// What went wrong, as every door of the centre tells it (RFC 9457).
package struct Problem: Error, Hashable, Sendable {
    package static let mediaType = "application/problem+json"
    /// Where each type is explained: the code follows.
    package static let typePrefix = "https://berth.dev/problems/"

    package var status: Int
    /// Stable, for programs: `holder-unknown`.
    package var code: String
    /// The same for every problem of the type.
    package var title: String
    /// What happened this time.
    package var detail: String
    /// What to do about it.
    package var remedy: String?
    /// Members of this type of problem.
    package var members: JSONObject

    package init(
        _ status: Int, _ code: String, title: String, detail: String, remedy: String? = nil,
        members: JSONObject = [:]
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.remedy = remedy
        self.members = members
    }

    /// `tag` names the request, so that the logs of it are found.
    package func json(tag: String) -> JSONValue {
        var object: JSONObject = [
            "type": .string(Self.typePrefix + code), "title": .string(title), "status": .count(status),
            "detail": .string(detail), "code": .string(code),
        ]
        if let remedy { object["remedy"] = .string(remedy) }
        object["request"] = .string(tag)
        for member in members.members { object[member.name] = member.value }
        return .object(object)
    }
}
