internal import Testing

/// Signatures of the Wycheproof project (testvectors_v1): file and test number stand beside each.
///
/// The figures are published under the Apache licence 2.0; each is a message, a signature, and whether it is
/// good.
enum WycheproofVectors {
    struct Case: Sendable, CustomTestStringConvertible {
        let number: Int
        let comment: String
        let message: String
        let signature: String
        let isValid: Bool
        var testDescription: String { "tcId \(number): \(comment)" }
    }

    /// The RSA key of rsa_pss_2048_sha256_mgf1_32_test.json and rsa_signature_2048_sha256_test.json.
    static let rsaModulus =
        "00a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878"
        + "d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15"
        + "e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d981"
        + "4c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411"
        + "eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e797500"
        + "5d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5"

    /// rsa_pss_2048_sha256_mgf1_32_test.json.
    static let pss: [Case] = [
        .init(
            number: 1, comment: "valid signature", message: "",
            signature:
                "4f01e0c12b08625ecac89a69231906edf826380f37c959a96690d046316d68ffce9d5c471694fcebfc6b4553"
                + "4864689256e4fc81c78e583f675d0c94b449647451e81beff01a11a516d5e5ce3f1a910437cb8a3a5096b19f"
                + "b15f4524a35b23d89cdba12cf5b71aac1047b28c562df7c5542c34ce23a182cf7e0e231934b17294799d4487"
                + "7a1d68ef1b8f073619b7618e6b7c22db20030d98cf591ffc3d4da5f58613ecd5ecfc3b40a1d02f40891ca436"
                + "95cd4c088b05a8054c89c595a47e274816f35384226f74459ee63e25a1bfc03c360490552ec38343f8ace502"
                + "f065303b00bc0ec320711b211fde92e57feb9013c3609342495ec0d7cabdec21e54acc38",
            isValid: true),
        .init(
            number: 3, comment: "valid signature", message: "54657374",
            signature:
                "401eb03cdb47ca88033e3030f6bdecbac8f5c8fc1dd6a13d23d379ed9a2b309891d13d74fea9d21d159b9e6d"
                + "8f37efa2489962e24555f56dd434ff1d31ce4f9f5abd3f22cbea8b691d6a11e44efb83e2bca155e6a164325e"
                + "0fde2a8865afd5c9f51161a9d615f62af7ec2e31b3e5ab649c164490d31d88cfae35b84aea7925690f929a14"
                + "4b6d2f48e8fb894a52deecd1b9a6496990c4ecf1588699a42cacd10c53af350514e4291ea9a058e77f101e32"
                + "c1c0cefa61d945f7bc931f8bd19e7ba3169358a60e5a8b0123bc3199b9fdcafe8e519c41ba675491a27b85e4"
                + "4ef2d77277c10fe107293c8290186913bc9a99b640d8da041b64f31eab1d35920985f4a5",
            isValid: true),
        .init(
            number: 6, comment: "valid signature", message: "61",
            signature:
                "4e68a8375e086990bde05fc4bbde2d368f8d96a5bbcf16d9239fcdd45942d764fc2317d90f4f62ec80059490"
                + "240be8f32dfc32414a427c7e34be25ed0dcaee6927881e797db97a0341fdde459b9cc915d0a348e15dcbfe1b"
                + "0780472f52a887faffc988a9ceb677e1cf5638e44a9d6f2532417ed0bde5d67f5dc9229ef1f3cfd9cb46c695"
                + "738fd006cc62d02f5df76996270223060f72505ccfbdf4e88d961e2e7763705480335148ecdd23d1202c26a9"
                + "63860dc769a43e44c72285092ba7f24d81844e612bf03f9c2ddd4e5960622f71672f4e42b8a8f36c6847a05f"
                + "70400207471c575d6a960fac1de809118efb52903ca37f12d40f6de74decb9a5b8a415d4",
            isValid: true),
        .init(
            number: 62, comment: "first byte of m_hash modified", message: "313233343030",
            signature:
                "67d1d1c0a398148625317c3f5e44b738bdf461c27a59594b39ebb2aebef233c7809379e54411411b82d2e7ac"
                + "88f989b58373d532c758baea121878ce9759441738d121881c1fa2d04421f02dd565b12770d844611ed1873a"
                + "0b64d822709a6b78d6d3892b294404bce6711001d6c3a54546c76a1d17819674b0be904497a233b466fe4bec"
                + "c832dee740f9ab79e5b9f5db0b0f9aac0084ba05cebf42303b5ca2ad95e3d61b29ed6475545c02e93e7b0e11"
                + "8af92f5cddb1faeb2cbc23c9e69c120e29df7fe31991e887b3b29e77688c60e80be65cccf3d7861a7a14c39e"
                + "6a6e5645568e2cc5e4a17b75db1dd415aadb45e112a9b582b2ff6e82a43d7a7347b7b56d",
            isValid: false),
        .init(
            number: 64, comment: "last byte of m_hash modified", message: "313233343030",
            signature:
                "77c9dd7786f0b5cbe76f20abf24361f8979d3a6c6c122e798eda906b0b9700cd2dd26e5286ddd39d07b7c243"
                + "79cb40f8350354a36b0759bfade61d3d770702b58218c5dc64ddd0d5fce405a16fbc4de3a5fbe7737032605c"
                + "06ac82e174619c3004d24bbf22bd1ab3e4d432b4ae36c23573cbad845c16a1842e5de1a3bfa2f12d3496a311"
                + "4fda830dd6061cf538a4571fe088cc03dd7e8762fb08b84501843f5f0362a4fb097d6fe9b96970c0c505d2f6"
                + "a59754c42684908627fa8c734ecd587c161de7b7bdd69924c0b4d06cb7db2a70dd9257876d1da1ed8cc00fa6"
                + "8279525c346b7256c916ccf1df9386ff9d1eb27f0a5d83a00a2738fa2dbfaa500baea789",
            isValid: false),
        .init(
            number: 66, comment: "all bits in m_hash flipped", message: "313233343030",
            signature:
                "5d1f5b3ada8d4507a7447829f26764b9f794ccb4c287870b5c5aac649f9272fbbe22f064cb75e5b3813bf874"
                + "c6977dc286ef1deddeee1a84a9302fbbc9c8f86ec45eed5469bb85eed8618efdaf29ea4bc0a9cd0c0be71e82"
                + "bdab6f15a9f7a637f297e0b5ad4c7885bd27b89f4a52452f0176df3d266f9c13fc44d3fcc3e71e3cc5ede3fe"
                + "2555ff2bf2b72a2198af709e29c2f6f5ce44997c02ea7aebc9a33d0c609ff0f586e753e585ee5052a0bf2f71"
                + "247cf43ac244818c84347662338384d6c1a4c9b9ebc14f912db688e658d453bb2082c8def4c440a6b25e03ea"
                + "4459c1c9bd5495e2ce9343439cbbf03affca63856cc50936d49cf2dcfc73679c9aa32e56",
            isValid: false),
        .init(
            number: 67, comment: "s_len changed to 0", message: "313233343030",
            signature:
                "5e91b5dcbf02d6f19621d41a83dc8f15ea83c0edb83765ef029b0acac2e1ec8918b1d2afe1fadf11c48d2759"
                + "4cb9c01fed79d90e5d5a8085c438450111aa7d9fa39c2345b14fc3c2cb34128f86db5eb00bdf8dfe38d61f29"
                + "a41fe31342e7aaefcb4b122eb5d63c2f5c263c8df8450e9428ffef974d535818d51dc03a7d60c8b2d16c999a"
                + "e46d73ab40515fe601d9b89b1d09c6d60cd51639a97c1d211e097609ba5e8c319c6fbd21b34a634ec8fb8971"
                + "c5aae21c70b847a4539cc10dc314ddd8a9629e8a0e51c66c0cb61fd1f7228c01c6769190abe9bac9a3897800"
                + "050014358594e0fb20dbb458b12aa1346826cc9f7e9c5352b073d62853dafe77c848cb1f",
            isValid: false),
        .init(
            number: 68, comment: "s_len changed to 1", message: "313233343030",
            signature:
                "92ffe544edeba2213ed7d54488432dcd7cc1c71fd958acdc56c41fbbc8f1c16b565b1595fd3b88c48ecce181"
                + "f9cf6bcfef4636c2398ac06ef8088e14cbc97426a501c05aa71a54a3329aa53a4f259c3299756a429a7baa7a"
                + "50f78da8012e4fc232eec623145388d37c41e6cfbdb1afaabe38e31db381022a428b353d2c7f374c58f10c55"
                + "1419b1c3bc455b6f66b75c26b5068861f8f96f3700ea37cbc0b4d3ff6603a1c6308409d040aebeac2a661f94"
                + "940122acef1771d44c5cab2455535421451bb81d0656605f8df2d0ff29a07766092dff2fa20cf68ffee574bb"
                + "4b2b0a3f828670fe93d2de100ff0c9443319ec7283c242a617eab3d445b655ba674687e0",
            isValid: false),
        .init(
            number: 69, comment: "s_len changed to 20", message: "313233343030",
            signature:
                "57e8cc1dc00c07383d89a79b5c8e4f5bde2a2ba55a3c7201b3291c4d805b1b2eb36f8f326b542342da180abe"
                + "508669bb6cc2dd54e327bc70c1e317ba93a0fd21e7fce22a0c597c7420d1d5602ac43d9348ba3eba561f250e"
                + "301ab955b0dc33e4abde32946b9b3e86c8bf07a44646ca595960bb988fef04b2824967e9da8b0264f1da0659"
                + "373935313a574b5380f0b54ce1bc0dde423bd3a54f6ae5fafa772a55c1c44eb6edffecf13e6e5e1edaf87a79"
                + "e338577304141fbc44f0e9eeb286f553f879addd6e12e436fa3af51ad53a72f2679f0ed102d504ee08706fe1"
                + "11eaee49d880d1a0b91924b3b79968ed0f9bff446dac199ee89b158c074927d27b864498",
            isValid: false),
        .init(
            number: 70, comment: "s_len changed to 31", message: "313233343030",
            signature:
                "5d8c3644e0e18da9d81ba3fd33436e4379d3c3fa8127b41f2eb901836b31a78f0954d3287d452887ee3a2857"
                + "01a920b0f6fb8da0e017c7bcbe59cb9bf5d5aacb1032cdc4ddd85492c0638519a4694f686e77305d138b9d34"
                + "91460f408abb8abfd7e3622aff5a4a96b383ff87560e9be962aa4696be3668645e6a43b460b18c93af0578a8"
                + "de3b4d2fc657376c7ec9a23c473a81ac57da1262b47204c13f5befc0ce2b4339b83999cbedafa334ddc73624"
                + "eae8b7002c082d8ca7064b6963b443ae32b2a16fcdb4ad5e8c9b8073305ac4c14fe0c29514320d09b6e48dde"
                + "a9f3e02cf3273f5cb5871a0bb81a935606b7fe56bebe410c5afea5a8af3c426b72cd291a",
            isValid: false),
    ]

