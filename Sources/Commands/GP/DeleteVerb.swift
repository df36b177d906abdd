internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard

/// `berth gp delete`: an instance, or a load file with what was made from it.
enum DeleteVerb {
    private static let targets = Positional<[String]>.repeated(
        ArgumentValue("AID|FILE.cap", candidates: .files(extensions: ["cap"])) {
            (text) throws(ValueRefusal) in
            guard !text.isEmpty else { throw ValueRefusal("it is empty") }
            return text
        }, least: 1, help: "What to delete: an AID, or a CAP file whose load file is meant")
    private static let related = Option<Bool>.flag(
        "related", help: "With a load file, delete the instances made from it too")
    private static let missingIsFine = Option<Bool>.flag(
        "if-present", help: "It is no error when it is not on the card")

    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "delete", "Delete instances and load files", aliases: ["uninstall", "rm"],
            examples: [
                .init("an instance", "berth gp delete F042657274680201"),
                .init("everything that a file brought", "berth gp delete purse.cap --related"),
            ], arguments: [targets],
            options: [
                OptionGroup("Delete", [related, missingIsFine, ConnectionOptions.dryRun]),
                InstallOptions.delegationGroup,
            ]
                + ConnectionOptions.session
        ) { parsed, terminal in try delete(parsed, try desks.desk(parsed, terminal)) }
    }

    // A function of its own: the optimiser of Swift 6.3 fails on this body in an asynchronous closure.
    private static func delete(_ parsed: ParsedCommand, _ desk: CardDesk) throws {
        let aids = try parsed[targets].map(target)
        try desk.authenticate()
        let contents = try desk.link.run(ReadContents(scopes: [.applications, .loadFilesAndModules]))
        var deleted: [AID] = []
        for aid in aids { deleted += try delete(aid, contents, desk) }
        guard !desk.isDryRun else {
            desk.show(
                "Nothing was changed.",
                ["dryRun": true, "wouldDelete": .array(deleted.map { .string("\($0)") })])
            return
        }
        guard desk.terminal.isJSON else { return }
        let after = try desk.link.send(.getData(.extendedCardResources))
        let free = (try? BERTLV.readOne(after.data)).flatMap { try? CardResources(value: $0.value) }
        desk.terminal.print(json: [
            "deleted": .array(deleted.map { .string("\($0)") }),
            "freeNonVolatile": free.map { .count($0.freeNonVolatile) } ?? .null,
        ])
    }

    private static func target(_ text: String) throws -> AID {
        if let aid = try? AID(hex: text) { return aid }
        guard text.lowercased().hasSuffix(".cap") || text.contains("/") else {
            throw Problem.usage(
                "'\(text)' is neither an AID nor a CAP file",
                why: "an AID has 5 to 16 bytes in hex, and the name of a CAP file ends in .cap",
                advice: "see the names on the card with: berth gp list")
        }
        return try InputFile.readCAP(text).loadFile.aid
    }

    private static func delete(_ aid: AID, _ contents: CardContents, _ desk: CardDesk) throws -> [AID] {
        let file = contents.loadFile(aid)
        guard file != nil || contents.application(aid) != nil else {
            // It is on the card, but the registry shows it apart.
            guard aid != desk.securityDomain else { throw Problem.issuerDomainStays }
            if desk.parsed[missingIsFine] { return [] }
            throw Problem(
                "not-on-card", exit: .notFound, "\(aid) is not on the card",
                advice: ["see what is there with: berth gp list"])
        }
        let withRelated = desk.parsed[related] && file != nil
        let instances = file.map { contents.instances(of: $0).map(\.aid) } ?? []
        guard instances.isEmpty || withRelated else {
            throw Problem(
                "still-in-use", exit: .inUse, "\(aid) is still in use",
                why: "made from it: " + instances.map(\.description).joined(separator: ", "),
                advice: ["delete them too, with --related"])
        }
        guard !desk.isDryRun else {
            let all = (withRelated ? instances : []) + [aid]
            if !desk.terminal.isJSON { for aid in all { desk.terminal.print("Would delete \(aid).") } }
            return all
        }
        let issuer = try desk.parsed[InstallOptions.tokenKey].map {
            try ContentKeyReading.signing($0, "token key", desk.terminal)
        }
        // A key that cannot sign is told before anything is sent; one that signs this signs what follows too.
        _ = try DelegatedOperation.delete(aid, withRelated: withRelated).signed(by: issuer)
        let procedure = DeleteProcedure(aid, withRelated: withRelated, contents: contents) {
            aid, withRelated in
            (try? DelegatedOperation.delete(aid, withRelated: withRelated).signed(by: issuer)) ?? []
        }
        let outcome = try desk.link.run(procedure)
        for receipt in try ReceiptBook(desk).enter(outcome.confirmations) { desk.terminal.note(receipt.text) }
        if !desk.terminal.isJSON {
            for aid in outcome.deleted { desk.terminal.print("Deleted \(aid).") }
        }
        return outcome.deleted
    }
}
