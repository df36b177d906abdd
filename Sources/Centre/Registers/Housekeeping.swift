internal import GlobalPlatform

// What nothing needs any more.

/// Load files that no release names: drafts were discarded, or an import was never used.
package struct UnusedLoadFiles: Hashable, Sendable {
    package var digests: [[UInt8]]
    package var byteCount: Int

    package init(digests: [[UInt8]] = [], byteCount: Int = 0) {
        self.digests = digests
        self.byteCount = byteCount
    }
}

extension Act {
    /// Load files that no release names, neither draft nor published nor withdrawn. Cards hold only what a release
    /// once brought, and releases that were published stay; so nothing that could be needed again is among them.
    package func unusedLoadFiles() throws -> UnusedLoadFiles {
        try requireOperator(to: "look for load files that nothing uses")
        let named = try namedLoadFiles()
        var unused = UnusedLoadFiles()
        var page = Query(KeptLoadFile.table)
        // Bounded: each page begins after the one before.
        while true {
            let kept = try transaction.all(KeptLoadFile.self, page)
            for file in kept where !named.contains(file.digest) {
                unused.digests.append(file.digest)
                unused.byteCount += file.byteCount
            }
            guard kept.count == page.limit, let last = kept.last else { return unused }
            page.after = last.keyValues
        }
    }

    /// Forgets those of them that are still unused, bytes and all; returns how many.
    ///
    /// An import comes before its draft: whoever does this by itself gives what was found a day, and then comes again.
    package func forgetLoadFiles(_ digests: [[UInt8]]) throws -> Int {
        try requireOperator(to: "forget load files that nothing uses")
        precondition(digests.count <= Query.rowsMax, "more load files than one act forgets")
        let named = try namedLoadFiles()
        var forgottenCount = 0
        for digest in digests where !named.contains(digest) {
            guard let kept = try transaction.lock(KeptLoadFile.self, key: .bytes(digest)) else { continue }
            var brought = try transaction.all(BroughtLoadFile.self, key: .bytes(digest))
            // Bounded: every round removes what it found.
            while !brought.isEmpty {
                for entry in brought { transaction.remove(entry) }
                brought = try transaction.all(BroughtLoadFile.self, key: .bytes(digest))
            }
            transaction.change(.remove(LoadFileBlob.table, key: [.bytes(digest)]))
            transaction.remove(kept)
            forgottenCount += 1
            try note(
                Note(
                    "catalogue.load-file-forgotten", .centre,
                    facts: [
                        .aid("load-file", kept.package.aid), .digest(digest),
                        .number("bytes", kept.byteCount),
                    ], isAnnounced: false))
        }
        return forgottenCount
    }

    /// The digests of all load files of all releases.
    private func namedLoadFiles() throws -> Set<[UInt8]> {
        var named: Set<[UInt8]> = []
        var page = Query(Release.table)
        // Bounded: each page begins after the one before.
        while true {
            let releases = try transaction.all(Release.self, page)
            for release in releases { named.formUnion(release.loadFiles.map(\.digest)) }
            guard releases.count == page.limit, let last = releases.last else { return named }
            page.after = last.keyValues
        }
    }
}