    /// rsa_signature_2048_sha256_test.json.
    static let pkcs1: [Case] = [
        .init(
            number: 1, comment: "valid", message: "",
            signature:
                "840f5dac53106dd1f9c57219224cf51289290c42f20466875ba8e830ac5690e541536fcc8ab03b731f82bf66"
                + "d83f194e7e180b3963ec7a2f3f7904a7ce49aed47da4d4b79421eaf937d301b3e696169297b797c32c076a12"
                + "be4de0b58e003c5123051a84a10c62f8dac2f42a8640008eb3c7cccd6760ff5b51b689763922582845f048fb"
                + "8150e5a7a6ca2eccc7bdc85349ad5b26c52137a79fa3fe5c29ab5cd7615013219c1941b6708e9c3c23feff5f"
                + "ebaf0c8ebca5750b54e3e6e99a3e876b396f27860b7f3ec4e9191703c6332d944f6f69751167680c79c4f6b5"
                + "7f1cc8755d24b6ec158ccdbacdb23107a33cb6b332516c13274d1f9dccc21dced869e486",
            isValid: true),
        .init(
            number: 3, comment: "valid", message: "54657374",
            signature:
                "264491e844c119f14e425c03282139a558dcdaeb82a4628173cd407fd319f9076eaebc0dd87a1c22e4d17839"
                + "096886d58a9d5b7f7aeb63efec56c45ac7bead4203b6886e1faa90e028ec0ae094d46bf3f97efdd19045cfbc"
                + "25a1abda2432639f9876405c0d68f8edbf047c12a454f7681d5d5a2b54bd3723d193dbad4338baad75326400"
                + "6e2d08931c4b8bb79aa1c9cad10eb6605f87c5831f6e2b08e002f9c6f21141f5841d92727dd3e1d99c36bc56"
                + "0da3c9067df99fcaf818941f72588be33032bad22caf6704223bb114d575b6d02d9d222b580005d930e8f40c"
                + "ce9f672eebb634a20177d84351627964b83f2053d736a84ab1a005f63bd5ba943de6205c",
            isValid: true),
        .init(
            number: 6, comment: "valid", message: "61",
            signature:
                "38c042a00d6f27742a46f1f963a7b2e04f0eac637849631a491b8e4e58fc721c6ce620d5e705dc8e73409c39"
                + "09c1c68b6bdb2b30f882cf2797e65030b38c4e7daf6fef9d1f115c890086cf54ca3e7c2b21dcbfd1250ed1d9"
                + "25810970f17dbf482d1784f296adee9ace6979075c1e12f5580cfb322e8737db9d127d38e1b99ed87ec49448"
                + "a18a6fee650d3c27e4a2a86a3d6e3ce4fe64120be60872fa07a3f78a112715c167fb6c900698ba1afd824087"
                + "a4cf733335c4a6d5120e3b29bc42f3b3d5db79973e4e321e0910a288d18cdba172d060283c4f4c6656e9175a"
                + "18b756b7d06251e9060bbfcab04978853eec6032850a0e757bc0c61ad38aa4eb6bb6d907",
            isValid: true),
        .init(
            number: 9, comment: "length of digestInfo uses long form encoding", message: "313233343030",
            signature:
                "8a0e82d4f334aca72a718b6f8f643f69c6048d619d5eba71263a5d2d3ac7a7af133b780c7595ca2c982c006e"
                + "861948f543cd0210c758691f9626842c25de2843ea314ca8eff285d47e0cffa54180af416004017034962a80"
                + "a5959c3d3f1bfc154a4824462a93c014f6dfe920824f414a6e30e0e5944d480b99949ec7bf64c4a746157593"
                + "3b17d7d6b0178b5192392ace3ed8469e8ac1dacae51ad5d3ad73dcb213e056d04596e64d8c0703def3110c7c"
                + "ecc93ba8ac8059f0f3d66b89d8712c62b41d407e4b4a104f4569558b0290c213cad6d0653898b9df8f4a453a"
                + "b07d13bfb7598d505abbd0c4987e4f1ac66e1a523e113e370ab7cf990f0cc63f50f4f0a4",
            isValid: false),
        .init(
            number: 21, comment: "removing digestInfo", message: "313233343030",
            signature:
                "498209f59a0679a1f926eccf3056da2cba553d7ab3064e7c41ad1d739f038249f02f5ad12ee246073d101bc3"
                + "cdb563e8b6be61562056422b7e6c16ad53deb12af5de744197753a35859833f41bb59c6597f3980132b7478f"
                + "d0b95fd27dfad64a20fd5c25312bbd41a85286cd2a83c8df5efa0779158d01b0747ff165b055eb2880ea2709"
                + "5700a295593196d8c5922cf6aa9d7e29b5056db5ded5eb20aeb31b8942e26b15a5188a4934cd7e39cfe379a1"
                + "97f49a204343a493452deebca436ee614f4daf989e355544489f7e69ffa8ccc6a1e81cf0ab33c3e6d7591091"
                + "485a6a31bda3b33946490057b9a3003d3fd9daf7c4778b43fd46144d945d815f12628ff4",
            isValid: false),
        .init(
            number: 24, comment: "appending 0's to digestInfo", message: "313233343030",
            signature:
                "0e6eb88e130cf0d79056bdcb87f016f99edd9f35519c44bb509a38cd346d996e3d9b7b21a40fc976a935f290"
                + "4a6423dc0f251d8a89c4e1424d3312b1e7e0c14f057fa3a45841dcda2bfcf107c2103c0475cbb34d4c769e98"
                + "b08cbd35964aefc3a8dc4178725c16ed7da6b438107da2488af8fd5cb2c15a8849a531e1a955c40cd6c14795"
                + "6fc3e8a15a1082e9e9a7878efab929c50d52fd6c14cad0987f667221a0c8ab29a682de04e437b20c82e9a759"
                + "291dabd22fb38e86121b71b3ab473ea0977441db6b137d01b63e328412996ccb8dc27e57c8cd6cbeb31e3211"
                + "60df29ea3151f34ba36846495b6e4bb766f0bcdba00062265ad7d01847e22c06a463dfeb",
            isValid: false),
        .init(
            number: 27, comment: "appending null value to digestInfo", message: "313233343030",
            signature:
                "19ba81c3e688c41625d6714da91efb9bfc95a634409325f1cfab3dba44b807fe063740fae7604a839efce051"
                + "d254af50efe044bec96280a831ae8e4e93a0d0611e0a43de6aeafeb3eebbe0d6ec74e84fdfbae3ac8cadf657"
                + "fa342921274be801d05e553f589e8f48d2af38b79404d965e0a4def7c0975d6d9b5351ea82451b6bc26db3fc"
                + "64729325b059f45089c90f5c8792933487d4c5317b62a02b9367a99e8d5c4148faa1781ae21200f1c39be493"
                + "53d0976502ff19e08f374ee685d58f14dacf613fbb3a56ae3f1bff1afc060ba36aac11e2d038272c01c430bd"
                + "463fcf55b311024cd7ce10bf59c32ba3d9943f75f8f76870bf0a8dc3e786e0718df3c01b",
            isValid: false),
        .init(
            number: 40, comment: "Replacing digestInfo with NULL", message: "313233343030",
            signature:
                "8322390ab9d742c87b5b105f63940d9e4ecc613c12a921798c2b2a00c1e5c6f6fa38b33339c3fa762487629b"
                + "d589cda879977e257de58a0d3ad4eb9bee9e3d41c57ababe557d0f3f8bef808dd7d5666b8a635b1a1d08a94b"
                + "d24ddf10db4d6a366c3ed7a6891b7878328ae5d928a6a14bb425c4c1e917044a08ae0cc679b646be53177962"
                + "bf04f19a345428f7a0c877f5749264edbf0835cec2f5aa66b7a1ae9b5e8db22748bb8b8f37636de4d02c9edc"
                + "5dd182fe1f3c227d7fff6111005326ca3fd693248759fcd56a356068d3be8f78ab03d484a363fba9a13491ff"
                + "5752bb263db2d905a90c556c8e5b12315b577786e038c989d13ded424adef4932c87a5ea",
            isValid: false),
    ]

