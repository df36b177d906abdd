internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
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
    private static let force = Option<Bool>.flag(
        "force", .short("f"),
        help: "Ask nothing, and delete the instances of a load file too: --yes and --related")
    private static let missingIsFine = Option<Bool>.flag(
        "if-present", help: "It is no error when it is not on the card")

    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "delete", "Delete instances and load files", aliases: ["uninstall", "rm"],
            discussion: """
                What is deleted is gone for good, data and keys included, so a person is asked first. Where nobody can be \
                asked, applications and load files are deleted as told, and a security domain only with --yes.
                """,
            examples: [
                .init("an instance", "berth gp delete F042657274680201"),
                .init("everything that a file brought", "berth gp delete purse.cap --related"),
            ], arguments: [targets],
            options: [
                OptionGroup("Delete", [related, force, missingIsFine]), ConnectionOptions.confirmedGroup,
                InstallOptions.delegationGroup,
            ]
                + ConnectionOptions.session
        ) { parsed, terminal in try delete(parsed, try desks.desk(parsed, terminal)) }
    }

    // A function of its own: the optimiser of Swift 6.3 fails on this body in an asynchronous closure.
    private static func delete(_ parsed: ParsedCommand, _ desk: CardDesk) throws {
        let aids = try parsed[targets].map(target)
        try ReceiptBook(desk).check()
        try desk.authenticate()
        let contents = try desk.link.run(ReadContents(scopes: [.applications, .loadFilesAndModules]))
        var deletions: [Deletion] = []
        for aid in aids { if let deletion = try plan(aid, contents, desk) { deletions.append(deletion) } }
        guard !desk.isDryRun else { return show(deletions, desk) }
        let history = try MemoryHistory(desk)
        try agree(deletions, contents, desk)
        // A key that cannot sign is told before anything is sent; one that signs this signs what follows too.
        let tokens = try TokenSigner(desk)
        for deletion in deletions {
            _ = try tokens.token(.delete(deletion.aid, withRelated: deletion.withRelated))
        }
        var deleted: [AID] = []
        var receipts: [ReceiptBook.Entry] = []
        for deletion in deletions {
            let outcome = try carryOut(deletion, contents, tokens, desk)
            deleted += outcome.deleted
            receipts += outcome.receipts
        }
        report(deleted, receipts, contents, history, desk)
    }

    private static func report(
        _ deleted: [AID], _ receipts: [ReceiptBook.Entry], _ contents: CardContents, _ history: MemoryHistory,
        _ desk: CardDesk
    ) {
        // All is done: a card that is gone now, or a record that cannot be written, makes it no failure.
        let answer = try? desk.link.send(.getData(.extendedCardResources))
        let free = answer.flatMap { try? BERTLV.readOne($0.data) }.flatMap {
            try? CardResources(value: $0.value)
        }
        try? history.deleted(deleted, contents, after: free)
        guard desk.terminal.isJSON else { return }
        desk.terminal.print(json: [
            "deleted": .array(deleted.map { .string("\($0)") }),
            "receipts": .array(receipts.map(\.json)),
            "freeNonVolatile": free.map { .count($0.freeNonVolatile) } ?? .null,
        ])
    }

    /// One object that is to go, with the instances that go with it.
    private struct Deletion {
        let aid: AID
        let instances: [AID]
        let isDomain: Bool
        var withRelated: Bool { !instances.isEmpty || isRelatedWished }
        let isRelatedWished: Bool

        var all: [AID] { instances + [aid] }
    }

    /// On a terminal a person is asked; elsewhere only what `domain delete` would ask for needs its yes.
    private static func agree(_ deletions: [Deletion], _ contents: CardContents, _ desk: CardDesk) throws {
        let isAskable = desk.terminal.input.isTerminal && !desk.terminal.isJSON
        let isNeeded = isAskable || deletions.contains(where: \.isDomain)
        guard !deletions.isEmpty, isNeeded, !desk.parsed[force] else { return }
        let names = deletions.flatMap(\.all).map { aid in
            let isDomain = contents.application(aid)?.isSecurityDomain == true
            return (isDomain ? "the domain \(aid) with its keys" : "\(aid)")
        }
        try desk.confirm("Delete \(names.joined(separator: ", ")) for good, with all data?")
    }

    private static func show(_ deletions: [Deletion], _ desk: CardDesk) {
        let all = deletions.flatMap(\.all)
        if !desk.terminal.isJSON { for aid in all { desk.terminal.print("Would delete \(aid).") } }
        desk.show(
            "Nothing was changed.",
            ["dryRun": true, "wouldDelete": .array(all.map { .string("\($0)") })])
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

    /// What deleting the object means, or nothing when it is not there and need not be.
    private static func plan(_ aid: AID, _ contents: CardContents, _ desk: CardDesk) throws -> Deletion? {
        let file = contents.loadFile(aid)
        let application = contents.application(aid)
        guard file != nil || application != nil else {
            // It is on the card, but the registry shows it apart.
            guard aid != desk.securityDomain else { throw Problem.issuerDomainStays }
            if desk.parsed[missingIsFine] { return nil }
            throw Problem(
                "not-on-card", exit: .notFound, "\(aid) is not on the card",
                advice: ["see what is there with: berth gp list"])
        }
        let isDomain = application?.isSecurityDomain == true
        let held = isDomain ? contents.held(by: aid) : []
        guard held.isEmpty else { throw Problem.domainHolds(aid, held) }
        let isRelatedWished = (desk.parsed[related] || desk.parsed[force]) && file != nil
        let instances = file.map { contents.instances(of: $0).map(\.aid) } ?? []
        guard instances.isEmpty || isRelatedWished else {
            throw Problem(
                "still-in-use", exit: .inUse, "\(aid) is still in use",
                why: "made from it: " + instances.map(\.description).joined(separator: ", "),
                advice: ["delete them too, with --related"])
        }
        return Deletion(aid: aid, instances: instances, isDomain: isDomain, isRelatedWished: isRelatedWished)
    }

    private static func carryOut(
        _ deletion: Deletion, _ contents: CardContents, _ tokens: TokenSigner, _ desk: CardDesk
    ) throws -> (deleted: [AID], receipts: [ReceiptBook.Entry]) {
        let procedure = DeleteProcedure(deletion.aid, withRelated: deletion.withRelated, contents: contents) {
            aid, withRelated in
            (try? tokens.token(.delete(aid, withRelated: withRelated))) ?? []
        }
        let outcome = try desk.link.run(procedure)
        let receipts = try ReceiptBook(desk).enter(outcome.confirmations)
        if !desk.terminal.isJSON {
            for receipt in receipts { desk.terminal.note(receipt.text) }
            for aid in outcome.deleted { desk.terminal.print("Deleted \(aid).") }
        }
        return (outcome.deleted, receipts)
    }
}
