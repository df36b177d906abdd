package import Centre

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Where a store is, as a person writes it.
package enum StoreAddress: Hashable, Sendable {
    case file(String)
    case memory
    case postgreSQL(String)

    /// `sqlite:/var/lib/berth/store.db`, a path, `postgresql://host/name`, or `:memory:`.
    package init(_ text: String) throws(StoreFailure) {
        switch text {
        case "": throw .other("an empty address names no store")
        case ":memory:", "sqlite::memory:": self = .memory
        case _ where text.hasPrefix("postgresql://") || text.hasPrefix("postgres://"):
            self = .postgreSQL(text)
        case _ where text.hasPrefix("sqlite:"): self = .file(try Self.path(text.dropFirst("sqlite:".count)))
        case _ where text.contains("://"): throw .other("a store is on sqlite: or postgresql:")
        default: self = .file(text)
        }
    }

    /// `sqlite:///var/lib/store.db` is written by those who are used to URLs.
    private static func path(_ text: Substring) throws(StoreFailure) -> String {
        let path = text.hasPrefix("//") ? text.dropFirst(2) : text
        guard !path.isEmpty else { throw .other("sqlite: is followed by the path of a file") }
        return String(path)
    }

    /// Where a store is looked for when nobody says where: in the data folder of the user (XDG Base Directory
    /// Specification).
    package static func defaultPath(_ dataHome: String?, _ home: String?) -> String? {
        if let dataHome, dataHome.hasPrefix("/") { return dataHome + "/berth/store.db" }
        guard let home, home.hasPrefix("/") else { return nil }
        return home + "/.local/share/berth/store.db"
    }

    /// Opens what is there, and changes nothing in it.
    package func open() throws(StoreFailure) -> any Database {
        if case .file(let path) = self, access(path, F_OK) != 0 {
            throw .unreachable("\(path): \(String(cString: strerror(errno)))")
        }
        return try make()
    }

    /// Opens it for work: what the schema of this program has and the store has not is made first, and so is a file
    /// that is not there.
    package func openForWork() throws(StoreFailure) -> any Database {
        let store = try make()
        try store.migrate(to: .current)
        return store
    }

    /// Whether it can be opened now, where that is another program's to say.
    package enum Readiness: Hashable, Sendable {
        case ready
        /// It is there, and takes no connections yet, or none any more.
        case starting
        /// Nobody is there.
        case silent
    }

    package func readiness() throws(StoreFailure) -> Readiness {
        switch self {
        case .file, .memory: .ready
        case .postgreSQL(let address):
            PostgreSQLConnection.readiness(try LibPQ(), address: address)
        }
    }

    /// Opens it, and makes an empty file where there is none.
    package func make() throws(StoreFailure) -> any Database {
        switch self {
        case .file(let path): try SQLiteStore(.file(path))
        case .memory: try SQLiteStore(.memory, mode: .direct)
        case .postgreSQL(let address): try PostgreSQLStore(address)
        }
    }
}