    /// ecdsa_brainpoolP256r1_sha256_p1363_test.json.
    static let brainpoolP256r1Point =
        "04019a2d9637743a63ddaefdbca0ee229a163b809b9b145e5313bbeb8defeab9d6548caf89bf5ba4949940"
        + "4145651234336401b9b2843a579ed152e090f11b9e59"

    /// ecdsa_brainpoolP256r1_sha256_p1363_test.json.
    static let brainpoolP256r1: [Case] = [
        .init(
            number: 1, comment: "signature malleability", message: "313233343030",
            signature:
                "0a5f8c70ba2d0842d5d0f841f160ad15195769a8159bfe692634d73d469d111f426e857aad3ff7aa96e4d200"
                + "c03b45f1846a36d089ee3917768ca1a0d6d4da6e",
            isValid: true),
        .init(
            number: 2, comment: "replaced r by r + n", message: "313233343030",
            signature:
                "b45ae44c5c1bb1ff143702d28ee43a86a590e44bcafda560b652e5bfdde567c6678cd260f4aeb211a781388f"
                + "dd48478007cf43d32b736de019916ce1c0737c39",
            isValid: false),
        .init(
            number: 4, comment: "replaced r by n - r", message: "313233343030",
            signature:
                "9f9bcb6ae7c1a1796895124eac22e05c72e210fb9fc5a88e69e9374550ab4588678cd260f4aeb211a781388f"
                + "dd48478007cf43d32b736de019916ce1c0737c39",
            isValid: false),
        .init(
            number: 7, comment: "replaced s by s + n", message: "313233343030",
            signature:
                "0111882a3c969d5bcde5e743207acbd4f19408be76e0d514d7a9af7b6457bbd2e000678cd260f4aeb211a781"
                + "388fdd48478007cf43d32b736de019916ce1c0737c39",
            isValid: false),
        .init(
            number: 11, comment: "Signature with special case values r=0 and s=0", message: "313233343030",
            signature:
                "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                + "0000000000000000000000000000000000000000",
            isValid: false),
        .init(
            number: 12, comment: "Signature with special case values r=0 and s=1", message: "313233343030",
            signature:
                "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                + "0000000000000000000000000000000000000001",
            isValid: false),
        .init(
            number: 18, comment: "Signature with special case values r=1 and s=0", message: "313233343030",
            signature:
                "0000000000000000000000000000000000000000000000000000000000000001000000000000000000000000"
                + "0000000000000000000000000000000000000000",
            isValid: false),
        .init(
            number: 32, comment: "Signature with special case values r=n - 1 and s=0",
            message: "313233343030",
            signature:
                "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a6000000000000000000000000"
                + "0000000000000000000000000000000000000000",
            isValid: false),
    ]

