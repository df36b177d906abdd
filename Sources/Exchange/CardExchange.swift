internal import CardManagement
internal import Centre
internal import SmartCard

/// Cards: what names them and how their keys are derived. The keys themselves are in no file: a master key of the vault
/// is named.
enum CardExchange {
    static let columns = [
        "id", "profile", "issuer-domain", "master-key", "key-version", "channel", "diversification-data",
        "predictable-challenge", "expiry", "holder", "life", "reason",
    ]

    static func apply(_ fields: Fields, _ act: Act) throws -> Bool {
        let id: CardID = try fields.name("id")
        let channel: Card.KeySet.Channel =
            switch try fields.text("channel") {
            case "scp02": .scp02
            case "scp03": .scp03
            default: throw FieldProblem(reason: "channel is neither scp02 nor scp03.")
            }
        guard let version = try fields.number("key-version", in: 0...255) else {
            throw FieldProblem(reason: "key-version is missing.")
        }
        let keySet = Card.KeySet(
            masterKey: try fields.name("master-key"), version: UInt8(version), channel: channel,
            diversificationData: try fields.bytes("diversification-data") ?? [],
            isChallengePredictable: try fields.flag("predictable-challenge") ?? false)
        let registration = CardRegistration(
            identity: CardIdentity(issuerDomain: try fields.aid("issuer-domain")),
            profile: try fields.name("profile"), keySet: keySet, name: id, expiry: try fields.day("expiry"))
        if let known = try act.transaction.find(Card.self, key: .text(id.text)) {
            let said = try said(registration, fields)
            if let problem = FieldProblem(said: said, there: row(known), columns: columns) { throw problem }
            return false
        }
        let life = fields.optional("life")
        if life == nil || life == "active", fields.optional("reason") != nil {
            throw FieldProblem(reason: "reason is only for a card that is blocked or retired.")
        }
        try register(registration, id, life, try fields.optionalName("holder"), act)
        switch life {
        case nil, "active"?: break
        case "blocked"?: try act.blockCard(id, reason: try fields.text("reason"))
        case "retired"?: try act.retireCard(id, reason: try fields.text("reason"))
        case .some: throw FieldProblem(reason: "life is neither active nor blocked nor retired.")
        }
        return true
    }

    /// A row that says how the card lives writes down what there was, as an export does; another one is about a card
    /// that is to be used from now on.
    private static func register(
        _ registration: CardRegistration, _ id: CardID, _ life: String?, _ holder: HolderNumber?, _ act: Act
    ) throws {
        guard let life else {
            _ = try act.registerCard(registration)
            if let holder { try act.assignCard(id, to: holder) }
            return
        }
        _ = try act.registerKnownCard(registration)
        if let holder { try act.assignKnownCard(id, to: holder, wasRetired: life == "retired") }
    }

    /// As `row` would write it. What a card learned or became since it was registered counts only where the row says
    /// it.
    private static func said(
        _ registration: CardRegistration, _ fields: Fields
    ) throws(FieldProblem) -> [String: String] {
        let keySet = registration.keySet
        var said = [
            "profile": registration.profile.text,
            "issuer-domain": registration.identity.issuerDomain?.bytes.hex ?? "",
            "master-key": keySet.masterKey.text, "key-version": "\(keySet.version)",
            "channel": keySet.channel == .scp03 ? "scp03" : "scp02",
            "expiry": registration.expiry.map { "\($0)" } ?? "",
        ]
        if let data = try fields.bytes("diversification-data") { said["diversification-data"] = data.hex }
        if let flag = try fields.flag("predictable-challenge") {
            said["predictable-challenge"] = flag ? "true" : ""
        }
        for column in ["holder", "life", "reason"] { said[column] = fields.optional(column) }
        return said
    }

    static func page(
        _ transaction: any Transaction, after: [StoredValue]?
    ) throws -> (rows: [[String: String]], last: [StoredValue]?) {
        let (cards, last) = try transaction.page(Card.self, after: after)
        return (cards.map(row), last)
    }

    private static func row(_ card: Card) -> [String: String] {
        var row = [
            "id": card.id.text, "profile": card.profile.text,
            "issuer-domain": card.issuerDomain.bytes.hex, "master-key": card.keySet.masterKey.text,
            "key-version": "\(card.keySet.version)",
            "channel": card.keySet.channel == .scp03 ? "scp03" : "scp02",
            "diversification-data": card.keySet.diversificationData.hex,
            "predictable-challenge": card.keySet.isChallengePredictable ? "true" : "",
            "expiry": card.expiry.map { "\($0)" } ?? "", "holder": card.holder?.text ?? "",
        ]
        switch card.life {
        case .active: row["life"] = "active"
        case .blocked(let reason): (row["life"], row["reason"]) = ("blocked", reason)
        case .retired(let reason): (row["life"], row["reason"]) = ("retired", reason)
        }
        return row
    }
}
