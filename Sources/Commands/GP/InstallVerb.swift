internal import Arguments
internal import CardManagement
internal import GlobalPlatform
internal import JSON
internal import SmartCard

/// `berth gp install`: checks, loads, installs, measures; run again after an interruption it goes on.
enum InstallVerb {
    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "install", "Load a CAP file and install its applet",
            discussion: """
                First it is checked whether there is room, whether the libraries that the file imports are there, and \
                whether the names are free; what stands in the way is told before the first byte is loaded. \
                Interrupted at any moment and run again, it goes on with what is missing.
                """,
            examples: [
                .init("the only applet of the file", "berth gp install purse.cap"),
                .init("see what would happen", "berth gp install purse.cap --dry-run"),
                .init(
                    "one of several, under another name",
                    "berth gp install suite.cap --applet F04265727468 --aid F0426572746801"),
            ], arguments: [InstallOptions.file],
            options: [
                InstallOptions.appletGroup, InstallOptions.loadGroup, InstallOptions.delegationGroup,
                InstallOptions.safetyGroup,
            ]
                + ConnectionOptions.session
        ) { parsed, terminal in
            WarmUp.begin()
            let reading = try InputFile.readCAPBeside(parsed[InstallOptions.file])
            // The card is opened meanwhile, and asked nothing before the file is known to be good.
            let desk = Result { try desks.desk(parsed, terminal) }
            let file = try reading.value()
            try Installation(file, try chosen(file, parsed), try desk.get()).run()
        }
    }

    /// The instances that the command line asks for: the only applet, the named ones, or all.
    private static func chosen(
        _ file: CAPFile, _ parsed: ParsedCommand
    ) throws(Problem) -> [InstallRequest.Instance] {
        let modules = file.applets.map(\.aid)
        let named = parsed[InstallOptions.applet]
        for aid in named where !modules.contains(aid) {
            throw Problem(
                "applet-not-in-file", exit: .badData, "the file has no applet \(aid)",
                advice: ["name one of: " + modules.map(\.description).joined(separator: ", ")])
        }
        let wanted = named.isEmpty ? modules : named
        guard !modules.isEmpty else {
            throw Problem(
                "no-applet", exit: .badData, "the file is a library: it has no applet to install",
                advice: ["load it with: berth gp load \(parsed[InstallOptions.file])"])
        }
        guard wanted.count == 1 || !named.isEmpty || parsed[InstallOptions.all] else {
            throw Problem(
                "several-applets", exit: .usage, "the file has \(modules.count) applets",
                why: modules.map(\.description).joined(separator: ", "),
                advice: ["name one with --applet AID", "install all of them with --all"],
                details: ["applets": .array(modules.map { .string("\($0)") })])
        }
        if parsed[InstallOptions.instanceAID] != nil, wanted.count > 1 {
            throw Problem.usage("--aid names one instance, and \(wanted.count) applets are to be installed")
        }
        let parameters = InstallParameters(
            application: parsed[InstallOptions.parameters],
            volatileQuota: parsed[InstallOptions.volatileQuota],
            nonVolatileQuota: parsed[InstallOptions.nonVolatileQuota],
            volatileReserved: parsed[InstallOptions.volatileReserved],
            nonVolatileReserved: parsed[InstallOptions.nonVolatileReserved],
            simParameters: parsed[InstallOptions.simParameters],
            uiccParameters: parsed[InstallOptions.uiccParameters])
        return wanted.map { module in
            InstallRequest.Instance(
                module: module, aid: parsed[InstallOptions.instanceAID] ?? module,
                privileges: parsed[InstallOptions.privileges], parameters: parameters)
        }
    }
}

/// `berth gp load`: a library, or an application that is installed later.
enum LoadVerb {
    static func verb(_ desks: DeskProvider) -> Command {
        Command(
            "load", "Load a CAP file without installing anything",
            examples: [.init("a library that others share", "berth gp load library.cap")],
            arguments: [InstallOptions.file],
            options: [InstallOptions.loadGroup, InstallOptions.delegationGroup, InstallOptions.safetyGroup]
                + ConnectionOptions.session
        ) { parsed, terminal in
            WarmUp.begin()
            let reading = try InputFile.readCAPBeside(parsed[InstallOptions.file])
            let desk = Result { try desks.desk(parsed, terminal) }
            try Installation(try reading.value(), [], try desk.get()).run()
        }
    }
}