    /// ecdsa_brainpoolP384r1_sha384_p1363_test.json.
    static let brainpoolP384r1Point =
        "04192ed5ce547d2336911d3f6cecba227f08df077f6242a9147a914e854e6e32d325fd23ccc42921dc4a7e"
        + "4c2eb71defd3631e69079ba982e7a1cad0a39eff47fc6d6e3a280d081286b624886ba1f3069671ec1a2998"
        + "6d84fb79736d2799e6fc21"

    /// ecdsa_brainpoolP384r1_sha384_p1363_test.json.
    static let brainpoolP384r1: [Case] = [
        .init(
            number: 1, comment: "signature malleability", message: "313233343030",
            signature:
                "0e8e114a1c351405560bf8d47b166bfe957087a8003b353433b6144f7ee7d6f79c8dd14ef229fa7a2f2782bf"
                + "33708b9183aa7ba485dc060df9922f9ccc5da29adb75d44671d18bad0636d2e09c5e2f95e892a79b9fd3b37e"
                + "1f798b157b567a24",
            isValid: true),
        .init(
            number: 2, comment: "replaced r by r + n", message: "313233343030",
            signature:
                "9b472fccbf6d812d65696852cbfcadddaa9ff8b1ed8f8be752cc82bc2aebfc9f6bc887fe5da9bd8a6aafb4c2"
                + "1c74f0f6090ea2de1d5c671a15cb3fe184889f4439b99cc37b82cb0618df9b8c0fa5f611e6a80f13cbac0f92"
                + "1c0ea6ed6dadeb41",
            isValid: false),
        .init(
            number: 7, comment: "replaced s by s + n", message: "313233343030",
            signature:
                "95c7c160c094d4422528af5fd56ee1234ee90dcd68d721b937f609f8bbaa1bb9b5e2c5c3372bd2a25796d8f0"
                + "56b250a6090ea2de1d5c671a15cb3fe184889f4439b99cc37b82cb0618df9b8c0fa5f611e6a80f13cbac0f92"
                + "1c0ea6ed6dadeb41",
            isValid: false),
    ]

