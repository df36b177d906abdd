internal import CardCrypto
internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import Testing

private let loadFile = try? AID(hex: "D0D1D2D3D4D501")
private let instance = try? AID(hex: "D0D1D2D3D4D50101")
private let domain = try? AID(hex: "D4D4D4D4D4010101")
private let otherDomain = try? AID(hex: "D4D4D4D4D4010102")
private let hash = "9C8E7F3DA89B91426B0F4293A23DDB639CABFF9F68BF8C3E8EB8C9BB4F71F6A4"

func figures(_ hex: String) throws -> [UInt8] { try Hex.decode(hex) }

func rsaTestKey() throws -> PrivateKey { try PrivateKey(der: Secret(figures(DelegationFigures.rsaKey))) }

let symmetricTestKey = Secret(Array(0x40...0x4F))

@Suite("Tokens of GPCS 2.3.1 §C.4")
struct TokenTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let clause: String
        let operation: DelegatedOperation
        let figures: TokenFigures
        var testDescription: String { clause }
    }

    static func rows() throws -> [Row] {
        let file = try #require(loadFile)
        let application = try #require(instance)
        let security = try #require(domain)
        let install = InstallCommand.Install(loadFile: file, module: application, instance: application)
        return [
            Row(
                clause: "C.4.1 load",
                operation: .install(
                    .load(.init(loadFile: file, securityDomain: security, hash: try Hex.decode(hash)))),
                figures: DelegationFigures.load),
            Row(
                clause: "C.4.2 install and make selectable",
                operation: .install(.install(install, makeSelectable: true)),
                figures: DelegationFigures.install),
            Row(
                clause: "C.4.3 make selectable",
                operation: .install(.makeSelectable(application, privileges: [], parameters: [])),
                figures: DelegationFigures.makeSelectable),
            Row(
                clause: "C.4.4 extradition",
                operation: .install(.extradite(application, to: try #require(otherDomain))),
                figures: DelegationFigures.extradition),
            Row(
                clause: "C.4.5 registry update",
                operation: .install(
                    .registryUpdate(
                        .init(newDomain: nil, application: application, privileges: Privileges()))),
                figures: DelegationFigures.registryUpdate),
            Row(
                clause: "C.4.6 delete", operation: .delete(application, withRelated: false),
                figures: DelegationFigures.delete),
            Row(
                clause: "C.4.6 delete with related", operation: .delete(file, withRelated: true),
                figures: DelegationFigures.deleteRelated),
        ]
    }

    @Test("sign what the clause says, by every kind of key")
    func inputs() throws {
        for row in try Self.rows() {
            let input = row.operation.tokenInput
            #expect(input == (try figures(row.figures.input)), "\(row.clause)")
            #expect(try row.operation.token(signedBy: .aes(symmetricTestKey)).hex == row.figures.aes)
            #expect(
                try row.operation.token(signedBy: .tripleDES(symmetricTestKey)).hex == row.figures.tripleDES)
            let rsa = try row.operation.token(signedBy: .asymmetric(rsaTestKey()))
            #expect(rsa == (try figures(row.figures.rsa)))
        }
    }

    @Test("a token proves its own operation and no other")
    func proves() throws {
        let rows = try Self.rows()
        let keys: [ContentSigningKey] = [
            .aes(symmetricTestKey), .tripleDES(symmetricTestKey), .asymmetric(try rsaTestKey()),
            .asymmetric(.ec(try ECPrivateKey.generate(.p256))),
        ]
        for key in keys {
            let tokens = try rows.map { try $0.operation.token(signedBy: key) }
            for (row, own) in zip(rows, tokens) {
                for token in tokens {
                    #expect(
                        try row.operation.isProved(by: token, with: key.verificationKey) == (token == own))
                }
            }
        }
    }

    @Test("one wrong bit in a token proves nothing")
    func everyBit() throws {
        let row = try #require(try Self.rows().first)
        for key in [ContentSigningKey.aes(symmetricTestKey), .tripleDES(symmetricTestKey)] {
            let token = try row.operation.token(signedBy: key)
            for bit in 0..<token.count * 8 {
                var wrong = token
                wrong[bit / 8] ^= 1 << (bit % 8)
                #expect(try !row.operation.isProved(by: wrong, with: key.verificationKey))
            }
            #expect(try !row.operation.isProved(by: Array(token.dropLast()), with: key.verificationKey))
            #expect(try !row.operation.isProved(by: [], with: key.verificationKey))
        }
    }

    @Test("kaoh/globalplatform test_GP211_calculate_load_token_rsa1024_known_vector")
    func published() throws {
        let operation = DelegatedOperation.install(
            .load(
                .init(
                    loadFile: try #require(loadFile), securityDomain: try AID(hex: "020202020202"),
                    hash: try Hex.decode(hash))))
        #expect(operation.tokenInput.hex == "02003107D0D1D2D3D4D5010602020202020220\(hash)00")
        let token = try operation.token(signedBy: .asymmetric(rsaTestKey()))
        #expect(token == (try figures(DelegationFigures.publishedToken)))
    }

    @Test("the combined process is signed as one: first and last INSTALL (§C.4.7)")
    func combined() throws {
        let file = try #require(loadFile)
        let application = try #require(instance)
        let operation = DelegatedOperation.combined(
            .init(loadFile: file, securityDomain: domain, hash: try Hex.decode(hash)),
            .init(loadFile: file, module: application, instance: application))
        let begin = "0E013307D0D1D2D3D4D50108D4D4D4D4D401010120\(hash)00"
        let end = "0E031F07D0D1D2D3D4D50108D0D1D2D3D4D5010108D0D1D2D3D4D50101010002C900"
        #expect(operation.tokenInput.hex == begin + end)
        #expect(operation.command(token: [0xAA]).bytes.hex.hasPrefix("80E60E032107D0"))
    }

    @Test("above 255 bytes the length has three bytes, and not in BER form (§C.4)")
    func longInput() throws {
        let application = try #require(instance)
        for (count, prefix) in [(240, "0800FF"), (241, "0800000100"), (1_000, "08000003F8")] {
            let parameters = [UInt8](repeating: 0x5A, count: count)
            let operation = DelegatedOperation.install(
                .makeSelectable(application, privileges: [], parameters: parameters))
            #expect(
                operation.tokenInput.hex.hasPrefix(prefix), "\(count): \(operation.tokenInput.prefix(6).hex)")
        }
    }

    @Test("a token reference travels in DELETE and is signed with it (tables 11-23 and C-9)")
    func reference() throws {
        let reference = TokenReference(
            issuerIdentification: [0x11, 0x22], imageNumber: [0x33], applicationProvider: [0x44],
            tokenIdentifier: [0x55, 0x66])
        let operation = DelegatedOperation.delete(
            try #require(instance), withRelated: false, reference)
        let fields = "4F08D0D1D2D3D4D50101B60F420211224501335F20014493025566"
        #expect(operation.tokenInput.hex == "00001B" + fields)
        #expect(operation.command(token: [0xAA, 0xBB]).bytes.hex == "80E400001F\(fields)9E02AABB00")
        #expect(TokenReference().encoded.isEmpty)
    }
}

