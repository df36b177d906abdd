/*
 * The driver of the reader on our USB bus (usb-bus.c): it stands before the virtual readers' driver (DRIVER), whose
 * device is DEVICE, and says "no such device" for as long as BUS/unplugged exists. DIR/unplug-after holds how many
 * more commands pass until the reader goes by itself, in the middle of one: the card has carried it out, and the
 * answer is lost.
 */
#include <PCSC/ifdhandler.h>
#include <PCSC/wintypes.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void *driver;

__attribute__((constructor)) static void open_driver(void) { driver = dlopen(DRIVER, RTLD_NOW | RTLD_LOCAL); }

static int is_unplugged(void) { return driver == NULL || access(BUS "/unplugged", F_OK) == 0; }

static int goes_in_this_command(void) {
    FILE *file = fopen(DIR "/unplug-after", "r+");
    int left = 0;
    if (file == NULL) return 0;
    if (fscanf(file, "%d", &left) == 1 && left > 0) {
        rewind(file);
        fprintf(file, "%-10d", left - 1);
        fclose(file);
        return 0;
    }
    fclose(file);
    unlink(DIR "/unplug-after");
    close(open(BUS "/unplugged", O_CREAT | O_WRONLY, 0600));
    return 1;
}

/* The driver's function of this name and type; leaves the caller when the reader is not there. */
#define FORWARD(name, types, arguments)                     \
    RESPONSECODE(*next) types;                              \
    if (is_unplugged()) return IFD_NO_SUCH_DEVICE;          \
    *(void **)&next = dlsym(driver, #name);                 \
    if (next == NULL) return IFD_NOT_SUPPORTED;             \
    return next arguments

RESPONSECODE IFDHCreateChannelByName(DWORD lun, LPSTR usb_name) {
    static char device[] = DEVICE;
    (void)usb_name;
    FORWARD(IFDHCreateChannelByName, (DWORD, LPSTR), (lun, device));
}

RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD channel) {
    FORWARD(IFDHCreateChannel, (DWORD, DWORD), (lun, channel));
}

/* What is gone is closed all the same. */
RESPONSECODE IFDHCloseChannel(DWORD lun) {
    RESPONSECODE (*next)(DWORD);
    *(void **)&next = driver == NULL ? NULL : dlsym(driver, "IFDHCloseChannel");
    return next == NULL ? IFD_NO_SUCH_DEVICE : next(lun);
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR value) {
    FORWARD(IFDHGetCapabilities, (DWORD, DWORD, PDWORD, PUCHAR), (lun, tag, length, value));
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, PUCHAR value) {
    FORWARD(IFDHSetCapabilities, (DWORD, DWORD, DWORD, PUCHAR), (lun, tag, length, value));
}

RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR p1, UCHAR p2, UCHAR p3) {
    FORWARD(
        IFDHSetProtocolParameters, (DWORD, DWORD, UCHAR, UCHAR, UCHAR, UCHAR), (lun, protocol, flags, p1, p2, p3));
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, PUCHAR atr, PDWORD length) {
    FORWARD(IFDHPowerICC, (DWORD, DWORD, PUCHAR, PDWORD), (lun, action, atr, length));
}

RESPONSECODE IFDHControl(
    DWORD lun, DWORD code, PUCHAR out, DWORD out_length, PUCHAR in, DWORD in_length, LPDWORD returned) {
    FORWARD(
        IFDHControl, (DWORD, DWORD, PUCHAR, DWORD, PUCHAR, DWORD, LPDWORD),
        (lun, code, out, out_length, in, in_length, returned));
}

RESPONSECODE IFDHICCPresence(DWORD lun) {
    FORWARD(IFDHICCPresence, (DWORD), (lun));
}

static RESPONSECODE transmit(
    DWORD lun, SCARD_IO_HEADER sent, PUCHAR command, DWORD length, PUCHAR answer, PDWORD answer_length,
    PSCARD_IO_HEADER received) {
    FORWARD(
        IFDHTransmitToICC, (DWORD, SCARD_IO_HEADER, PUCHAR, DWORD, PUCHAR, PDWORD, PSCARD_IO_HEADER),
        (lun, sent, command, length, answer, answer_length, received));
}

RESPONSECODE IFDHTransmitToICC(
    DWORD lun, SCARD_IO_HEADER sent, PUCHAR command, DWORD length, PUCHAR answer, PDWORD answer_length,
    PSCARD_IO_HEADER received) {
    RESPONSECODE code = transmit(lun, sent, command, length, answer, answer_length, received);
    if (code != IFD_SUCCESS || !goes_in_this_command()) return code;
    *answer_length = 0;
    return IFD_NO_SUCH_DEVICE;
}