    /// ecdsa_brainpoolP512r1_sha512_p1363_test.json.
    static let brainpoolP512r1Point =
        "0467cea1bedf84cbdcba69a05bb2ce3a2d1c9d911d236c480929a16ad697b45a6ca127079fe8d7868671e2"
        + "8ef33bdf9319e2e51c84b190ac5c91b51baf0a980ba500a7e79006194b5378f65cbe625ef2c47c64e56040"
        + "d873b995b5b1ebaa4a6ce971da164391ff619af3bcfc71c5e1ad27ee0e859c2943e2de8ef7c43d3c976e9b"

    /// ecdsa_brainpoolP512r1_sha512_p1363_test.json.
    static let brainpoolP512r1: [Case] = [
        .init(
            number: 1, comment: "signature malleability", message: "313233343030",
            signature:
                "0bd2593447cc6c02caf99d60418dd42e9a194c910e6755ed0c7059acac656b04ccfe1e8348462ee43066823a"
                + "ee2fed7ca012e9890dfb69866d7ae88b6506f9c744b42304e693796618d090dbcb2a2551c3cb78534611e61f"
                + "d9d1a5c0938b5b8ec6ed53d2d28999eabbd8e7792d167fcf582492403a6a0f7cc94c73a28fb76b71",
            isValid: true),
        .init(
            number: 2, comment: "replaced r by r + n", message: "313233343030",
            signature:
                "b6aff6ed23b6308e0ace840e7557d0366549da44c23127fbe2d3f6771c987375223c7ac494ef54fd71ece354"
                + "6ddbfdc3bdc4bd0a1659446423027f0e01affa3066297ab3f5564b25270455d2689fd6b6076515606db7ebee"
                + "fc91f709dca7ace18e51086e7a1f8c2e85ad79a052959077c58d4140cdf3cb60ec3b22e00cf194f8",
            isValid: false),
        .init(
            number: 7, comment: "replaced s by s + n", message: "313233343030",
            signature:
                "011107186cd1400fb066d93c809c69d2bdd295a3142181bdfdd2f593d44cdab551e38f64afc6c8b247c733da"
                + "b9d241a0bee33f14c1d651a63ea1c2b962a99a95610066297ab3f5564b25270455d2689fd6b6076515606db7"
                + "ebeefc91f709dca7ace18e51086e7a1f8c2e85ad79a052959077c58d4140cdf3cb60ec3b22e00cf194f8",
            isValid: false),
    ]
}