@Suite("Load file signatures of GPCS 2.3.1 §C.3")
struct DAPTests {
    private let sha1 = "ECFA1E52BB1290D1004F116CF4210D0735B8EA02"

    @Test("sign the hash of the data block, by every kind of key")
    func signatures() throws {
        let security = try #require(domain)
        let rows: [(ContentSigningKey, String, String)] = [
            (.aes(symmetricTestKey), hash, "4CCA7BB2D59BF0D9A1DE71B387290B0D"),
            (.tripleDES(symmetricTestKey), sha1, "D28B4ED7BD3D45E4"),
            (.asymmetric(try rsaTestKey()), hash, DelegationFigures.rsaOverSHA256),
            (.asymmetric(try rsaTestKey()), sha1, DelegationFigures.rsaOverSHA1),
        ]
        for (key, hash, signature) in rows {
            let block = try DAPBlock(domain: security, hash: Hex.decode(hash), signedBy: key)
            #expect(block.signature == (try figures(signature)))
            #expect(try block.proves(hash: Hex.decode(hash), with: key.verificationKey))
            #expect(try !block.proves(hash: Hex.decode("00" + hash.dropFirst(2)), with: key.verificationKey))
        }
    }

    @Test("an ECDSA signature made elsewhere is understood")
    func ellipticCurve() throws {
        let scalar = "839DBC069F176A16CFD2E8CEEFED5CD5AFE691F141FF4A9E16BFD727F3C34B2D"
        let key = PrivateKey.ec(try ECPrivateKey(.p256, scalar: Secret(Hex.decode(scalar))))
        let block = DAPBlock(
            domain: try #require(domain), signature: try figures(DelegationFigures.ecdsaOverSHA256))
        #expect(try block.proves(hash: Hex.decode(hash), with: .asymmetric(key.publicKey)))
        let own = try DAPBlock(domain: block.domain, hash: Hex.decode(hash), signedBy: .asymmetric(key))
        #expect(try own.proves(hash: Hex.decode(hash), with: .asymmetric(key.publicKey)))
    }

    @Test("a hash weaker than the key is refused (table C-3, SCP03 table 8-1)")
    func weakHashes() throws {
        let security = try #require(domain)
        let aes = [16, 24, 32].map { ContentSigningKey.aes(Secret([UInt8](repeating: 1, count: $0))) }
        let rows: [(ContentSigningKey, [Int])] = [
            (.tripleDES(symmetricTestKey), [20, 32, 48, 64]), (aes[0], [32, 48, 64]), (aes[1], [48, 64]),
            (aes[2], [64]), (.asymmetric(try rsaTestKey()), [20, 32, 48, 64]),
            (.asymmetric(.ec(try .generate(.p384))), [48, 64]),
        ]
        for (key, accepted) in rows {
            #expect(key.acceptableHashes.map(\.byteCount) == accepted)
            for count in [0, 16, 20, 32, 48, 64] where !accepted.contains(count) {
                #expect(throws: SignedLoadFileError.hashTooWeak(byteCount: count)) {
                    try DAPBlock(domain: security, hash: [UInt8](repeating: 7, count: count), signedBy: key)
                }
            }
        }
    }

