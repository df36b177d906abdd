// Plain cards, word for word as in `profiles/`.

let small16k = """
    # A small card of the past: little memory, SCP02, T=0.

    name = small-16k
    title = 16 kB card, SCP02, T=0

    # How it answers the reader; the first protocol of the ATR is the one it speaks.
    atr = 3B0780654245525448
    logical-channels = 4
    extended-length = no

    issuer-domain = A000000151000000
    life-cycle = OP_READY
    # Tag 9F7F; bytes 13 to 18 become the serial number and batch of each card.
    cplc = 425042201620600101006001000000000000426160014261600142616001000000004261600100000000
    iin = 42455254480F

    # The keys that every card of this profile leaves the factory with.
    key-version = 01
    key-type = des
    key-value = 404142434445464748494A4B4C4D4E4F
    # The options ("i") of the secure channels; a line left out is a protocol the card does not have.
    scp02 = 15
    # Failed authentications that block a key set; 0 for never.
    authentication-tries = 0

    # Memory, in bytes.
    non-volatile = 16384
    volatile = 1024
    # Persistent memory goes out in blocks; every object takes so much beside its contents.
    block = 32
    object-overhead = 6
    instance-bytes = 96
    domain-bytes = 320
    # What of a load file stays on the card, in percent.
    code-percent = 100
    quotas = yes
    # What FF21 says: whether it answers, how much of the truth, at most how much.
    memory-report = yes
    memory-report-percent = 100
    memory-report-ceiling = 2147483647
    memory-exhausted = 6A84

    # Habits of the card.
    legacy-status = yes
    unresolved-import = 6438
    chain-secured-whole = yes

    # From which supplementary security domains are made.
    package = A0000001515350 1.0 A000000151535041

    # What load files may import.
    library = A0000000620001 1.0  # java.lang
    library = A0000000620002 1.0  # java.io
    library = A0000000620003 1.0  # java.rmi
    library = A0000000620101 1.6  # javacard.framework
    library = A000000062010101 1.0  # javacard.framework.service
    library = A0000000620102 1.6  # javacard.security
    library = A0000000620201 1.6  # javacardx.crypto
    library = A0000000620202 1.0  # javacardx.biometry
    library = A0000000620209 1.0  # javacardx.apdu
    library = A000000062020801 1.0  # javacardx.framework.util
    library = A00000006202080101 1.0  # javacardx.framework.util.intx
    library = A000000062020802 1.0  # javacardx.framework.math
    library = A000000062020803 1.0  # javacardx.framework.tlv
    library = A00000015100 1.6  # org.globalplatform
    library = A0000000030000 1.1  # visa.openplatform

    """

let javacard80k = """
    # An ordinary Java Card of today.

    name = javacard-80k
    title = 80 kB Java Card, SCP03, T=1

    # How it answers the reader; the first protocol of the ATR is the one it speaks.
    atr = 3B878131FE458065424552544820
    logical-channels = 4
    extended-length = no

    issuer-domain = A000000151000000
    life-cycle = OP_READY
    # Tag 9F7F; bytes 13 to 18 become the serial number and batch of each card.
    cplc = 425042201620600101006001000000000000426160014261600142616001000000004261600100000000
    iin = 42455254480F

    # The keys that every card of this profile leaves the factory with.
    key-version = FF
    key-type = aes
    key-value = 404142434445464748494A4B4C4D4E4F
    # The options ("i") of the secure channels; a line left out is a protocol the card does not have.
    scp02 = 15
    scp03 = 60
    # Failed authentications that block a key set; 0 for never.
    authentication-tries = 0

    # Memory, in bytes.
    non-volatile = 81920
    volatile = 4096
    # Persistent memory goes out in blocks; every object takes so much beside its contents.
    block = 32
    object-overhead = 8
    instance-bytes = 160
    domain-bytes = 480
    # What of a load file stays on the card, in percent.
    code-percent = 100
    quotas = yes
    # What FF21 says: whether it answers, how much of the truth, at most how much.
    memory-report = yes
    memory-report-percent = 100
    memory-report-ceiling = 2147483647
    memory-exhausted = 6A84

    # Habits of the card.
    legacy-status = yes
    unresolved-import = 6438
    chain-secured-whole = yes

    # From which supplementary security domains are made.
    package = A0000001515350 1.0 A000000151535041

    # What load files may import.
    library = A0000000620001 1.0  # java.lang
    library = A0000000620002 1.0  # java.io
    library = A0000000620003 1.0  # java.rmi
    library = A0000000620101 1.6  # javacard.framework
    library = A000000062010101 1.0  # javacard.framework.service
    library = A0000000620102 1.6  # javacard.security
    library = A0000000620201 1.6  # javacardx.crypto
    library = A0000000620202 1.0  # javacardx.biometry
    library = A0000000620209 1.0  # javacardx.apdu
    library = A000000062020801 1.0  # javacardx.framework.util
    library = A00000006202080101 1.0  # javacardx.framework.util.intx
    library = A000000062020802 1.0  # javacardx.framework.math
    library = A000000062020803 1.0  # javacardx.framework.tlv
    library = A00000015100 1.6  # org.globalplatform
    library = A0000000030000 1.1  # visa.openplatform

    """

