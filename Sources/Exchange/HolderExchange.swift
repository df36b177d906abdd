internal import CardCrypto
internal import Centre
internal import SmartCard

/// Holders: what they say of themselves, whether a card may be issued, and which applications they use.
enum HolderExchange {
    static let columns = [
        "number", "name", "birth-date", "address", "password-verifier", "issue-from", "issue-through", "uses",
    ]

    static func apply(_ fields: Fields, _ act: Act) throws -> Bool {
        let number: HolderNumber = try fields.name("number")
        let details = HolderDetails(
            name: try fields.text("name"), birthDate: try fields.day("birth-date"),
            address: fields.optional("address") ?? "")
        if let known = try act.transaction.find(Holder.self, key: .text(number.text)) {
            let flags = try fields.optional("uses") == nil ? [] : act.useFlags(of: number)
            var there = row(known, flags, ExportOptions())
            there["uses"] = there["uses"].map(inOrder)
            let said = try said(details, fields)
            if let problem = FieldProblem(said: said, there: there, columns: columns) { throw problem }
            return false
        }
        try act.registerHolder(number, details, password: try verifier(fields, act))
        switch (try fields.day("issue-from"), try fields.day("issue-through")) {
        case (nil, nil): break
        case (let first?, let last?): try act.permitIssue(for: number, from: first, through: last)
        case (.some, nil): throw FieldProblem(reason: "issue-through is missing.")
        case (nil, .some): throw FieldProblem(reason: "issue-from is missing.")
        }
        for application in (fields.optional("uses") ?? "").split(separator: " ") {
            try act.setUse(of: try Fields.name(String(application), "uses"), by: number, isUsed: true)
        }
        return true
    }

    /// As `row` would write it; the password is not looked at. What became of the holder since counts only where the
    /// row says it.
    private static func said(
        _ details: HolderDetails, _ fields: Fields
    ) throws(FieldProblem) -> [String: String] {
        var said = [
            "name": details.name, "birth-date": details.birthDate.map { "\($0)" } ?? "",
            "address": details.address,
        ]
        for column in ["issue-from", "issue-through"] {
            if let day = try fields.day(column) { said[column] = "\(day)" }
        }
        said["uses"] = fields.optional("uses").map(inOrder)
        return said
    }

    private static func inOrder(_ names: String) -> String {
        Set(names.split(separator: " ")).sorted().joined(separator: " ")
    }

    /// Without one, a verifier that no password fits: the holder gets a password before the first sign-in.
    private static func verifier(_ fields: Fields, _ act: Act) throws -> PasswordVerifier {
        guard let bytes = try fields.bytes("password-verifier") else { return .fittingNone(act.entropy) }
        guard let verifier = PasswordVerifier(bytes: bytes) else {
            throw FieldProblem(reason: "password-verifier is none that berth made.")
        }
        if verifier.isOfUsualCost { return verifier }
        // What older programs wrote for a holder without a password, and for nobody else.
        guard bytes.starts(with: [1, 15, 8, 1]) else {
            throw FieldProblem(reason: "password-verifier is of another cost than berth's own.")
        }
        return .fittingNone(act.entropy)
    }

    static func page(
        _ transaction: any Transaction, after: [StoredValue]?, _ options: ExportOptions
    ) throws -> (rows: [[String: String]], last: [StoredValue]?) {
        let (holders, last) = try transaction.page(Holder.self, after: after)
        let flags = try transaction.ask(
            holders.map {
                Query(UseFlag.table, key: [.text($0.number.text)], limit: Bounds.usesPerHolderMax)
            })
        return (
            try zip(holders, flags).map { holder, rows in
                row(holder, try transaction.decode(UseFlag.self, rows), options)
            }, last
        )
    }

    private static func row(
        _ holder: Holder, _ flags: [UseFlag], _ options: ExportOptions
    ) -> [String: String] {
        var row = [
            "number": holder.number.text, "name": holder.name,
            "birth-date": holder.birthDate.map { "\($0)" } ?? "", "address": holder.address,
            "uses": flags.filter(\.isUsed).map(\.application.text).joined(separator: " "),
        ]
        if options.hasPasswordVerifiers { row["password-verifier"] = holder.passwordVerifier.hex }
        if case .from(let first, let last) = holder.issuePermission {
            (row["issue-from"], row["issue-through"]) = ("\(first)", "\(last)")
        }
        return row
    }
}