    @Test("a load file is its signatures, then the data block (table 11-58)")
    func loadFileLayout() throws {
        let block = DAPBlock(domain: try #require(domain), signature: [0x11, 0x22])
        let file = SignedLoadFile(signatures: [block, block], dataBlock: [0xDE, 0xCA])
        let encoded = "E20E4F08D4D4D4D4D4010101C3021122"
        #expect(file.encoded.hex == encoded + encoded + "C402DECA")
    }

    @Test("a ciphered data block takes its ICV along (§C.6)")
    func ciphered() throws {
        let plain = Array("a data block of more than a block".utf8)
        let vector = Array(UInt8(1)...16)
        let key = symmetricTestKey
        let file = try SignedLoadFile(dataBlock: plain, key: key, algorithm: .aes, initialVector: vector)
        let objects = try BERTLV.readAll(file.encoded)
        #expect(objects.map(\.tag) == [0xD3, 0xD4])
        #expect(Array(objects[0].value) == vector)
        let padded = try Cipher(.aes, key: key).decryptCBC(objects[1].value, iv: vector)
        #expect(Padding.removeMethod2(padded) == plain)
        let des = try SignedLoadFile(dataBlock: plain, key: key, algorithm: .tripleDES, initialVector: [])
        let only = try BERTLV.readOne(des.encoded)
        #expect(only.tag == 0xD4)
        #expect(
            Padding.removeMethod2(try Cipher(.tripleDES, key: key).decryptCBC(only.value)) == plain)
    }
}
