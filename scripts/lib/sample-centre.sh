# shellcheck shell=bash
# A centre with the example applications, for the demonstration and for checks. Sourced, never run.
#
# Before: XDG_CONFIG_HOME is a folder of our own.

# have_berth PROGRAM FOLDER: from now on `berth` is this program, as it is for whoever has installed it.
have_berth() {
    mkdir -p "$2"
    ln -sf "$(realpath "$1")" "$2/berth"
    export PATH=$2:$PATH
}

# The issuer's key of sample cards, and what the holder signs in with.
export SAMPLE_KEY=404142434445464748494A4B4C4D4E4F
export SAMPLE_HOLDER=1001 SAMPLE_PASSWORD=harbour-lights

# field NAME: the text of a member of the JSON that comes in.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

# start_centre FOLDER [OPTION…]: makes a centre and waits until it serves. Sets centre_pid, centre_url, centre_print
# and CENTRE_PASSWORD, and makes it the default centre of `berth`, signed in as its admin.
start_centre() {
    local folder=$1 tries
    shift
    mkdir -p "$folder"
    berth serve --data "$folder" "$@" >"$folder/said" 2>"$folder/log" &
    centre_pid=$!
    for ((tries = 0; tries < 300; tries++)); do
        ! grep -qs '^The first sign-in' "$folder/said" || break
        kill -0 "$centre_pid" 2>/dev/null || break
        sleep 0.05
    done
    centre_url=$(sed -n 's/^serving at: *//p' "$folder/said")
    centre_print=$(sed -n 's/^fingerprint: *SHA-256 //p' "$folder/said")
    CENTRE_PASSWORD=$(sed -n "s/.*password '\(.*\)'$/\1/p" "$folder/said")
    export centre_print CENTRE_PASSWORD
    if [[ -z $centre_url || -z $CENTRE_PASSWORD ]]; then
        cat "$folder/said" "$folder/log" >&2
        return 1
    fi
    (umask 077 && berth sessions sign-in --server "$centre_url" --authorities "$folder/server.pem" \
        --operator admin --password env:CENTRE_PASSWORD --json | field token >"$folder/admin.token")
    berth centre add sample --server "$centre_url" --authorities "$folder/server.pem" \
        --token "file:$(realpath "$folder/admin.token")" >/dev/null
    berth vault add-master-key sample-aes --type aes --vault "$folder/keys.vault" --key-file "$folder/vault.key" \
        --key env:SAMPLE_KEY >/dev/null
    berth vault add-master-key sample --type des --vault "$folder/keys.vault" --key-file "$folder/vault.key" \
        --key env:SAMPLE_KEY >/dev/null
}

# offer NAME NUMBER PARKING DATA CAP…: an application of the provider `city` with one release: how it leaves a card, and
# what makes it somebody's.
offer() {
    local name=$1 number=F04265727468$2 parking=(--parking-class "$3") data=$4 file files=()
    [[ $3 != never ]] || parking+=(--parking-reason "renewal writes it anew")
    shift 4
    for file in "$@"; do
        # The answer, less what only people want to know, is what a draft says of a load file.
        files+=(--load-files "$(berth releases upload-load-file city "$file" --json | sed 's/,"version":.*}/}/')")
    done
    berth applications register --id "$name" --name "$name" --provider city
    berth releases draft "$name" 1.0 "${files[@]}" --personalisation "$data" "${parking[@]}" --instances \
        "{\"aid\":\"${number}01\",\"module\":\"${number}01\",\"loadFile\":\"$number\",\"declared\":{\"nonVolatile\":300,\"volatile\":0}}"
    berth releases publish "$name" 1.0
}

# sample_catalogue CAPS: a provider, its applications, what custody costs, and a holder. One cent a second, so that
# also a short stay costs something.
sample_catalogue() {
    local caps=$1
    {
        berth providers register --id city --name "City" --limits-room-per-card-non-volatile 100000 \
            --limits-room-per-card-volatile 4096 --limits-cards-max 100
        offer identity 01 never 6518DF0104313030315F2009416461204279726F6EDF02020001 "$caps/identity.cap"
        offer purse 02 contract E11FC1020978C204000186A0C304000186A0C40400000BB8C60101C50431323334 "$caps/purse.cap"
        offer pass 03 contract E210C1080000000000001001C2047FFFFFFF "$caps/pass.cap"
        offer loyalty 04 contract E30AC1080000000000001001 "$caps/library.cap" "$caps/loyalty.cap"
        berth tariffs set city --basis day --rate 86400000000 --currency EUR
        berth holders register --holder "$SAMPLE_HOLDER" --name "Ada Byron" --password env:SAMPLE_PASSWORD
    } >/dev/null
}

# blank_card FILE: a 16 kB card as it leaves the factory, known to the centre and nobody's. Sets card_id.
blank_card() {
    berth card create "$1" --profile small-16k >/dev/null
    card_id=$(berth card info "$1" --json | field cardId)
    berth cards register --card "$card_id" --profile small-16k --issuer-domain A000000151000000 \
        --key-set-master-key sample --key-set-version 0 --key-set-channel scp02 >/dev/null
}

# sample_card FILE: the same, in the holder's hands.
sample_card() {
    blank_card "$1"
    berth cards assign "$card_id" --holder "$SAMPLE_HOLDER" >/dev/null
}

# keep_rather AID REASON: the holder of the sample card wants this to stay, as long as something else can leave.
keep_rather() { berth cards set-stay "$card_id" "$1" --kind preferred --reason "$2" >/dev/null; }

# enrolment_code NAME: registers a terminal and makes its code, which is good once.
enrolment_code() {
    berth terminals register --terminal "$1" --label "$1" >/dev/null
    berth terminals prepare-enrolment "$1" --json | field code
}