let javacard180k = """
    # A large Java Card of today, which takes long commands: load files of more than 60 kB go in those.

    name = javacard-180k
    title = 180 kB Java Card, SCP03, T=1, long commands

    # How it answers the reader; the first protocol of the ATR is the one it speaks.
    atr = 3B8B8131FE4580654245525448730000401F
    logical-channels = 4
    extended-length = yes

    issuer-domain = A000000151000000
    life-cycle = OP_READY
    # Tag 9F7F; bytes 13 to 18 become the serial number and batch of each card.
    cplc = 425042201620600101006001000000000000426160014261600142616001000000004261600100000000
    iin = 42455254480F

    # The keys that every card of this profile leaves the factory with.
    key-version = FF
    key-type = aes
    key-value = 404142434445464748494A4B4C4D4E4F
    # The options ("i") of the secure channels; a line left out is a protocol the card does not have.
    scp02 = 15
    scp03 = 60
    # Failed authentications that block a key set; 0 for never.
    authentication-tries = 0

    # Memory, in bytes.
    non-volatile = 184320
    volatile = 8192
    # Persistent memory goes out in blocks; every object takes so much beside its contents.
    block = 32
    object-overhead = 8
    instance-bytes = 160
    domain-bytes = 480
    # What of a load file stays on the card, in percent.
    code-percent = 100
    quotas = yes
    # What FF21 says: whether it answers, how much of the truth, at most how much.
    memory-report = yes
    memory-report-percent = 100
    memory-report-ceiling = 2147483647
    memory-exhausted = 6A84

    # Habits of the card.
    legacy-status = yes
    unresolved-import = 6438
    chain-secured-whole = yes

    # From which supplementary security domains are made.
    package = A0000001515350 1.0 A000000151535041

    # What load files may import.
    library = A0000000620001 1.0  # java.lang
    library = A0000000620002 1.0  # java.io
    library = A0000000620003 1.0  # java.rmi
    library = A0000000620101 1.6  # javacard.framework
    library = A000000062010101 1.0  # javacard.framework.service
    library = A0000000620102 1.6  # javacard.security
    library = A0000000620201 1.6  # javacardx.crypto
    library = A0000000620202 1.0  # javacardx.biometry
    library = A0000000620209 1.0  # javacardx.apdu
    library = A000000062020801 1.0  # javacardx.framework.util
    library = A00000006202080101 1.0  # javacardx.framework.util.intx
    library = A000000062020802 1.0  # javacardx.framework.math
    library = A000000062020803 1.0  # javacardx.framework.tlv
    library = A00000015100 1.6  # org.globalplatform
    library = A0000000030000 1.1  # visa.openplatform

    """

let uicc64k = """
    # A SIM card: FF21 is there, memory quotas are not heeded.

    name = uicc-64k
    title = 64 kB UICC without quotas, SCP02 and SCP03, T=0

    # How it answers the reader; the first protocol of the ATR is the one it speaks.
    atr = 3B87800180654245525448AA
    logical-channels = 4
    extended-length = no

    issuer-domain = A000000151000000
    life-cycle = OP_READY
    # Tag 9F7F; bytes 13 to 18 become the serial number and batch of each card.
    cplc = 425042201620600101006001000000000000426160014261600142616001000000004261600100000000
    iin = 42455254480F

    # The keys that every card of this profile leaves the factory with.
    key-version = 01
    key-type = des
    key-value = 404142434445464748494A4B4C4D4E4F
    # The options ("i") of the secure channels; a line left out is a protocol the card does not have.
    scp02 = 15
    scp03 = 70
    # Failed authentications that block a key set; 0 for never.
    authentication-tries = 0

    # Memory, in bytes.
    non-volatile = 65536
    volatile = 2048
    # Persistent memory goes out in blocks; every object takes so much beside its contents.
    block = 16
    object-overhead = 4
    instance-bytes = 160
    domain-bytes = 480
    # What of a load file stays on the card, in percent.
    code-percent = 100
    quotas = no
    # What FF21 says: whether it answers, how much of the truth, at most how much.
    memory-report = yes
    memory-report-percent = 100
    memory-report-ceiling = 2147483647
    memory-exhausted = 6A84

    # Habits of the card.
    legacy-status = no
    unresolved-import = 6438
    chain-secured-whole = yes

    # From which supplementary security domains are made.
    package = A0000001515350 1.0 A000000151535041

    # What load files may import.
    library = A0000000620001 1.0  # java.lang
    library = A0000000620002 1.0  # java.io
    library = A0000000620003 1.0  # java.rmi
    library = A0000000620101 1.6  # javacard.framework
    library = A000000062010101 1.0  # javacard.framework.service
    library = A0000000620102 1.6  # javacard.security
    library = A0000000620201 1.6  # javacardx.crypto
    library = A0000000620202 1.0  # javacardx.biometry
    library = A0000000620209 1.0  # javacardx.apdu
    library = A000000062020801 1.0  # javacardx.framework.util
    library = A00000006202080101 1.0  # javacardx.framework.util.intx
    library = A000000062020802 1.0  # javacardx.framework.math
    library = A000000062020803 1.0  # javacardx.framework.tlv
    library = A00000015100 1.6  # org.globalplatform
    library = A0000000030000 1.1  # visa.openplatform
    library = A0000000090003FFFFFFFF8910710001 2.2  # sim.access
    library = A0000000090003FFFFFFFF8910710002 2.6  # sim.toolkit
    library = A0000000090005FFFFFFFF8911000000 1.0  # uicc.access
    library = A0000000090005FFFFFFFF8912000000 1.0  # uicc.toolkit
    library = A0000000871005FFFFFFFF8913100000 1.0  # uicc.usim.access
    library = A0000000871005FFFFFFFF8913200000 1.0  # uicc.usim.toolkit

    """
