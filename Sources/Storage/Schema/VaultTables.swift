internal import Centre

/// Custody and the vault's records. The store never sees a key: data keys are wrapped, records sealed.
enum VaultTables {
    // A data key cannot name a wrapping key that was dropped: the reference says so even to somebody who has an old
    // copy of the vault. One open stay per instance, also when two transactions do not see each other.
    static let sql = """
        CREATE TABLE wrapping_keys (
            number BIGINT NOT NULL PRIMARY KEY CHECK (number > 0),
            vault BYTEA NOT NULL,
            first_used_at BIGINT NOT NULL
        );
        CREATE TABLE data_keys (
            card TEXT NOT NULL,
            number BIGINT NOT NULL CHECK (number > 0),
            wrapping_key BIGINT NOT NULL REFERENCES wrapping_keys (number),
            wrapped BYTEA NOT NULL,
            seal_count BIGINT NOT NULL CHECK (seal_count >= 0),
            PRIMARY KEY (card, number)
        );
        CREATE INDEX data_keys_by_wrapping_key ON data_keys (wrapping_key, card, number);
        CREATE TABLE vault_records (
            card TEXT NOT NULL,
            aid BYTEA NOT NULL,
            ordinal BIGINT NOT NULL CHECK (ordinal > 0),
            part BIGINT NOT NULL CHECK (part >= 0),
            generation BIGINT NOT NULL,
            data_key BIGINT NOT NULL,
            sealed BYTEA NOT NULL,
            byte_count BIGINT NOT NULL CHECK (byte_count > 0),
            PRIMARY KEY (card, aid, ordinal, part),
            FOREIGN KEY (card, data_key) REFERENCES data_keys (card, number)
        );
        CREATE INDEX vault_records_by_data_key ON vault_records (card, data_key);
        CREATE TABLE custody (
            card TEXT NOT NULL,
            aid BYTEA NOT NULL,
            ordinal BIGINT NOT NULL CHECK (ordinal > 0),
            application TEXT NOT NULL,
            version TEXT NOT NULL,
            provider TEXT NOT NULL,
            holder TEXT,
            parking TEXT NOT NULL CHECK (parking IN ('contract', 'stateless', 're-personalised', 'never')),
            parking_reason TEXT,
            state TEXT NOT NULL CHECK (state IN (
                'frozen', 'provisional', 'surrendering', 'held', 'returning', 'returned', 'discarded')),
            state_since BIGINT,
            destination TEXT,
            state_reason TEXT,
            generation BIGINT NOT NULL,
            lineage BYTEA NOT NULL,
            format BIGINT NOT NULL,
            image_bytes BIGINT NOT NULL CHECK (image_bytes >= 0),
            digest BYTEA NOT NULL,
            room_nv BIGINT NOT NULL,
            room_v BIGINT NOT NULL,
            opened_at BIGINT NOT NULL,
            held_since BIGINT,
            PRIMARY KEY (card, aid, ordinal),
            CHECK ((state IN ('returning', 'returned')) = (destination IS NOT NULL)),
            CHECK ((state = 'discarded') = (state_reason IS NOT NULL))
        );
        CREATE TABLE snapshots (
            card TEXT NOT NULL,
            aid BYTEA NOT NULL,
            ordinal BIGINT NOT NULL CHECK (ordinal > 0),
            taken_at BIGINT NOT NULL,
            PRIMARY KEY (card, aid)
        );
        CREATE UNIQUE INDEX custody_open ON custody (card, aid)
            WHERE state IN ('frozen', 'provisional', 'surrendering', 'held', 'returning');
        CREATE INDEX custody_by_lineage ON custody (lineage);
        CREATE INDEX custody_by_destination ON custody (destination, aid) WHERE destination IS NOT NULL;
        CREATE INDEX custody_by_holder ON custody (holder) WHERE holder IS NOT NULL;
        """

    static let records: [any Record.Type] = [
        WrappingKeyRow.self, DataKey.self, VaultRecord.self, Custody.self, Snapshot.self,
    ]
}
