import CentreServer

/// Who may do what, said once more and by hand: an endpoint that is not here is a test that fails.
enum RoleTable {
    private static let staff: Set<Role> = [.admin, .operator, .auditor]
    private static let operators: Set<Role> = [.admin, .operator]
    private static let cardOnlookers: Set<Role> = [
        .admin, .operator, .auditor, .provider, .holder, .terminal,
    ]
    private static let wishers: Set<Role> = [.admin, .operator, .provider, .holder, .terminal]
    private static let holderOnlookers: Set<Role> = [.admin, .operator, .auditor, .holder]
    private static let staffAndProvider: Set<Role> = [.admin, .operator, .auditor, .provider]
    private static let operatorsAndProvider: Set<Role> = [.admin, .operator, .provider]
    private static let catalogueReaders: Set<Role> = [.admin, .operator, .auditor, .provider, .supplier]
    private static let catalogueWriters: Set<Role> = [.admin, .operator, .provider, .supplier]
    private static let everybody = Set(Role.allCases)

    /// `nil` for endpoints that ask nobody to sign in.
    static let roles: [String: Set<Role>?] = [
        "getDescription": nil, "signIn": nil, "enrolTerminal": nil,
        // Cards
        "listCards": [.admin, .operator, .auditor, .provider, .holder], "registerCard": operators,
        "getCard": cardOnlookers, "getCardContents": cardOnlookers, "getCardRoom": cardOnlookers,
        "setCardExpiry": operators, "assignCard": operators, "setStay": [.admin, .operator, .holder],
        "listOffers": [.admin, .operator, .auditor, .holder, .terminal],
        "listCardAudit": staff, "blockCard": operators, "retireCard": operators, "unblockCard": operators,
        "getDrift": staff, "acceptDrift": operators, "repairDrift": operators,
        // Holders
        "listHolders": staff, "registerHolder": operators, "getHolder": holderOnlookers,
        "changeHolder": operators, "setHolderPassword": operators, "permitIssue": operators,
        "forbidIssue": operators, "listPrograms": holderOnlookers, "listUses": holderOnlookers,
        "setUse": [.admin, .operator, .provider, .holder], "recordNewCard": [.terminal],
        // Vetoes
        "vetoLeaving": catalogueWriters, "liftVeto": catalogueWriters, "listVetoes": holderOnlookers,
        "vetoLeavingForHolder": [.admin, .operator, .holder],
        "liftVetoForHolder": [.admin, .operator, .holder],
        // Plans and operations
        "planWishes": cardOnlookers, "requestOperation": wishers, "cancelOperation": wishers,
        "beginVisit": [.holder, .terminal],
        "listCardOperations": cardOnlookers, "listOperations": staff, "getOperation": cardOnlookers,
        "listJournal": staff,
        // Figures
        "listFigures": [.admin, .operator, .auditor, .provider],
        "getFigures": [.admin, .operator, .auditor, .provider], "listHoldersUsing": staff,
        // Sign-in
        "signInHolder": [.terminal], "whoAmI": everybody, "signOut": everybody,
        "listTokens": [.admin, .auditor, .provider], "issueToken": [.admin, .provider],
        "getToken": [.admin, .auditor, .provider], "revokeToken": [.admin, .provider],
        "listOperators": staff, "registerOperator": [.admin], "getOperator": staff,
        "changeOperator": [.admin], "setOperatorPassword": staff,
        "listTerminals": staff, "registerTerminal": operators,
        "getTerminal": [.admin, .operator, .auditor, .terminal], "changeTerminal": operators,
        "prepareEnrolment": operators,
        // Providers and the catalogue
        "listProviders": catalogueReaders, "registerProvider": operators,
        "getProvider": catalogueReaders, "changeProvider": operators, "suspendProvider": operators,
        "resumeProvider": operators,
        "listApplications": catalogueReaders, "registerApplication": catalogueWriters,
        "getApplication": catalogueReaders, "renameApplication": catalogueWriters,
        "stopService": catalogueWriters, "startService": catalogueWriters,
        "listReleases": catalogueReaders, "getRelease": catalogueReaders,
        "draftRelease": catalogueWriters, "discardDraft": catalogueWriters,
        "publishRelease": catalogueWriters, "withdrawRelease": catalogueWriters,
        "uploadLoadFile": catalogueWriters,
        // What is held
        "listBerths": staffAndProvider, "getBerth": staffAndProvider,
        "reserveBerth": operatorsAndProvider, "releaseBerth": operatorsAndProvider,
        "listCustody": staffAndProvider.union([.holder]), "getCustody": staffAndProvider.union([.holder]),
        "dismissCustody": operatorsAndProvider,
        "listTariffs": staffAndProvider, "setTariff": operators,
        "getStatement": staffAndProvider.union([.holder]),
        "listAddresses": staff, "recordAddress": operators, "endAddress": operators,
        // What happened
        "listAudit": staff, "verifyAudit": staff, "verifyCardAudit": staff,
        "listEvents": staffAndProvider,
        "listWebhooks": staffAndProvider, "addWebhook": operatorsAndProvider,
        "getWebhook": staffAndProvider, "changeWebhook": operatorsAndProvider,
        "removeWebhook": operatorsAndProvider, "disableWebhook": operatorsAndProvider,
        "enableWebhook": operatorsAndProvider, "renewWebhookSecret": operatorsAndProvider,
        "replayWebhook": operatorsAndProvider,
    ]
}
